//! FlexBuffers: a serialized map -> its strings by key; the one shape in which TFLite metadata uses this format.
//!
//! Format: <https://flatbuffers.dev/internals>, "FlexBuffers". Every value has a width of 1, 2, 4 or 8 bytes; what does
//! not fit into it is found by an offset backwards.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::table::{Damaged, octets_at};

type Result<T> = std::result::Result<T, Damaged>;

/// Types, in the upper six bits of a value's type; the lower two are the width of what it refers to, as a power of 2.
const STRING: u8 = 5;
/// See `STRING`.
const MAP: u8 = 9;

/// The entries of a map whose values are strings; others are left out.
pub fn read_strings(octets: &[u8]) -> Result<BTreeMap<String, Bytes>> {
    let &[.., packed_type, width] = octets else { return Err(Damaged) };
    if packed_type >> 2 != MAP {
        return Err(Damaged);
    }
    let width = usize::from(width);
    let values = follow(octets, back(octets.len(), 2 + width)?, width)?;
    let width = width_of(packed_type);
    let keys = follow(octets, back(values, 3 * width)?, width)?;
    let keys_width = number(octets, back(values, 2 * width)?, width)?;
    let size = number(octets, back(values, width)?, width)?;
    let types = octets_at(octets, values.checked_add(size.checked_mul(width).ok_or(Damaged)?).ok_or(Damaged)?, size)?;
    let mut strings = BTreeMap::new();
    for (index, &packed_type) in types.iter().enumerate() {
        if packed_type >> 2 == STRING {
            let place = index.checked_mul(keys_width).and_then(|place| place.checked_add(keys)).ok_or(Damaged)?;
            let key = octets.get(follow(octets, place, keys_width)?..).ok_or(Damaged)?;
            let key = key.split(|&octet| octet == 0).next().ok_or(Damaged)?;
            let key = String::from_utf8(key.to_vec()).map_err(|_| Damaged)?;
            let start = follow(octets, values + index * width, width)?;
            let length_width = width_of(packed_type);
            let length = number(octets, back(start, length_width)?, length_width)?;
            strings.insert(key, Bytes::copy_from_slice(octets_at(octets, start, length)?));
        }
    }
    Ok(strings)
}

fn width_of(packed_type: u8) -> usize {
    1 << (packed_type & 3)
}

fn follow(octets: &[u8], place: usize, width: usize) -> Result<usize> {
    back(place, number(octets, place, width)?)
}

fn back(place: usize, distance: usize) -> Result<usize> {
    place.checked_sub(distance).ok_or(Damaged)
}

fn number(octets: &[u8], place: usize, width: usize) -> Result<usize> {
    if !matches!(width, 1 | 2 | 4 | 8) {
        return Err(Damaged);
    }
    let digits = octets_at(octets, place, width)?.iter().rev();
    usize::try_from(digits.fold(0_u64, |number, &digit| number << 8 | u64::from(digit))).map_err(|_| Damaged)
}
