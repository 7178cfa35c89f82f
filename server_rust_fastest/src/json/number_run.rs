//! Number run: a list of nothing but numbers, held as one node and 8 bytes for each.

use super::document::Document;
use super::number::{self, Number};
use super::parser::{Fault, position, skip_space};
use super::room::{Charge, NO_ROOM, reserve};

/// A list of at least one number and nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) kind: RunKind,
    pub(super) count: u32,
    /// Of its first number, in the body.
    start: u32,
    /// Of its first number, among the document's.
    first: u32,
}

/// How the numbers of a run are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunKind {
    /// As i64.
    Int,
    /// As u64: some are beyond i64, none is negative.
    Uint,
    /// As f64: some were written as such, or they are integers that no other kind holds.
    Double,
}

impl RunKind {
    /// The number that bits stand for.
    pub(super) fn number(self, bits: u64) -> Number {
        match self {
            Self::Int => Number::Int(bits.cast_signed()),
            Self::Uint => Number::Uint(bits),
            Self::Double => Number::Double(f64::from_bits(bits)),
        }
    }

    /// The bits of a number; None where it has to be of another kind.
    fn bits(self, number: Number) -> Option<u64> {
        match (self, number) {
            (Self::Int, Number::Int(value)) => Some(value.cast_unsigned()),
            (Self::Uint, Number::Int(value)) => u64::try_from(value).ok(),
            (Self::Uint, Number::Uint(value)) => Some(value),
            (Self::Double, number) => Some(number.as_f64().to_bits()),
            _ => None,
        }
    }
}

impl Run {
    /// The bits of its numbers.
    pub(super) fn bits(self, document: &Document) -> &[u64] {
        let first = self.first as usize;
        document.numbers.get(first..first + self.count as usize).unwrap_or_default()
    }

    /// Its numbers as they were written.
    pub(super) fn numbers(self, document: &Document) -> impl Iterator<Item = Number> {
        let body = &document.body;
        let mut at = self.start as usize;
        (0..self.count).map_while(move |_| {
            let (number, end) = number::read(body, at).ok()?;
            at = skip_space(body, skip_space(body, end) + 1);
            Some(number)
        })
    }
}

/// Appends the numbers from `start` up to the closing bracket; gives them with the place behind the bracket.
///
/// None where there is anything else, be it a fault: `numbers` is then as it was.
///
/// # Errors
/// Where there is no room for them.
pub(super) fn read(
    body: &[u8],
    start: usize,
    numbers: &mut Vec<u64>,
    charge: Charge<'_>,
) -> Result<Option<(Run, usize)>, Fault> {
    let first = numbers.len();
    let mut kind = RunKind::Int;
    let mut at = start;
    while let Ok((number, end)) = number::read(body, at) {
        let bits = kind.bits(number).unwrap_or_else(|| {
            kind = widen(numbers.get_mut(first..).unwrap_or_default(), kind, number);
            kind.bits(number).unwrap_or_default()
        });
        if !reserve(numbers, charge) {
            return Err(Fault::new(NO_ROOM, at));
        }
        numbers.push(bits);
        at = skip_space(body, end);
        match body.get(at) {
            Some(b',') => at = skip_space(body, at + 1),
            Some(b']') => {
                let count = position(numbers.len() - first);
                let run = Run { kind, count, start: position(start), first: position(first) };
                return Ok(Some((run, at + 1)));
            }
            _ => break,
        }
    }
    numbers.truncate(first);
    Ok(None)
}

/// The kind that holds one more number; the bits before it are made to be of that kind.
fn widen(bits: &mut [u64], kind: RunKind, number: Number) -> RunKind {
    if matches!(number, Number::Uint(_)) && kind == RunKind::Int && bits.iter().all(|bits| bits.cast_signed() >= 0) {
        return RunKind::Uint;
    }
    for bits in bits {
        *bits = kind.number(*bits).as_f64().to_bits();
    }
    RunKind::Double
}
