//! Predict answer: output tensors -> a body, in the format of the request.
//!
//! Rows are `predictions`, a list with an item for each row; columns are `outputs`. A single output goes without its
//! name.

use crate::error::{Error, Result};
use crate::tensor::Tensor;

use super::Layout;
use super::layout::{begin_member, body, line};
use super::string;
use super::tensor_text::TensorText;

/// The answer's body.
///
/// # Errors
/// With TensorFlow Serving's texts, for outputs that the layout cannot hold.
pub fn predict_answer(outputs: &[(String, Tensor)], layout: Layout) -> Result<Vec<u8>> {
    if outputs.is_empty() {
        return Err(Error::invalid_argument("Cannot convert empty tensor map to JSON"));
    }
    match layout {
        Layout::Row => rows(outputs),
        Layout::Column => columns(outputs),
    }
}

/// `{"error": "..."}` over three lines, as TensorFlow Serving writes it.
#[must_use]
pub fn error_answer(text: &str) -> String {
    let body = body("error", |out| string::write(text.as_bytes(), out));
    String::from_utf8(body).unwrap_or_default()
}

fn columns(outputs: &[(String, Tensor)]) -> Result<Vec<u8>> {
    let texts = tensor_texts(outputs)?;
    Ok(body("outputs", |out| match texts.as_slice() {
        [(_, text)] => text.write(1, out),
        _ => write_object(&texts, 1, out, |text, out| text.write(2, out)),
    }))
}

fn rows(outputs: &[(String, Tensor)]) -> Result<Vec<u8>> {
    let batch_size = batch_size(outputs)?;
    if batch_size == 0 {
        return Ok(body("predictions", |out| out.extend_from_slice(b"[]")));
    }
    let texts = tensor_texts(outputs)?;
    Ok(body("predictions", |out| {
        out.push(b'[');
        if let [(_, text)] = texts.as_slice() {
            text.write_items(1, out);
        } else {
            for row in 0..batch_size {
                if row > 0 {
                    out.push(b',');
                }
                line(2, out);
                write_object(&texts, 2, out, |text, out| text.write_row(row, 3, out));
            }
        }
        line(1, out);
        out.push(b']');
    }))
}

fn tensor_texts(outputs: &[(String, Tensor)]) -> Result<Vec<(&str, TensorText<'_>)>> {
    outputs.iter().map(|(name, tensor)| Ok((name.as_str(), TensorText::new(name, tensor)?))).collect()
}

fn batch_size(outputs: &[(String, Tensor)]) -> Result<usize> {
    let mut expected = None;
    for (name, tensor) in outputs {
        let Some(&size) = tensor.shape.first() else {
            return Err(Error::invalid_argument(format!("Tensor name: {name} has no shape information ")));
        };
        if let Some(expected) = expected.replace(size)
            && expected != size
        {
            return Err(Error::invalid_argument(format!(
                "Tensor name: {name} has inconsistent batch size: {size} expecting: {expected}"
            )));
        }
    }
    Ok(expected.unwrap_or(0))
}

/// Appends an object with a member for each output; `level` is that of its braces.
fn write_object(
    texts: &[(&str, TensorText<'_>)],
    level: usize,
    out: &mut Vec<u8>,
    mut write_value: impl FnMut(&TensorText<'_>, &mut Vec<u8>),
) {
    out.push(b'{');
    for (index, (name, text)) in texts.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        begin_member(name, level + 1, out);
        write_value(text, out);
    }
    line(level, out);
    out.push(b'}');
}

#[cfg(test)]
mod tests;
