//! LiteRT's structures, constants and functions, declared from its public headers `litert/c/*.h` for `VERSION`.
//!
//! Sizes of the structures are those that the headers assert as stable.

use std::ffi::{c_char, c_int, c_void};

use super::MAX_RANK;

/// An opaque `LiteRt...` handle.
pub(super) type Handle = *mut c_void;

/// `kLiteRtHwAcceleratorCpu`.
pub(super) const CPU: c_int = 1;
/// `kLiteRtTensorBufferTypeHostMemory`.
pub(super) const HOST_MEMORY: c_int = 1;
/// `LiteRtTensorBufferLockMode`.
pub(super) const LOCK_READ: c_int = 0;
/// See `LOCK_READ`.
pub(super) const LOCK_WRITE: c_int = 1;
/// `kLiteRtRankedTensorType`.
pub(super) const RANKED: c_int = 0;
/// `kLiteRtQuantizationPerTensor`.
pub(super) const QUANTIZED_PER_TENSOR: c_int = 1;

/// `LiteRtLayout`: the rank is in the low 7 bits of the first word; dimensions below 0 are dynamic.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Layout {
    flags: u32,
    dimensions: [i32; MAX_RANK],
    strides: [u32; MAX_RANK],
}

impl Layout {
    /// Of a shape; what is beyond `MAX_RANK` is left out.
    pub(super) fn new(shape: &[i32]) -> Self {
        let mut layout = Self::default();
        for (size, &wanted) in layout.dimensions.iter_mut().zip(shape) {
            *size = wanted;
            layout.flags += 1;
        }
        layout
    }

    /// From memory that LiteRT has written; zeros where there is not enough of it.
    pub(super) fn from_octets(octets: &[u8]) -> Self {
        let mut words = octets.chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_ne_bytes));
        let mut layout = Self { flags: words.next().unwrap_or(0), ..Self::default() };
        for (size, word) in layout.dimensions.iter_mut().zip(words) {
            *size = word.cast_signed();
        }
        layout
    }

    /// How many dimensions there are, of which the first `MAX_RANK` are known.
    pub(super) fn rank(&self) -> usize {
        (self.flags & 0x7F) as usize
    }

    /// With 1 for each dimension that is not known.
    pub(super) fn with_known_sizes(mut self) -> Self {
        for size in &mut self.dimensions {
            *size = if *size < 0 { 1 } else { *size };
        }
        self
    }

    /// The dimensions, -1 where any size goes.
    pub(super) fn shape(&self) -> impl Iterator<Item = i32> {
        self.dimensions.into_iter().take(self.rank()).map(|size| size.max(-1))
    }
}

/// `LiteRtRankedTensorType`; an unranked one is its first field.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct RankedTensorType {
    pub(super) element_type: c_int,
    pub(super) layout: Layout,
}

/// `LiteRtQuantizationPerTensor`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct PerTensorQuantization {
    pub(super) scale: f32,
    pub(super) zero_point: i64,
}

/// `LiteRtEnvOption` with an integer as its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct EnvironmentOption {
    tag: c_int,
    value_type: i64,
    value: i64,
}

const _: () = {
    assert!(size_of::<Layout>() == 68);
    assert!(size_of::<RankedTensorType>() == 72);
    assert!(size_of::<PerTensorQuantization>() == 16);
    assert!(size_of::<EnvironmentOption>() == 24);
};

/// `kLiteRtAnyTypeInt`.
const INTEGER: i64 = 2;

/// How many `environment_options` there are.
pub(super) const ENVIRONMENT_OPTION_COUNT: c_int = 2;

/// CPU only (looking for GPU libraries costs 3 ms), and no line on stderr of a lower severity.
pub(super) fn environment_options(least_severity: i64) -> [EnvironmentOption; ENVIRONMENT_OPTION_COUNT as usize] {
    [
        // Which accelerators are registered.
        EnvironmentOption { tag: 24, value_type: INTEGER, value: CPU.into() },
        // The least severity that is logged.
        EnvironmentOption { tag: 25, value_type: INTEGER, value: least_severity },
    ]
}

/// Frees the payload of an opaque option.
pub(super) type PayloadDeleter = unsafe extern "C" fn(*mut c_void);

/// Declares the functions of the library by their own names.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The addresses of the functions, which stay valid for ever: the library is never unloaded.
        #[allow(non_snake_case, reason = "these are the names of the C functions")]
        pub(super) struct Functions {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Finds all of them, or gives the name of the first that is missing.
            ///
            /// # Safety
            /// The functions of these names must be those of LiteRT, and the library must never be unloaded.
            pub(super) unsafe fn find(library: &libloading::Library) -> Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        let name = concat!(stringify!($name), "\0");
                        // SAFETY: the caller promises that the function is LiteRT's, whose type is the one declared.
                        let found = unsafe { library.get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>(name) };
                        *found.map_err(|_| stringify!($name))?
                    },)*
                })
            }
        }
    };
}

type Status = c_int;

functions! {
    LiteRtCreateEnvironment(c_int, *const EnvironmentOption, *mut Handle) -> Status;
    LiteRtDestroyEnvironment(Handle);
    LiteRtCreateModelFromBuffer(Handle, *const c_void, usize, *mut Handle) -> Status;
    LiteRtDestroyModel(Handle);
    LiteRtGetNumModelSignatures(Handle, *mut usize) -> Status;
    LiteRtGetModelSignature(Handle, usize, *mut Handle) -> Status;
    LiteRtGetSignatureKey(Handle, *mut *const c_char) -> Status;
    LiteRtGetNumSignatureInputs(Handle, *mut usize) -> Status;
    LiteRtGetNumSignatureOutputs(Handle, *mut usize) -> Status;
    LiteRtGetSignatureInputName(Handle, usize, *mut *const c_char) -> Status;
    LiteRtGetSignatureOutputName(Handle, usize, *mut *const c_char) -> Status;
    LiteRtGetSignatureInputTensorByIndex(Handle, usize, *mut Handle) -> Status;
    LiteRtGetSignatureOutputTensorByIndex(Handle, usize, *mut Handle) -> Status;
    LiteRtGetTensorName(Handle, *mut *const c_char) -> Status;
    LiteRtGetTensorTypeId(Handle, *mut c_int) -> Status;
    LiteRtGetRankedTensorType(Handle, *mut RankedTensorType) -> Status;
    LiteRtGetUnrankedTensorType(Handle, *mut c_int) -> Status;
    LiteRtGetQuantizationTypeId(Handle, *mut c_int) -> Status;
    LiteRtGetPerTensorQuantization(Handle, *mut PerTensorQuantization) -> Status;
    LiteRtGetTensorWeights(Handle, *mut Handle) -> Status;
    LiteRtGetWeightsBytes(Handle, *mut *const c_void, *mut usize) -> Status;
    LiteRtCreateOptions(*mut Handle) -> Status;
    LiteRtDestroyOptions(Handle);
    LiteRtSetOptionsHardwareAccelerators(Handle, c_int) -> Status;
    LiteRtCreateOpaqueOptions(*const c_char, *mut c_void, PayloadDeleter, *mut Handle) -> Status;
    LiteRtDestroyOpaqueOptions(Handle);
    LiteRtAddOpaqueOptions(Handle, Handle) -> Status;
    LiteRtCreateCompiledModel(Handle, Handle, Handle, *mut Handle) -> Status;
    LiteRtDestroyCompiledModel(Handle);
    LiteRtCompiledModelGetErrorMessages(Handle, *mut *mut c_char) -> Status;
    LiteRtCompiledModelClearErrors(Handle) -> Status;
    LiteRtCompiledModelResizeInputTensorNonStrict(Handle, usize, usize, *const c_int, usize) -> Status;
    LiteRtGetCompiledModelOutputTensorLayouts(Handle, usize, usize, *mut Layout, bool) -> Status;
    LiteRtRunCompiledModel(Handle, usize, usize, *const Handle, usize, *const Handle) -> Status;
    LiteRtCreateManagedTensorBuffer(Handle, c_int, *const RankedTensorType, usize, *mut Handle) -> Status;
    LiteRtCreateTensorBufferFromHostMemory(*const RankedTensorType, *mut c_void, usize, Option<PayloadDeleter>, *mut Handle) -> Status;
    LiteRtDestroyTensorBuffer(Handle);
    LiteRtLockTensorBuffer(Handle, *mut *mut c_void, c_int) -> Status;
    LiteRtUnlockTensorBuffer(Handle) -> Status;
}
