//! Nested list: JSON values -> the elements of a dense tensor, or an error that says which part does not fit.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::tensor::{DType, Tensor};

use super::base64_text;
use super::document::{Node, Value};
use super::number::Number;
use super::number_run::{Run, RunKind};
use super::value_text::{number_text, type_name, value_text};

/// Of TensorFlow's TensorShape.
pub(super) const MAX_RANK: usize = 254;

/// The elements of one tensor, gathered from one value or, row by row, from several.
pub(super) struct Elements {
    dtype: DType,
    data: Vec<u8>,
    strings: Vec<Bytes>,
}

impl Elements {
    pub(super) fn new(dtype: DType) -> Self {
        Self { dtype, data: Vec::new(), strings: Vec::new() }
    }

    /// The tensor of all elements; their number has to be that of the shape.
    pub(super) fn into_tensor(self, shape: Vec<usize>) -> Tensor {
        Tensor { dtype: self.dtype, shape, data: self.data.into(), strings: self.strings }
    }

    /// Appends the elements of a value; gives its shape, the size of every level taken from the first item of each.
    pub(super) fn append(&mut self, value: Value<'_>) -> Result<Vec<usize>> {
        let document = value.document;
        let shape = shape_of(value);
        let rank = shape.len();
        let end = value.next();
        let mut at = value.index;
        // Of the items that are still to come in each list that is open.
        let mut left: Vec<u32> = Vec::new();
        while at < end {
            let part = Value { document, index: at };
            let level = left.len();
            if let Some(left) = left.last_mut() {
                *left -= 1;
            }
            match part.node() {
                Node::List(span) => {
                    check_list(level, span.count, &shape)?;
                    left.push(span.count);
                    at += 1;
                }
                Node::Numbers(run) => {
                    check_list(level, run.count, &shape)?;
                    if level + 1 != rank {
                        let first = run.numbers(document).next().map(number_text).unwrap_or_default();
                        return Err(level_error(&first, level + 1, rank));
                    }
                    self.append_run(part, run).map_err(|(_, error)| error)?;
                    at += 1;
                }
                _ => {
                    if level != rank {
                        return Err(level_error(&value_text(part), level, rank));
                    }
                    self.append_leaf(part)?;
                    at = part.next();
                }
            }
            while left.last() == Some(&0) {
                left.pop();
            }
        }
        Ok(shape)
    }

    /// Appends the numbers of a run; where one does not fit, its place in the run comes with the error.
    pub(super) fn append_run(&mut self, value: Value<'_>, run: Run) -> std::result::Result<(), (usize, Error)> {
        if self.append_bits(run.kind, run.bits(value.document)) {
            return Ok(());
        }
        for (index, number) in run.numbers(value.document).enumerate() {
            self.append_number(number).map_err(|error| (index, error))?;
        }
        Ok(())
    }

    fn append_leaf(&mut self, leaf: Value<'_>) -> Result<()> {
        let node = leaf.node();
        match (self.dtype, node) {
            (DType::String, Node::Object(_)) => {
                let text = leaf.base64().ok_or_else(|| {
                    Error::invalid_argument(format!(
                        "JSON Value: {} not formatted correctly for base64 data",
                        value_text(leaf)
                    ))
                })?;
                let data = base64_text::decode(&text);
                self.strings.push(data.ok_or_else(|| Error::invalid_argument("Unable to base64 decode"))?.into());
                Ok(())
            }
            (DType::String, Node::String(text)) => {
                self.strings.push(leaf.document.string(text));
                Ok(())
            }
            (DType::Bool, Node::False | Node::True) => {
                self.data.push(u8::from(matches!(node, Node::True)));
                Ok(())
            }
            (_, Node::Int(value)) => self.append_number(Number::Int(value)),
            (_, Node::Uint(value)) => self.append_number(Number::Uint(value)),
            (_, Node::Double(value)) => self.append_number(Number::Double(value)),
            _ => Err(self.misfit(node, &value_text(leaf))),
        }
    }

    fn append_number(&mut self, number: Number) -> Result<()> {
        let (kind, bits) = match number {
            Number::Int(value) => (RunKind::Int, value.cast_unsigned()),
            Number::Uint(value) => (RunKind::Uint, value),
            Number::Double(value) => (RunKind::Double, value.to_bits()),
        };
        if self.append_bits(kind, &[bits]) {
            return Ok(());
        }
        Err(self.misfit(Node::Double(0.0), &number_text(number)))
    }

    /// Whether numbers fit; if so, they are appended. The smallest integers take what int32 does, and wrap around.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is cut off is the wrapping")]
    #[allow(clippy::cast_precision_loss, reason = "floats take integers that they cannot hold exactly")]
    fn append_bits(&mut self, kind: RunKind, bits: &[u64]) -> bool {
        let signed = |range: std::ops::RangeInclusive<i64>| {
            kind == RunKind::Int && bits.iter().all(|bits| range.contains(&bits.cast_signed()))
        };
        let is_literal_of_int32 = || signed(i64::from(i32::MIN)..=i64::from(i32::MAX));
        match (self.dtype, kind) {
            (DType::Float32, RunKind::Double) => self.extend(bits, |bits| (f64::from_bits(bits) as f32).to_le_bytes()),
            (DType::Float32, RunKind::Int) => {
                self.extend(bits, |bits| (bits.cast_signed() as f64 as f32).to_le_bytes());
            }
            (DType::Float32, RunKind::Uint) => self.extend(bits, |bits| (bits as f64 as f32).to_le_bytes()),
            (DType::Float64, RunKind::Int) => self.extend(bits, |bits| (bits.cast_signed() as f64).to_le_bytes()),
            (DType::Float64, RunKind::Uint) => self.extend(bits, |bits| (bits as f64).to_le_bytes()),
            (DType::Int8 | DType::Uint8, _) if is_literal_of_int32() => self.extend(bits, |bits| [bits as u8]),
            (DType::Int16, _) if is_literal_of_int32() => self.extend(bits, |bits| (bits as u16).to_le_bytes()),
            (DType::Int32, _) if is_literal_of_int32() => self.extend(bits, |bits| (bits as u32).to_le_bytes()),
            (DType::Uint32, _) if signed(0..=i64::from(u32::MAX)) => {
                self.extend(bits, |bits| (bits as u32).to_le_bytes());
            }
            (DType::Int64, RunKind::Int) | (DType::Float64, RunKind::Double) => self.extend(bits, u64::to_le_bytes),
            (DType::Uint64, _) if kind == RunKind::Uint || signed(0..=i64::MAX) => self.extend(bits, u64::to_le_bytes),
            _ => return false,
        }
        true
    }

    fn extend<const SIZE: usize>(&mut self, bits: &[u64], element: impl Fn(u64) -> [u8; SIZE]) {
        let start = self.data.len();
        self.data.resize(start + bits.len() * SIZE, 0);
        let (places, _) = self.data.get_mut(start..).unwrap_or_default().as_chunks_mut();
        for (place, &bits) in places.iter_mut().zip(bits) {
            *place = element(bits);
        }
    }

    /// For a leaf that is not of the dtype; objects never are, whatever it is.
    fn misfit(&self, node: Node, text: &str) -> Error {
        let name = self.dtype.name();
        if !is_in_json(self.dtype) && !matches!(node, Node::Object(_)) {
            return Error::unimplemented(format!("Conversion of JSON Value: {text} to type: {name}"));
        }
        let type_name = type_name(node);
        Error::invalid_argument(format!("JSON Value: {text} Type: {type_name} is not of expected type: {name}"))
    }
}

/// Whether JSON has values for a dtype, in requests as in answers.
pub(super) fn is_in_json(dtype: DType) -> bool {
    use DType::{Bfloat16, Complex64, Complex128, Float16, Uint16};
    !matches!(dtype, Uint16 | Float16 | Bfloat16 | Complex64 | Complex128)
}

fn shape_of(mut value: Value<'_>) -> Vec<usize> {
    let mut shape = Vec::new();
    loop {
        match value.node() {
            Node::List(span) => shape.push(span.count as usize),
            Node::Numbers(run) => shape.push(run.count as usize),
            _ => return shape,
        }
        match value.items().next() {
            Some(first) => value = first,
            None => return shape,
        }
    }
}

fn check_list(level: usize, count: u32, shape: &[usize]) -> Result<()> {
    let Some(&expected) = shape.get(level) else {
        let rank = shape.len();
        return Err(Error::invalid_argument(format!(
            "Encountered list at unexpected level: {level} expected < {rank}"
        )));
    };
    if count as usize != expected {
        return Err(Error::invalid_argument(format!(
            "Encountered list at unexpected size: {count} at level: {level} expected size: {expected}"
        )));
    }
    Ok(())
}

fn level_error(text: &str, level: usize, rank: usize) -> Error {
    Error::invalid_argument(format!(
        "JSON Value: {text} found at incorrect level: {} in the JSON DOM. Expected at level: {rank}",
        level + 1
    ))
}

#[cfg(test)]
mod tests;
