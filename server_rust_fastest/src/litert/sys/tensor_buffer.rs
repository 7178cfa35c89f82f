//! A buffer that LiteRT reads inputs from or writes outputs to.

use std::ptr;
use std::sync::Arc;

use bytes::Bytes;

use super::StatusError;
use super::abi::{HOST_MEMORY, Handle, LOCK_READ, LOCK_WRITE, RankedTensorType};
use super::library::call;
use super::model::Model;
use super::reserve::Reserve;

type Result<T> = std::result::Result<T, StatusError>;

/// Memory of `size_bytes` with a tensor type.
pub(super) struct TensorBuffer {
    pub(super) handle: Handle,
    size_bytes: usize,
    model: Arc<Model>,
}

// SAFETY: the handle is not bound to a thread, and every use takes the instance that owns it exclusively.
unsafe impl Send for TensorBuffer {}

impl TensorBuffer {
    /// One with memory of LiteRT's.
    pub(super) fn managed(model: &Arc<Model>, tensor_type: &RankedTensorType, size_bytes: usize) -> Result<Self> {
        let mut buffer = Self { handle: ptr::null_mut(), size_bytes, model: Arc::clone(model) };
        // SAFETY: environment and type are alive, and the handle has a place to go.
        unsafe {
            call!(
                model.library,
                LiteRtCreateManagedTensorBuffer(
                    model.environment,
                    HOST_MEMORY,
                    ptr::from_ref(tensor_type),
                    size_bytes,
                    &raw mut buffer.handle,
                )
            )
        }?;
        Ok(buffer)
    }

    /// One over a reserve, which must outlive it.
    pub(super) fn over(model: &Arc<Model>, tensor_type: &RankedTensorType, reserve: &Reserve) -> Result<Self> {
        let size_bytes = reserve.size_bytes();
        let mut buffer = Self { handle: ptr::null_mut(), size_bytes, model: Arc::clone(model) };
        // SAFETY: the memory is as large as told and is not freed by LiteRT; the type is alive, and the handle has a
        // place to go.
        unsafe {
            call!(
                model.library,
                LiteRtCreateTensorBufferFromHostMemory(
                    ptr::from_ref(tensor_type),
                    reserve.address(),
                    size_bytes,
                    None,
                    &raw mut buffer.handle,
                )
            )
        }?;
        Ok(buffer)
    }

    /// Writes at the beginning; no more than there is room for.
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<()> {
        let library = &self.model.library;
        let mut address = ptr::null_mut();
        // SAFETY: the buffer is alive, and the address has a place to go.
        unsafe { call!(library, LiteRtLockTensorBuffer(self.handle, &raw mut address, LOCK_WRITE)) }?;
        let size_bytes = octets.len().min(self.size_bytes);
        // SAFETY: a locked buffer is that long and writable, and no part of `octets`.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), address.cast(), size_bytes) };
        // SAFETY: the buffer is alive and locked.
        unsafe { call!(library, LiteRtUnlockTensorBuffer(self.handle)) }
    }

    /// A copy of its beginning; no more than there is.
    pub(super) fn read(&self, size_bytes: usize) -> Result<Bytes> {
        let library = &self.model.library;
        let mut address = ptr::null_mut();
        // SAFETY: the buffer is alive, and the address has a place to go.
        unsafe { call!(library, LiteRtLockTensorBuffer(self.handle, &raw mut address, LOCK_READ)) }?;
        let octets = if address.is_null() {
            Bytes::new()
        } else {
            // SAFETY: a locked buffer is that long and readable, and nobody writes to it before it is unlocked.
            let octets = unsafe { std::slice::from_raw_parts(address.cast::<u8>(), size_bytes.min(self.size_bytes)) };
            Bytes::copy_from_slice(octets)
        };
        // SAFETY: the buffer is alive and locked.
        unsafe { call!(library, LiteRtUnlockTensorBuffer(self.handle)) }?;
        Ok(octets)
    }
}

impl Drop for TensorBuffer {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the buffer is this value's own, and no run uses it.
            unsafe { (self.model.library.functions.LiteRtDestroyTensorBuffer)(self.handle) };
        }
    }
}
