//! Image memory: how much all images that are decoded at once may take, by what their headers say.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::image::decoder::damaged;

/// A number of bytes that images share; who comes first is first served.
#[derive(Debug)]
pub struct ImageMemory {
    limit_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free_bytes: u64,
    line: VecDeque<u64>,
    next: u64,
}

impl ImageMemory {
    /// Has this much.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        let state = State { free_bytes: limit_bytes, line: VecDeque::new(), next: 0 };
        Self { limit_bytes, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits for this much.
    ///
    /// # Errors
    /// Too large where there is never as much, deadline exceeded past the deadline.
    fn take(&self, needed_bytes: u64, deadline: Option<Instant>) -> Result<()> {
        if needed_bytes > self.limit_bytes {
            return Err(Error::too_large(format!(
                "the image takes {needed_bytes} bytes of memory to decode, more than the limit of {} \
                 (--max_image_memory_bytes): send a smaller one",
                self.limit_bytes
            )));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let me = state.next;
        state.next += 1;
        state.line.push_back(me);
        let mut in_time = true;
        while in_time && (state.line.front() != Some(&me) || state.free_bytes < needed_bytes) {
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    in_time = !left.is_zero();
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.line.retain(|&waiting| waiting != me);
        if in_time {
            state.free_bytes -= needed_bytes;
        }
        drop(state);
        self.changed.notify_all();
        if in_time {
            Ok(())
        } else {
            Err(Error::deadline_exceeded("the request's time limit has passed while it waited for memory"))
        }
    }

    fn give_back(&self, bytes_taken: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).free_bytes += bytes_taken;
        self.changed.notify_all();
    }
}

/// What bounds the decoding of an image.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// More are refused.
    pub max_pixels: u64,
    /// Of all images that are decoded at once.
    pub memory: &'a ImageMemory,
    /// When nobody waits for it any more.
    pub deadline: Option<Instant>,
}

/// The memory of one image that becomes one of `width` x `height`, given back when it is dropped.
pub(super) struct Room<'a> {
    limits: Limits<'a>,
    width: u32,
    height: u32,
    taken_bytes: u64,
}

impl<'a> Room<'a> {
    pub fn new(limits: &Limits<'a>, width: u32, height: u32) -> Self {
        Self { limits: *limits, width, height, taken_bytes: 0 }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.limits.deadline
    }

    /// # Errors
    /// Too large where a header says that there are more pixels than the limit.
    pub fn check_size(&self, width: u32, height: u32) -> Result<()> {
        let max_pixels = self.limits.max_pixels;
        if u64::from(width) * u64::from(height) > max_pixels {
            return Err(Error::too_large(format!(
                "the picture has {width} x {height} pixels, more than the limit of {max_pixels} (--max_image_pixels): \
                 send a smaller one"
            )));
        }
        if width == 0 || height == 0 {
            return Err(damaged(&format_args!("it has {width} x {height} pixels")));
        }
        Ok(())
    }

    /// Waits, once, for what an image of this size takes to be decoded and resized, and for `more_bytes`.
    ///
    /// # Errors
    /// As `ImageMemory::take`.
    pub fn take(&mut self, width: u32, height: u32, bytes_a_pixel: u64, more_bytes: u64) -> Result<()> {
        let (from, to) = (u64::from(width) * u64::from(height), u64::from(width) + u64::from(height));
        // The filter's weights, and what lies between its two passes.
        let between = if width < self.width && height > self.height {
            u64::from(width) * u64::from(self.height)
        } else {
            u64::from(self.width) * u64::from(height)
        };
        let needed_bytes = from * bytes_a_pixel + more_bytes + 16 * to + 4 * between;
        self.limits.memory.take(needed_bytes, self.limits.deadline)?;
        self.taken_bytes = needed_bytes;
        Ok(())
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if self.taken_bytes > 0 {
            self.limits.memory.give_back(self.taken_bytes);
        }
    }
}
