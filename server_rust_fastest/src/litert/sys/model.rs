//! A .tflite as LiteRT knows it: the octets of a file -> its signatures and their tensors.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::StatusError;
use super::abi::{
    ENVIRONMENT_OPTION_COUNT, Handle, PerTensorQuantization, QUANTIZED_PER_TENSOR, RANKED, RankedTensorType,
    environment_options,
};
use super::library::{Library, call};
use super::mapped_file::MappedFile;
use super::report;
use crate::signature::Quantization;

type Result<T> = std::result::Result<T, StatusError>;

/// The environment and the model: shared by all compiled models, read-only once made.
pub struct Model {
    pub(super) library: Library,
    pub(super) environment: Handle,
    pub(super) handle: Handle,
    file: MappedFile,
}

// SAFETY: neither handle is bound to a thread.
unsafe impl Send for Model {}
// SAFETY: once made, environment and model are only read: by compilations and by the questions below.
unsafe impl Sync for Model {}

impl Model {
    /// Reads a model, which stays in the file's mapping. LiteRT does not verify it: damage can end the process.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn new(library: Library, file: MappedFile) -> Result<Self> {
        let options = environment_options(report::least_severity());
        let mut model = Self { library, environment: ptr::null_mut(), handle: ptr::null_mut(), file };
        // SAFETY: the options are as many as told, and the handle has a place to go.
        unsafe {
            call!(
                model.library,
                LiteRtCreateEnvironment(ENVIRONMENT_OPTION_COUNT, options.as_ptr(), &raw mut model.environment,)
            )
        }?;
        // SAFETY: the environment is alive; the octets stay where they are until the model is destroyed.
        unsafe {
            call!(
                model.library,
                LiteRtCreateModelFromBuffer(
                    model.environment,
                    model.file.as_ptr().cast(),
                    model.file.len(),
                    &raw mut model.handle,
                )
            )
        }?;
        Ok(model)
    }

    /// The file that the model lies in.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Its signatures in the order of their places.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn signatures(&self) -> Result<Vec<SignatureRef<'_>>> {
        let mut count = 0;
        // SAFETY: the model is alive, and the count has a place to go.
        unsafe { call!(self.library, LiteRtGetNumModelSignatures(self.handle, &raw mut count)) }?;
        (0..count)
            .map(|place| {
                let mut handle = ptr::null_mut();
                // SAFETY: as above; the signature is the model's own and lives as long.
                unsafe { call!(self.library, LiteRtGetModelSignature(self.handle, place, &raw mut handle)) }?;
                Ok(SignatureRef { model: self, handle })
            })
            .collect()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: whoever uses the model holds it, so nobody does any more.
            unsafe { (self.library.functions.LiteRtDestroyModel)(self.handle) };
        }
        if !self.environment.is_null() {
            // SAFETY: as above.
            unsafe { (self.library.functions.LiteRtDestroyEnvironment)(self.environment) };
        }
    }
}

/// A signature of a model.
#[derive(Clone, Copy)]
pub struct SignatureRef<'a> {
    model: &'a Model,
    handle: Handle,
}

impl<'a> SignatureRef<'a> {
    /// Its name.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn key(&self) -> Result<String> {
        let mut text = ptr::null();
        // SAFETY: the signature is alive, and the text has a place to go.
        unsafe { call!(self.model.library, LiteRtGetSignatureKey(self.handle, &raw mut text)) }?;
        // SAFETY: LiteRT gives a text of the model's own.
        Ok(unsafe { owned(text) })
    }

    /// Its inputs with their names, in order.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn inputs(&self) -> Result<Vec<(String, TensorRef<'a>)>> {
        let library = &self.model.library;
        let mut count = 0;
        // SAFETY: the signature is alive, and the count has a place to go.
        unsafe { call!(library, LiteRtGetNumSignatureInputs(self.handle, &raw mut count)) }?;
        (0..count)
            .map(|index| {
                let (mut name, mut handle) = (ptr::null(), ptr::null_mut());
                // SAFETY: as above; the text is the model's own.
                unsafe { call!(library, LiteRtGetSignatureInputName(self.handle, index, &raw mut name)) }?;
                // SAFETY: as above; the tensor is the model's own.
                unsafe { call!(library, LiteRtGetSignatureInputTensorByIndex(self.handle, index, &raw mut handle)) }?;
                // SAFETY: LiteRT gives a text of the model's own.
                Ok((unsafe { owned(name) }, TensorRef { model: self.model, handle }))
            })
            .collect()
    }

    /// Its outputs with their names, in order.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn outputs(&self) -> Result<Vec<(String, TensorRef<'a>)>> {
        let library = &self.model.library;
        let mut count = 0;
        // SAFETY: the signature is alive, and the count has a place to go.
        unsafe { call!(library, LiteRtGetNumSignatureOutputs(self.handle, &raw mut count)) }?;
        (0..count)
            .map(|index| {
                let (mut name, mut handle) = (ptr::null(), ptr::null_mut());
                // SAFETY: as above; the text is the model's own.
                unsafe { call!(library, LiteRtGetSignatureOutputName(self.handle, index, &raw mut name)) }?;
                // SAFETY: as above; the tensor is the model's own.
                unsafe { call!(library, LiteRtGetSignatureOutputTensorByIndex(self.handle, index, &raw mut handle)) }?;
                // SAFETY: LiteRT gives a text of the model's own.
                Ok((unsafe { owned(name) }, TensorRef { model: self.model, handle }))
            })
            .collect()
    }
}

/// A tensor of a model's graph; equal where it is the same one.
#[derive(Clone, Copy)]
pub struct TensorRef<'a> {
    model: &'a Model,
    handle: Handle,
}

impl PartialEq for TensorRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.handle == other.handle
    }
}

impl TensorRef<'_> {
    /// Its name in the graph.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn name(&self) -> Result<String> {
        let mut text = ptr::null();
        // SAFETY: the tensor is alive, and the text has a place to go.
        unsafe { call!(self.model.library, LiteRtGetTensorName(self.handle, &raw mut text)) }?;
        // SAFETY: LiteRT gives a text of the model's own.
        Ok(unsafe { owned(text) })
    }

    /// Its `LiteRtElementType`, and its shape where it has a rank: -1 where any size goes.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn element_type_and_shape(&self) -> Result<(i32, Option<Vec<i64>>)> {
        let library = &self.model.library;
        let mut kind = 0;
        // SAFETY: the tensor is alive, and the kind has a place to go.
        unsafe { call!(library, LiteRtGetTensorTypeId(self.handle, &raw mut kind)) }?;
        if kind == RANKED {
            let mut tensor_type = RankedTensorType::default();
            // SAFETY: as above, with a structure of the size that LiteRT writes.
            unsafe { call!(library, LiteRtGetRankedTensorType(self.handle, &raw mut tensor_type)) }?;
            return Ok((tensor_type.element_type, Some(tensor_type.layout.shape().map(i64::from).collect())));
        }
        let mut element_type = 0;
        // SAFETY: as above; an unranked type is its element type alone.
        unsafe { call!(library, LiteRtGetUnrankedTensorType(self.handle, &raw mut element_type)) }?;
        Ok((element_type, None))
    }

    /// How it is quantized, where one scale goes for all of it.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn quantization(&self) -> Result<Option<Quantization>> {
        let library = &self.model.library;
        let mut kind = 0;
        // SAFETY: the tensor is alive, and the kind has a place to go.
        unsafe { call!(library, LiteRtGetQuantizationTypeId(self.handle, &raw mut kind)) }?;
        if kind != QUANTIZED_PER_TENSOR {
            return Ok(None);
        }
        let mut told = PerTensorQuantization::default();
        // SAFETY: as above, with a structure of the size that LiteRT writes.
        unsafe { call!(library, LiteRtGetPerTensorQuantization(self.handle, &raw mut told)) }?;
        Ok(Some(Quantization { scale: told.scale, zero_point: told.zero_point }))
    }

    /// Whether the model holds its values, which are then the same whatever comes in.
    ///
    /// # Errors
    /// What LiteRT says.
    pub fn has_values(&self) -> Result<bool> {
        let (mut weights, mut octets, mut size_bytes) = (ptr::null_mut(), ptr::null(), 0);
        // SAFETY: the tensor is alive, and the handle has a place to go.
        unsafe { call!(self.model.library, LiteRtGetTensorWeights(self.handle, &raw mut weights)) }?;
        // SAFETY: the weights are the model's own; address and size have a place to go.
        unsafe { call!(self.model.library, LiteRtGetWeightsBytes(weights, &raw mut octets, &raw mut size_bytes)) }?;
        Ok(size_bytes > 0)
    }
}

/// # Safety
/// `text` must be null, or the address of a C string.
pub(super) unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller promises it.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
