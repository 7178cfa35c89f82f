//! Tensor text: a tensor -> nested lists of its elements, or the text of one of its rows.

use std::io::Write as _;

use crate::error::{Error, Result};
use crate::tensor::{DType, Tensor, element_count};

use super::base64_text;
use super::decimal_text::Float;
use super::layout::{begin_member, line};
use super::nested_list::{MAX_RANK, is_in_json};
use super::string;

/// Of the names of outputs whose strings are written as base64.
const BYTES_SUFFIX: &str = "_bytes";

/// An output that can be written.
pub(super) struct TensorText<'a> {
    tensor: &'a Tensor,
    is_base64: bool,
}

impl<'a> TensorText<'a> {
    /// # Errors
    /// Invalid argument for a dtype that JSON has nothing for; internal where the buffer is not that of the shape.
    pub(super) fn new(name: &str, tensor: &'a Tensor) -> Result<Self> {
        let dtype = tensor.dtype;
        let held = if dtype == DType::String { tensor.strings.len() } else { tensor.data.len() };
        let expected = element_count(&tensor.shape).and_then(|count| count.checked_mul(dtype.item_bytes().max(1)));
        if expected != Some(held) || tensor.shape.len() > MAX_RANK {
            return Err(Error::internal(format!("Tensor name: {name} has a buffer that does not fit its shape")));
        }
        if !is_in_json(dtype) && held > 0 {
            let text = format!("Failed to write JSON value for tensor type: {}", dtype.name());
            return Err(Error::invalid_argument(text));
        }
        Ok(Self { tensor, is_base64: dtype == DType::String && name.ends_with(BYTES_SUFFIX) })
    }

    /// Appends the tensor as nested lists with a line for each item, a scalar as its one element.
    ///
    /// `level` is that of the outermost bracket.
    pub(super) fn write(&self, level: usize, out: &mut Vec<u8>) {
        self.write_part(&self.tensor.shape, 0, Lines::OfItems, level, out);
    }

    /// Appends what stands between the outermost brackets, on one line; the rank is 1 or more. Objects of base64 break it.
    pub(super) fn write_items(&self, level: usize, out: &mut Vec<u8>) {
        if let Some((&count, shape)) = self.tensor.shape.split_first() {
            self.write_parts(count, shape, 0, Lines::One, level + 1, out);
        }
    }

    /// Appends one item of the outermost list on one line; `level` is that of its own bracket.
    pub(super) fn write_row(&self, row: usize, level: usize, out: &mut Vec<u8>) {
        let shape = self.tensor.shape.get(1..).unwrap_or_default();
        self.write_part(shape, row * shape.iter().product::<usize>(), Lines::One, level, out);
    }

    /// Appends the elements from `start` on, in lists of a shape; no shape is that of one element.
    fn write_part(&self, shape: &[usize], start: usize, lines: Lines, level: usize, out: &mut Vec<u8>) {
        let Some((&count, inner)) = shape.split_first() else {
            self.write_elements(start, 1, lines, level, out);
            return;
        };
        out.push(b'[');
        if count > 0 {
            lines.begin(level + 1, out);
            self.write_parts(count, inner, start, lines, level + 1, out);
            lines.begin(level, out);
        }
        out.push(b']');
    }

    fn write_parts(&self, count: usize, shape: &[usize], start: usize, lines: Lines, level: usize, out: &mut Vec<u8>) {
        if shape.is_empty() {
            self.write_elements(start, count, lines, level, out);
            return;
        }
        let size = shape.iter().product::<usize>();
        let separator = lines.separator(level);
        write_list(0..count, &separator, out, |part, out| {
            self.write_part(shape, start + part * size, lines, level, out);
        });
    }

    fn write_elements(&self, start: usize, count: usize, lines: Lines, level: usize, out: &mut Vec<u8>) {
        let separator = lines.separator(level);
        let separator = separator.as_slice();
        match self.tensor.dtype {
            DType::String => {
                let strings = self.tensor.strings.get(start..start + count).unwrap_or_default();
                write_list(strings, separator, out, |text, out| self.write_string(text, level, out));
            }
            DType::Bool => self.write_items_of(start, count, separator, out, |[byte], out| {
                out.extend_from_slice(if byte == 0 { b"false" } else { b"true" });
            }),
            DType::Float32 => self.write_items_of(start, count, separator, out, |bytes, out| {
                f32::from_le_bytes(bytes).write(out);
            }),
            DType::Float64 => self.write_items_of(start, count, separator, out, |bytes, out| {
                f64::from_le_bytes(bytes).write(out);
            }),
            DType::Uint8 => self.write_items_of(start, count, separator, out, |[byte], out| write_integer(byte, out)),
            DType::Int8 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(i8::from_le_bytes(bytes), out);
            }),
            DType::Int16 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(i16::from_le_bytes(bytes), out);
            }),
            DType::Int32 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(i32::from_le_bytes(bytes), out);
            }),
            DType::Uint32 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(u32::from_le_bytes(bytes), out);
            }),
            DType::Int64 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(i64::from_le_bytes(bytes), out);
            }),
            DType::Uint64 => self.write_items_of(start, count, separator, out, |bytes, out| {
                write_integer(u64::from_le_bytes(bytes), out);
            }),
            DType::Uint16 | DType::Float16 | DType::Bfloat16 | DType::Complex64 | DType::Complex128 => {}
        }
    }

    fn write_items_of<const SIZE: usize>(
        &self,
        start: usize,
        count: usize,
        separator: &[u8],
        out: &mut Vec<u8>,
        write_item: impl FnMut([u8; SIZE], &mut Vec<u8>),
    ) {
        let (elements, _) = self.tensor.data.as_chunks::<SIZE>();
        let elements = elements.get(start..start + count).unwrap_or_default();
        write_list(elements.iter().copied(), separator, out, write_item);
    }

    fn write_string(&self, text: &[u8], level: usize, out: &mut Vec<u8>) {
        if !self.is_base64 {
            string::write(text, out);
            return;
        }
        out.push(b'{');
        begin_member(base64_text::NAME, level + 1, out);
        string::write(base64_text::encode(text).as_bytes(), out);
        line(level, out);
        out.push(b'}');
    }
}

/// Where lists break.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    OfItems,
}

impl Lines {
    /// Begins the line of an item or a bracket at a level, where that has one.
    fn begin(self, level: usize, out: &mut Vec<u8>) {
        if self == Self::OfItems {
            line(level, out);
        }
    }

    fn separator(self, level: usize) -> Vec<u8> {
        let mut separator = b", ".to_vec();
        if self == Self::OfItems {
            separator.truncate(1);
            line(level, &mut separator);
        }
        separator
    }
}

fn write_list<T>(
    items: impl IntoIterator<Item = T>,
    separator: &[u8],
    out: &mut Vec<u8>,
    mut write_item: impl FnMut(T, &mut Vec<u8>),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        write_item(item, out);
    }
}

fn write_integer(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}
