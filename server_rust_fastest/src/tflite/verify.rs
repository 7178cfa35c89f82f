//! Verification: the octets of a .tflite -> whether LiteRT, which does not verify them, may be given them.
//!
//! Format: tensorflow/lite/schema/schema.fbs; numbers below are its field numbers. Followed is what leads from the model
//! to graphs, tensors, operators, buffers and signatures, with all places that one of them has in a list of another.
//! What an operator's options hold is left to the operator.

use std::cell::Cell;

use super::table::{Damaged, Table, octets_at};

type Result<T> = std::result::Result<T, Damaged>;

const IDENTIFIER: &[u8] = b"TFL3";
/// The place of a tensor that an operator goes without.
const ABSENT: i64 = -1;
/// Offsets of buffers behind the FlatBuffer begin here; up to it they say that there is none.
const NO_OFFSET: u64 = 1;

/// Looks whether a file is a model whose parts all lie within it.
///
/// # Errors
/// Damaged where it is not.
pub fn verify(model: &[u8]) -> Result<()> {
    if octets_at(model, 4, IDENTIFIER.len())? != IDENTIFIER {
        return Err(Damaged);
    }
    let verifier = Verifier { octets: model, tables_left: Cell::new(model.len()) };
    verifier.model(verifier.visit(Table::root(model)?)?)
}

/// How many there are of what places refer to.
#[derive(Clone, Copy)]
struct Counts {
    operator_codes: usize,
    buffers: usize,
}

struct Verifier<'a> {
    octets: &'a [u8],
    /// A table takes at least one octet, unless damage makes many of one.
    tables_left: Cell<usize>,
}

impl<'a> Verifier<'a> {
    fn model(&self, model: Table<'a>) -> Result<()> {
        let mut counts = Counts { operator_codes: 0, buffers: 0 };
        for code in self.tables(model, 1)? {
            code?.check_text(1)?;
            counts.operator_codes += 1;
        }
        for buffer in self.tables(model, 4)? {
            self.buffer(buffer?)?;
            counts.buffers += 1;
        }
        let mut tensors = Vec::new();
        for subgraph in self.tables(model, 2)? {
            tensors.push(self.subgraph(subgraph?, counts)?);
        }
        for metadata in self.tables(model, 6)? {
            let metadata = metadata?;
            metadata.check_text(0)?;
            is_place(u32::from_le_bytes(metadata.number(1)?), counts.buffers)?;
        }
        for signature in self.tables(model, 7)? {
            self.signature(signature?, &tensors)?;
        }
        Ok(())
    }

    fn buffer(&self, buffer: Table<'a>) -> Result<()> {
        buffer.octets(0)?;
        let offset = u64::from_le_bytes(buffer.number(1)?);
        let end = offset.checked_add(u64::from_le_bytes(buffer.number(2)?)).ok_or(Damaged)?;
        if offset > NO_OFFSET && end > self.octets.len() as u64 { Err(Damaged) } else { Ok(()) }
    }

    /// Gives the number of its tensors.
    fn subgraph(&self, subgraph: Table<'a>, counts: Counts) -> Result<usize> {
        let mut tensors = 0;
        for tensor in self.tables(subgraph, 0)? {
            self.tensor(tensor?, counts)?;
            tensors += 1;
        }
        subgraph.check_text(4)?;
        for field in [1, 2] {
            subgraph.integers(field)?.try_for_each(|place| is_place(place?, tensors))?;
        }
        for operator in self.tables(subgraph, 3)? {
            let operator = operator?;
            is_place(u32::from_le_bytes(operator.number(0)?), counts.operator_codes)?;
            for field in [1, 2, 8] {
                operator.integers(field)?.try_for_each(|place| match place? {
                    place if i64::from(place) == ABSENT => Ok(()),
                    place => is_place(place, tensors),
                })?;
            }
            operator.octets(5)?;
            operator.octets(7)?;
            for field in [4, 12] {
                self.visit_at(operator, field)?;
            }
        }
        Ok(tensors)
    }

    fn tensor(&self, tensor: Table<'a>, counts: Counts) -> Result<()> {
        is_place(u32::from_le_bytes(tensor.number(2)?), counts.buffers)?;
        tensor.check_text(3)?;
        for field in [0, 7] {
            tensor.integers(field)?.try_for_each(|size| size.map(|_| ()))?;
        }
        if let Some(quantization) = self.visit_at(tensor, 4)? {
            for field in [0, 1, 2] {
                quantization.floats(field)?;
            }
            quantization.check_longs(3)?;
            self.visit_at(quantization, 5)?;
        }
        self.visit_at(tensor, 6)?;
        Ok(())
    }

    /// `tensors` holds the number of tensors of each subgraph.
    fn signature(&self, signature: Table<'a>, tensors: &[usize]) -> Result<()> {
        signature.check_text(2)?;
        let subgraph = u32::from_le_bytes(signature.number(4)?);
        let tensors = usize::try_from(subgraph).ok().and_then(|place| tensors.get(place)).ok_or(Damaged)?;
        for field in [0, 1] {
            for named in self.tables(signature, field)? {
                let named = named?;
                named.check_text(0)?;
                is_place(u32::from_le_bytes(named.number(1)?), *tensors)?;
            }
        }
        Ok(())
    }

    fn tables(&self, table: Table<'a>, field: usize) -> Result<impl Iterator<Item = Result<Table<'a>>>> {
        Ok(table.tables(field)?.map(|table| self.visit(table?)))
    }

    fn visit_at(&self, table: Table<'a>, field: usize) -> Result<Option<Table<'a>>> {
        table.table(field)?.map(|table| self.visit(table)).transpose()
    }

    fn visit(&self, table: Table<'a>) -> Result<Table<'a>> {
        self.tables_left.set(self.tables_left.get().checked_sub(1).ok_or(Damaged)?);
        table.check_fields()?;
        Ok(table)
    }
}

/// Whether a list of `count` has this place.
fn is_place(place: impl TryInto<usize>, count: usize) -> Result<()> {
    if place.try_into().is_ok_and(|place| place < count) { Ok(()) } else { Err(Damaged) }
}
