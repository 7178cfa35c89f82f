//! Pixels: a decoded picture, and what is done to it before it becomes a tensor.

use crate::error::{Error, Result};
use crate::image::exif::Orientation;

/// A picture of 8-bit samples, row by row from the top left corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
    /// 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub channels: usize,
    /// `width * height * channels` samples.
    pub data: Vec<u8>,
}

/// A buffer of zeros for a picture of this size.
///
/// # Errors
/// Too large where memory does not hold it.
pub(super) fn buffer(width: u32, height: u32, channels: usize) -> Result<Vec<u8>> {
    let too_large = || Error::too_large("the picture is too large for this server's memory: send a smaller one");
    let size = (width as usize).checked_mul(height as usize).and_then(|count| count.checked_mul(channels));
    let size = size.ok_or_else(too_large)?;
    let mut data = Vec::new();
    data.try_reserve_exact(size).map_err(|_| too_large())?;
    data.resize(size, 0);
    Ok(data)
}

impl Pixels {
    /// Grey or RGB.
    pub(super) fn without_alpha(mut self) -> Self {
        let kept = match self.channels {
            2 => 1,
            4 => 3,
            _ => return self,
        };
        self.replace_pixels(kept, |pixel, target| target.copy_from_slice(&pixel[..kept]));
        self
    }

    /// As it is to be seen.
    pub(super) fn upright(self, orientation: Orientation) -> Self {
        if orientation == Orientation::default() {
            return self;
        }
        let (width, height) = if orientation.is_lying { (self.height, self.width) } else { (self.width, self.height) };
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height {
            for x in 0..width {
                let (x, y) = if orientation.is_lying { (y, x) } else { (x, y) };
                let x = if orientation.flips_x { self.width - 1 - x } else { x };
                let y = if orientation.flips_y { self.height - 1 - y } else { y };
                let start = (y as usize * self.width as usize + x as usize) * self.channels;
                data.extend_from_slice(&self.data[start..start + self.channels]);
            }
        }
        Self { width, height, channels: self.channels, data }
    }

    /// Three channels, or one: grey is the luma of ITU-R BT.601.
    pub(super) fn in_channels(mut self, channels: usize) -> Self {
        match (self.channels, channels) {
            (1, 3) => self.data = self.data.iter().flat_map(|&grey| [grey; 3]).collect(),
            (3, 1) => self.replace_pixels(1, |pixel, target| target[0] = luma(pixel)),
            _ => return self,
        }
        self.channels = channels;
        self
    }

    /// Gives every pixel fewer channels, in place.
    pub(super) fn replace_pixels(&mut self, channels: usize, replace: impl Fn(&[u8], &mut [u8])) {
        let (mut pixel, count) = ([0; 4], self.data.len() / self.channels);
        let pixel = &mut pixel[..self.channels];
        for index in 0..count {
            pixel.copy_from_slice(&self.data[index * self.channels..][..self.channels]);
            replace(pixel, &mut self.data[index * channels..][..channels]);
        }
        self.data.truncate(count * channels);
        self.channels = channels;
    }
}

fn luma(pixel: &[u8]) -> u8 {
    let weighted: u32 =
        pixel.iter().zip([19595, 38470, 7471]).map(|(&sample, weight)| u32::from(sample) * weight).sum();
    ((weighted + 0x8000) >> 16).to_le_bytes()[0]
}
