//! Predict request: a body and the inputs of a signature -> a tensor for each, from rows or from columns.
//!
//! Rows (`instances`) are stacked: each has the same shape, and the tensor one dimension more. Columns (`inputs`) are
//! tensors as they are.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::signature::{Signature, TensorSpec};
use crate::tensor::Tensor;

use super::Layout;
use super::document::{Document, Node, Value};
use super::nested_list::{Elements, MAX_RANK};
use super::number_run::Run;
use super::parser;
use super::value_text::{lossy, value_text};

const ROWS: &str = "instances";
const COLUMNS: &str = "inputs";

/// A predict request whose JSON is right, before anyone has looked for its model.
pub struct PredictRequest {
    document: Document,
    signature_name: Option<String>,
}

impl PredictRequest {
    /// Parses the body, as RapidJSON does.
    ///
    /// # Errors
    /// Invalid argument with RapidJSON's text and offset, or for a `signature_name` that is no string.
    pub fn parse(body: Bytes) -> Result<Self> {
        Self::parse_within(body, &mut |_| Ok(()))
    }

    /// The same, where what it takes of memory is asked for before.
    ///
    /// # Errors
    /// As `parse`, or what `charge` says.
    pub fn parse_within(body: Bytes, charge: &mut dyn FnMut(usize) -> Result<()>) -> Result<Self> {
        if body.is_empty() {
            return Err(Error::invalid_argument("JSON Parse error: The document is empty"));
        }
        let mut refused = None;
        let document = parser::parse(body, &mut |bytes| {
            refused = charge(bytes).err();
            refused.is_none()
        });
        let document = document.map_err(|fault| {
            refused.unwrap_or_else(|| {
                Error::invalid_argument(format!("JSON Parse error: {} at offset: {}", fault.reason, fault.offset))
            })
        })?;
        let root = document.root();
        if !matches!(root.node(), Node::Object(_)) {
            return Err(Error::invalid_argument(format!("JSON Value: {} Is not object", value_text(root))));
        }
        let signature_name = match root.member("signature_name").map(Value::node) {
            None => None,
            Some(Node::String(text)) => Some(lossy(&document.string(text))).filter(|name| !name.is_empty()),
            Some(_) => {
                return Err(document_error(
                    &document,
                    "not formatted correctly. 'signature_name' key must be a string value.",
                ));
            }
        };
        Ok(Self { document, signature_name })
    }

    /// The signature's name; None where it is absent or empty.
    #[must_use]
    pub fn signature_name(&self) -> Option<&str> {
        self.signature_name.as_deref()
    }

    /// The tensors for a signature's inputs, and the layout that the answer has to have.
    ///
    /// # Errors
    /// With TensorFlow Serving's texts.
    pub fn inputs(&self, signature: &Signature) -> Result<(Vec<(String, Tensor)>, Layout)> {
        let specs = &signature.inputs;
        let Some(only) = specs.first() else {
            let name = self.signature_name().unwrap_or("DEFAULT");
            return Err(Error::invalid_argument(format!("Failed to get input map for signature: {name}")));
        };
        let root = self.document.root();
        let rows = match (root.member(ROWS), root.member(COLUMNS)) {
            (None, None) => return Err(Error::invalid_argument("Missing 'inputs' or 'instances' key")),
            (None, Some(columns)) => return Ok((read_columns(columns, specs)?, Layout::Column)),
            (Some(_), Some(_)) => {
                return Err(document_error(
                    &self.document,
                    "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
                ));
            }
            (Some(rows), None) => rows,
        };
        let inputs = match rows.node() {
            Node::List(span) if span.count == 0 => {
                return Err(document_error(&self.document, "No values in 'instances' array"));
            }
            Node::List(_) if rows.items().next().is_some_and(Value::is_object) => read_object_rows(rows, specs)?,
            Node::List(_) | Node::Numbers(_) if specs.len() > 1 && !first_is_base64(rows) => {
                return Err(Error::invalid_argument(
                    "instances is a plain list, but expecting list of objects as multiple input tensors required as \
                     per tensorinfo_map",
                ));
            }
            Node::List(_) => vec![read_plain_rows(rows, only)?],
            Node::Numbers(run) => vec![read_number_rows(rows, run, only)?],
            _ => return Err(document_error(&self.document, "Expecting 'instances' to be an list/array")),
        };
        Ok((inputs, Layout::Row))
    }
}

fn first_is_base64(rows: Value<'_>) -> bool {
    rows.items().next().is_some_and(|first| first.base64().is_some())
}

fn document_error(document: &Document, text: &str) -> Error {
    Error::invalid_argument(format!("JSON Value: {} {text}", value_text(document.root())))
}

fn read_columns(columns: Value<'_>, specs: &[TensorSpec]) -> Result<Vec<(String, Tensor)>> {
    let is_object = columns.is_object();
    if !is_object && specs.len() > 1 {
        return Err(Error::invalid_argument(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per \
             tensorinfo_map",
        ));
    }
    let read_column = |spec: &TensorSpec| {
        let name = &spec.name;
        let column = if is_object { columns.member(name) } else { Some(columns) };
        let column = column
            .ok_or_else(|| Error::invalid_argument(format!("Missing named input: {name} in 'inputs' object.")))?;
        let mut elements = Elements::new(spec.dtype);
        let shape = elements.append(column)?;
        finish(spec, elements, shape)
    };
    specs.iter().map(read_column).collect()
}

/// Rows for the only input, without its name.
fn read_plain_rows(rows: Value<'_>, spec: &TensorSpec) -> Result<(String, Tensor)> {
    let mut column = Column::new(spec);
    for (number, row) in rows.items().enumerate() {
        if row.is_object() {
            return Err(Error::invalid_argument(format!(
                "Expecting value/list but got object at item {number} of input list"
            )));
        }
        column.append(row).map_err(|error| row_error(number, None, &error))?;
    }
    column.finish()
}

/// Rows that are one number each.
fn read_number_rows(rows: Value<'_>, run: Run, spec: &TensorSpec) -> Result<(String, Tensor)> {
    let mut elements = Elements::new(spec.dtype);
    elements.append_run(rows, run).map_err(|(number, error)| row_error(number, None, &error))?;
    finish(spec, elements, vec![run.count as usize])
}

/// Rows that name the inputs.
fn read_object_rows(rows: Value<'_>, specs: &[TensorSpec]) -> Result<Vec<(String, Tensor)>> {
    let mut columns: Vec<Column<'_>> = specs.iter().map(Column::new).collect();
    for (number, row) in rows.items().enumerate() {
        if !row.is_object() {
            return Err(Error::invalid_argument(format!(
                "Expecting object but got list at item {number} of input list"
            )));
        }
        let mut names = 0;
        for (name, value) in row.members() {
            let column = columns.iter_mut().find(|column| *column.spec.name.as_bytes() == *name);
            let appended = match column {
                Some(column) => column.append(value),
                None => {
                    Err(Error::invalid_argument(format!("JSON object: does not have named input: {}", lossy(&name))))
                }
            };
            appended.map_err(|error| row_error(number, Some(&name), &error))?;
            names += 1;
        }
        if names != specs.len() {
            return Err(Error::invalid_argument(format!(
                "Failed to process element: {number} of 'instances' list. JSON object: {} keys must be equal to: {}",
                value_text(row),
                sorted_names(specs).join(",")
            )));
        }
    }
    columns.into_iter().map(Column::finish).collect()
}

fn row_error(number: usize, name: Option<&[u8]>, error: &Error) -> Error {
    let key = name.map(|name| format!(" key: {}", lossy(name))).unwrap_or_default();
    Error::invalid_argument(format!(
        "Failed to process element: {number}{key} of 'instances' list. Error: {}",
        error.status()
    ))
}

fn sorted_names(specs: &[TensorSpec]) -> Vec<&str> {
    let mut names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// The values of one input, row by row.
struct Column<'a> {
    spec: &'a TensorSpec,
    elements: Elements,
    rows: usize,
    row_shape: Vec<usize>,
}

impl<'a> Column<'a> {
    fn new(spec: &'a TensorSpec) -> Self {
        Self { spec, elements: Elements::new(spec.dtype), rows: 0, row_shape: Vec::new() }
    }

    /// Appends a row, which has to have the shape of the first.
    fn append(&mut self, row: Value<'_>) -> Result<()> {
        let shape = self.elements.append(row)?;
        self.rows += 1;
        if self.rows == 1 {
            self.row_shape = shape;
            return Ok(());
        }
        let (size, expected) = (size(&shape), size(&self.row_shape));
        if size != expected {
            return Err(Error::invalid_argument(format!("Expecting tensor size: {expected} but got: {size}")));
        }
        if shape != self.row_shape {
            return Err(Error::invalid_argument(format!(
                "Expecting shape {} but got: {}",
                shape_text(&self.row_shape),
                shape_text(&shape)
            )));
        }
        Ok(())
    }

    fn finish(self) -> Result<(String, Tensor)> {
        let mut shape = self.row_shape;
        shape.insert(0, self.rows);
        finish(self.spec, self.elements, shape)
    }
}

fn finish(spec: &TensorSpec, elements: Elements, shape: Vec<usize>) -> Result<(String, Tensor)> {
    if shape.len() > MAX_RANK {
        return Err(Error::invalid_argument(format!("tensor parsing error: {}", spec.name)));
    }
    Ok((spec.name.clone(), elements.into_tensor(shape)))
}

/// Of a value that was read, whose lists are as many as its shape says: no product is beyond usize.
fn size(shape: &[usize]) -> usize {
    shape.iter().fold(1, |size, count| size.saturating_mul(*count))
}

fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<_> = shape.iter().map(ToString::to_string).collect();
    format!("[{}]", sizes.join(","))
}

#[cfg(test)]
mod tests;
