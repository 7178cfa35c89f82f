//! Associated files: the ZIP archive behind a .tflite -> one file of it.
//!
//! Format: APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end). Files are
//! stored or deflated.

use std::io::Read as _;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::table::{Damaged, number_at, octets_at};

type Result<T> = std::result::Result<T, Damaged>;

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
const LONGEST_COMMENT_BYTES: usize = 65_535;
const STORED: usize = 0;
const DEFLATED: usize = 8;
const ENCRYPTED: usize = 1;

/// The content of the file of this name.
pub fn read(model: &[u8], name: &str) -> Result<Vec<u8>> {
    let tail = model.len().saturating_sub(END_BYTES + LONGEST_COMMENT_BYTES);
    let end = model.get(tail..).and_then(|octets| octets.windows(END.len()).rposition(|window| window == END));
    let end = tail + end.ok_or(Damaged)?;
    let count = short(model, end + 10)?;
    // Offsets count from where the archive begins, behind the model, or from the file's beginning.
    let mut place = end.checked_sub(long(model, end + 12)?).ok_or(Damaged)?;
    let begin = place.checked_sub(long(model, end + 16)?).ok_or(Damaged)?;
    for _ in 0..count {
        if octets_at(model, place, ENTRY.len())? != ENTRY {
            return Err(Damaged);
        }
        let name_bytes = short(model, place + 28)?;
        if octets_at(model, place + ENTRY_BYTES, name_bytes)? == name.as_bytes() {
            return read_entry(model, begin, place);
        }
        place += ENTRY_BYTES + name_bytes + short(model, place + 30)? + short(model, place + 32)?;
    }
    Err(Damaged)
}

/// The file that a directory entry tells of.
fn read_entry(model: &[u8], begin: usize, entry: usize) -> Result<Vec<u8>> {
    let (flags, method) = (short(model, entry + 8)?, short(model, entry + 10)?);
    let (checksum, packed_bytes, size_bytes) =
        (long(model, entry + 16)?, long(model, entry + 20)?, long(model, entry + 24)?);
    let local = begin + long(model, entry + 42)?;
    if flags & ENCRYPTED != 0 || octets_at(model, local, LOCAL.len())? != LOCAL {
        return Err(Damaged);
    }
    let start = local + LOCAL_BYTES + short(model, local + 26)? + short(model, local + 28)?;
    let packed = octets_at(model, start, packed_bytes)?;
    let content = match method {
        STORED => packed.to_vec(),
        DEFLATED => inflate(packed, size_bytes)?,
        _ => return Err(Damaged),
    };
    let mut crc = Crc::new();
    crc.update(&content);
    if content.len() == size_bytes && usize::try_from(crc.sum()) == Ok(checksum) { Ok(content) } else { Err(Damaged) }
}

fn inflate(packed: &[u8], size_bytes: usize) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let limit_bytes = u64::try_from(size_bytes).map_err(|_| Damaged)?.saturating_add(1);
    DeflateDecoder::new(packed).take(limit_bytes).read_to_end(&mut content).map_err(|_| Damaged)?;
    Ok(content)
}

fn short(octets: &[u8], place: usize) -> Result<usize> {
    Ok(u16::from_le_bytes(number_at(octets, place)?).into())
}

fn long(octets: &[u8], place: usize) -> Result<usize> {
    usize::try_from(u32::from_le_bytes(number_at(octets, place)?)).map_err(|_| Damaged)
}
