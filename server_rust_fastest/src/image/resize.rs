//! Resizing by a triangle filter as wide as the pixels that become one; sample for sample what Pillow's bilinear gives.
//!
//! Models can be so sensitive that a sample that differs by 1 changes a score by more than 0.02.

use crate::error::Result;
use crate::image::pixels::{Pixels, buffer};

/// Weights are whole numbers of 2^-22: with samples of 8 bits their sum stays within 30.
const WEIGHT_BITS: u32 = 22;
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// The samples of a row or column that become one, and how much each counts; the sum is 2^22.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// The whole picture at another size, its proportions not kept; alpha is like any other channel.
///
/// # Errors
/// Too large where memory does not hold it.
pub(super) fn resize(pixels: Pixels, width: u32, height: u32) -> Result<Pixels> {
    if pixels.width < width && pixels.height > height {
        // To make all rows wider first would take the memory of them all.
        return resize(resize_columns(&pixels, height)?, width, height);
    }
    let narrow = if pixels.width == width {
        pixels
    } else {
        match pixels.channels {
            1 => resize_rows::<1>(&pixels, width),
            2 => resize_rows::<2>(&pixels, width),
            3 => resize_rows::<3>(&pixels, width),
            _ => resize_rows::<4>(&pixels, width),
        }?
    };
    if narrow.height == height { Ok(narrow) } else { resize_columns(&narrow, height) }
}

fn resize_rows<const CHANNELS: usize>(pixels: &Pixels, width: u32) -> Result<Pixels> {
    let windows = windows(pixels.width, width);
    let mut data = buffer(width, pixels.height, CHANNELS)?;
    let rows = pixels.data.chunks_exact(pixels.width as usize * CHANNELS);
    for (source, target) in rows.zip(data.chunks_exact_mut(width as usize * CHANNELS)) {
        let (source, target) = (source.as_chunks::<CHANNELS>().0, target.as_chunks_mut::<CHANNELS>().0);
        for (pixel, window) in target.iter_mut().zip(&windows) {
            let mut sums = [HALF; CHANNELS];
            for (samples, &weight) in source[window.first..].iter().zip(&window.weights) {
                for (sum, &sample) in sums.iter_mut().zip(samples) {
                    *sum += i32::from(sample) * weight;
                }
            }
            *pixel = sums.map(sample_of);
        }
    }
    Ok(Pixels { width, height: pixels.height, channels: CHANNELS, data })
}

fn resize_columns(pixels: &Pixels, height: u32) -> Result<Pixels> {
    let row_bytes = pixels.width as usize * pixels.channels;
    let mut data = buffer(pixels.width, height, pixels.channels)?;
    let mut sums = vec![HALF; row_bytes];
    for (target, window) in data.chunks_exact_mut(row_bytes).zip(windows(pixels.height, height)) {
        sums.fill(HALF);
        let rows = pixels.data.chunks_exact(row_bytes).skip(window.first);
        for (row, weight) in rows.zip(window.weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(sample) * weight;
            }
        }
        for (sample, &sum) in target.iter_mut().zip(&sums) {
            *sample = sample_of(sum);
        }
    }
    Ok(Pixels { width: pixels.width, height, channels: pixels.channels, data })
}

fn sample_of(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255).to_le_bytes()[0]
}

/// For each of `target` samples of a line the window of those of `source` that become it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places within a line are small and not negative"
)]
fn windows(source: u32, target: u32) -> Vec<Window> {
    let scale = f64::from(source) / f64::from(target);
    let reach = scale.max(1.0);
    let window = |index: u32| {
        let centre = (f64::from(index) + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as u32;
        let end = ((centre + reach + 0.5) as u32).min(source);
        let weight = |place: u32| (1.0 - ((f64::from(place) - centre + 0.5) * (1.0 / reach)).abs()).max(0.0);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let whole = |weight: f64| (weight / sum * f64::from(1 << WEIGHT_BITS) + 0.5) as i32;
        Window { first: first as usize, weights: weights.into_iter().map(whole).collect() }
    };
    (0..target).map(window).collect()
}
