//! TFRecord: a file -> records, each guarded by checksums.
//!
//! Format (`tensorflow/core/lib/io/record_writer.h`), little-endian: the record's length as uint64, the masked CRC-32C
//! of those eight octets, the record, its masked CRC-32C.

use std::io::Read;

use super::crc32c::crc32c;

/// Added to a checksum that is stored.
const MASK_DELTA: u32 = 0xa282_ead8;
const CHECKSUM_BYTES: u64 = 4;

/// The records of a file of `file_bytes`, up to the first that is damaged; the text says how, and where it begins.
pub struct Records<R> {
    file: R,
    file_bytes: u64,
    place: u64,
}

impl<R: Read> Records<R> {
    pub fn new(file: R, file_bytes: u64) -> Self {
        Self { file, file_bytes, place: 0 }
    }

    fn read_record(&mut self) -> Result<Vec<u8>, String> {
        let mut length = [0; 8];
        length.copy_from_slice(&self.read_checked(8)?);
        self.read_checked(u64::from_le_bytes(length))
    }

    /// Reads octets and the checksum that follows them.
    fn read_checked(&mut self, size_bytes: u64) -> Result<Vec<u8>, String> {
        let place = self.place;
        let truncated = || format!("truncated record at {place}");
        let end = size_bytes.checked_add(CHECKSUM_BYTES).and_then(|size_bytes| place.checked_add(size_bytes));
        self.place = end.filter(|&end| end <= self.file_bytes).ok_or_else(truncated)?;
        let mut octets = vec![0; usize::try_from(size_bytes).map_err(|_| truncated())?];
        let mut checksum = [0; 4];
        let read = self.file.read_exact(&mut octets).and_then(|()| self.file.read_exact(&mut checksum));
        read.map_err(|_| truncated())?;
        if u32::from_le_bytes(checksum) == masked_crc32c(&octets) {
            Ok(octets)
        } else {
            Err(format!("corrupted record at {place}"))
        }
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place >= self.file_bytes {
            return None;
        }
        let record = self.read_record();
        if record.is_err() {
            self.place = self.file_bytes;
        }
        Some(record)
    }
}

/// The checksum as it is stored: turned and moved, lest data that holds checksums have a poor one.
pub fn masked_crc32c(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
pub fn write_record(file: &mut Vec<u8>, record: &[u8]) {
    let length = (record.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked_crc32c(&length).to_le_bytes());
    file.extend(record);
    file.extend(masked_crc32c(record).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Vec<Result<Vec<u8>, String>> {
        Records::new(file, file.len() as u64).collect()
    }

    fn one() -> Vec<u8> {
        let mut file = Vec::new();
        write_record(&mut file, b"record");
        file
    }

    #[test]
    fn records_come_as_they_were_written() {
        let mut file = one();
        write_record(&mut file, b"");
        assert_eq!(read(&file), [Ok(b"record".to_vec()), Ok(Vec::new())]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn a_record_is_laid_out_as_tensorflow_does() {
        let written = [6, 0, 0, 0, 0, 0, 0, 0, 0x73, 0x69, 0xd5, 0x37];
        assert_eq!(one()[..12], written);
        assert_eq!(one()[12..], *b"record\x05\xde\x2b\xfc");
    }

    #[test]
    fn damage_is_found_and_nothing_is_read_after_it() {
        let mut file = one();
        file[14] ^= 1;
        write_record(&mut file, b"next");
        assert_eq!(read(&file), [Err("corrupted record at 12".to_owned())]);
        assert_eq!(read(b"no TFRecord file at all"), [Err("corrupted record at 0".to_owned())]);
    }

    #[test]
    fn a_file_that_is_cut_off_is_told() {
        let file = one();
        assert_eq!(read(&file[..5]), [Err("truncated record at 0".to_owned())]);
        assert_eq!(read(&file[..file.len() - 1]), [Err("truncated record at 12".to_owned())]);
    }

    #[test]
    fn a_length_beyond_any_file_is_truncated() {
        let mut file = u64::MAX.to_le_bytes().to_vec();
        file.extend(masked_crc32c(&file).to_le_bytes());
        assert_eq!(read(&file), [Err("truncated record at 12".to_owned())]);
    }
}
