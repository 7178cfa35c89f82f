//! A model made ready to run, for one thread at a time.

use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::Arc;

use super::abi::{CPU, Handle, Layout};
use super::library::{Library, call};
use super::model::Model;
use super::reserve::Reserve;
use super::tensor_buffer::TensorBuffer;
use super::{Fault, MAX_RANK, StatusError};
use crate::error::Error;

type Result<T> = std::result::Result<T, StatusError>;

/// Weights packed for the CPU, and memory for what lies between inputs and outputs.
pub(super) struct CompiledModel {
    handle: Handle,
    /// What LiteRT writes output layouts to: all dimensions of an output, however few a layout has room for, and as
    /// many as a request's values say.
    layouts: Reserve,
    model: Arc<Model>,
}

// SAFETY: the handle is not bound to a thread, and every use takes the instance that owns it exclusively.
unsafe impl Send for CompiledModel {}

impl CompiledModel {
    /// Compiles for the CPU.
    pub(super) fn new(model: &Arc<Model>, threads: usize) -> std::result::Result<Self, Fault> {
        let library = &model.library;
        let mut compiled = Self { handle: ptr::null_mut(), layouts: Reserve::new()?, model: Arc::clone(model) };
        let settings = CString::new(format!("num_threads = {}\n", threads.max(1))).unwrap_or_default();
        let options = Options::new(library, &settings)?;
        // SAFETY: environment, model and options are alive, and the handle has a place to go.
        unsafe {
            call!(
                library,
                LiteRtCreateCompiledModel(model.environment, model.handle, options.handle, &raw mut compiled.handle)
            )
        }?;
        Ok(compiled)
    }

    /// Gives an input another shape.
    ///
    /// Not strict: dimensions and a rank that are fixed change as well.
    pub(super) fn resize_input(&mut self, signature: usize, index: usize, shape: &[i32]) -> Result<()> {
        // SAFETY: the model is alive, and the sizes are as many as told.
        unsafe {
            call!(
                self.model.library,
                LiteRtCompiledModelResizeInputTensorNonStrict(
                    self.handle,
                    signature,
                    index,
                    shape.as_ptr(),
                    shape.len(),
                )
            )
        }
    }

    /// The shapes of a signature's outputs, as many as `count`.
    ///
    /// Without `allocate` they are those of the last run, or from before a resize.
    pub(super) fn output_layouts(
        &mut self,
        signature: usize,
        count: usize,
        allocate: bool,
    ) -> std::result::Result<Vec<Layout>, Fault> {
        // SAFETY: the model is alive, and the reserve holds whatever is written.
        unsafe {
            call!(
                self.model.library,
                LiteRtGetCompiledModelOutputTensorLayouts(
                    self.handle,
                    signature,
                    count,
                    self.layouts.address().cast(),
                    allocate,
                )
            )
        }?;
        let layouts: Vec<Layout> = self
            .layouts
            .octets(count * size_of::<Layout>())
            .chunks_exact(size_of::<Layout>())
            .map(Layout::from_octets)
            .collect();
        if layouts.iter().any(|layout| layout.rank() > MAX_RANK) {
            return Err(Error::unimplemented(format!(
                "an output has more than {MAX_RANK} dimensions, which LiteRT cannot tell"
            ))
            .into());
        }
        Ok(layouts)
    }

    /// Runs a signature.
    ///
    /// # Safety
    /// The inputs must be of the shapes that the model has, and no output may be larger than its buffer when it is
    /// written: LiteRT does not look.
    pub(super) unsafe fn run(
        &mut self,
        signature: usize,
        inputs: &[&TensorBuffer],
        outputs: &[&TensorBuffer],
    ) -> Result<()> {
        let inputs: Vec<Handle> = inputs.iter().map(|buffer| buffer.handle).collect();
        let outputs: Vec<Handle> = outputs.iter().map(|buffer| buffer.handle).collect();
        // SAFETY: model and buffers are alive and as many as told; the caller promises their sizes.
        unsafe {
            call!(
                self.model.library,
                LiteRtRunCompiledModel(
                    self.handle,
                    signature,
                    inputs.len(),
                    inputs.as_ptr(),
                    outputs.len(),
                    outputs.as_ptr(),
                )
            )
        }
    }
}

impl Drop for CompiledModel {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the compiled model is this value's own, and no run uses it.
            unsafe { (self.model.library.functions.LiteRtDestroyCompiledModel)(self.handle) };
        }
    }
}

/// What to compile for. `settings` is XNNPACK's, lines of `name = value`.
struct Options<'a> {
    library: &'a Library,
    handle: Handle,
    settings: &'a CString,
}

impl<'a> Options<'a> {
    fn new(library: &'a Library, settings: &'a CString) -> Result<Self> {
        let mut options = Self { library, handle: ptr::null_mut(), settings };
        // SAFETY: the handle has a place to go.
        unsafe { call!(library, LiteRtCreateOptions(&raw mut options.handle)) }?;
        // SAFETY: the options are alive.
        unsafe { call!(library, LiteRtSetOptionsHardwareAccelerators(options.handle, CPU)) }?;
        options.add_settings()?;
        Ok(options)
    }

    fn add_settings(&mut self) -> Result<()> {
        let mut opaque = ptr::null_mut();
        let payload = self.settings.as_ptr().cast_mut().cast::<c_void>();
        // SAFETY: the name is a C string; the payload is one that outlives the options, is not written to, and is not
        // freed by what LiteRT insists on to free it with; the handle has a place to go.
        unsafe {
            call!(self.library, LiteRtCreateOpaqueOptions(c"xnnpack".as_ptr(), payload, keep_payload, &raw mut opaque))
        }?;
        // SAFETY: both are alive; the options own the opaque ones from now on.
        let added = unsafe { call!(self.library, LiteRtAddOpaqueOptions(self.handle, opaque)) };
        if added.is_err() {
            // SAFETY: nobody else has taken them.
            unsafe { (self.library.functions.LiteRtDestroyOpaqueOptions)(opaque) };
        }
        added
    }
}

impl Drop for Options<'_> {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the options are this value's own; what has been compiled with them is done.
            unsafe { (self.library.functions.LiteRtDestroyOptions)(self.handle) };
        }
    }
}

extern "C" fn keep_payload(_payload: *mut c_void) {}
