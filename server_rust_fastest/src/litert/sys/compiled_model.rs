//! A model made ready to run, for one thread at a time.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::sync::Arc;

use super::abi::{CPU, Handle, Layout};
use super::library::{Library, call};
use super::model::{Model, owned};
use super::report;
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
    /// The signatures that have run, whose inputs are buffers.
    run: BTreeSet<usize>,
    model: Arc<Model>,
}

// SAFETY: the handle is not bound to a thread, and every use takes the instance that owns it exclusively.
unsafe impl Send for CompiledModel {}

impl CompiledModel {
    /// Compiles for the CPU.
    pub(super) fn new(model: &Arc<Model>, threads: usize) -> std::result::Result<Self, Fault> {
        let library = &model.library;
        let (layouts, run) = (Reserve::new()?, BTreeSet::new());
        let mut compiled = Self { handle: ptr::null_mut(), layouts, run, model: Arc::clone(model) };
        let settings = CString::new(format!("num_threads = {}\n", threads.max(1))).unwrap_or_default();
        let mut options = Options::new(library)?;
        options.add(c"xnnpack", &settings)?;
        options.add(c"runtime_options_string", report::settings())?;
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
        let resized = unsafe {
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
        };
        self.explain(resized)
    }

    /// The shapes of a signature's outputs, as many as `count`, before it is run.
    ///
    /// Where it has run already, they are those of the last run: what is made ready again is held against the buffers of
    /// that run, which may be too small.
    pub(super) fn first_output_layouts(
        &mut self,
        signature: usize,
        count: usize,
    ) -> std::result::Result<Vec<Layout>, Fault> {
        self.output_layouts(signature, count, !self.run.contains(&signature))
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
        let told = unsafe {
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
        };
        self.explain(told)?;
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
        self.run.insert(signature);
        // SAFETY: model and buffers are alive and as many as told; the caller promises their sizes.
        let run = unsafe {
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
        };
        self.explain(run)
    }

    /// Adds to an error what LiteRT has reported since the last one.
    fn explain(&mut self, result: Result<()>) -> Result<()> {
        result.map_err(|error| StatusError { said: self.take_reports(), ..error })
    }

    fn take_reports(&mut self) -> String {
        let library = &self.model.library;
        let mut text = ptr::null_mut();
        // SAFETY: the model is alive, and the text has a place to go.
        let told = unsafe { call!(library, LiteRtCompiledModelGetErrorMessages(self.handle, &raw mut text)) };
        if told.is_err() || text.is_null() {
            return String::new();
        }
        // SAFETY: LiteRT gives a C string.
        let reports = unsafe { owned(text) };
        // SAFETY: the text was allocated for who asks, and is not used any more.
        unsafe { libc::free(text.cast()) };
        // SAFETY: the model is alive. Where they stay, they are told once more.
        let _ = unsafe { call!(library, LiteRtCompiledModelClearErrors(self.handle)) };
        let lines: Vec<&str> = reports.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join("; ")
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

/// What to compile for.
struct Options<'a> {
    library: &'a Library,
    handle: Handle,
}

impl<'a> Options<'a> {
    fn new(library: &'a Library) -> Result<Self> {
        let mut options = Self { library, handle: ptr::null_mut() };
        // SAFETY: the handle has a place to go.
        unsafe { call!(library, LiteRtCreateOptions(&raw mut options.handle)) }?;
        // SAFETY: the options are alive.
        unsafe { call!(library, LiteRtSetOptionsHardwareAccelerators(options.handle, CPU)) }?;
        Ok(options)
    }

    /// Adds settings of a part of LiteRT, lines of `name = value`.
    fn add(&mut self, part: &CStr, settings: &'a CStr) -> Result<()> {
        let mut opaque = ptr::null_mut();
        let payload = settings.as_ptr().cast_mut().cast::<c_void>();
        // SAFETY: the name is a C string; the payload is one that outlives the options, is not written to, and is not
        // freed by what LiteRT insists on to free it with; the handle has a place to go.
        unsafe {
            call!(self.library, LiteRtCreateOpaqueOptions(part.as_ptr(), payload, keep_payload, &raw mut opaque))
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
