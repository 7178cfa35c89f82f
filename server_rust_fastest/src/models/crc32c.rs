//! CRC-32C (Castagnoli), as in RFC 3720.

/// The polynomial, its bits turned around.
const POLYNOMIAL: u32 = 0x82f6_3b78;
const TABLES: [[u32; 256]; 8] = tables();

/// Of what the register becomes by an octet with 0 to 7 zeros behind it.
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut octet = 0;
    while octet < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "below 256")]
        let mut register = octet as u32;
        let mut bit = 0;
        while bit < 8 {
            register = (register >> 1) ^ ((register & 1) * POLYNOMIAL);
            bit += 1;
        }
        tables[0][octet] = register;
        octet += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut octet = 0;
        while octet < 256 {
            let register = tables[zeros - 1][octet];
            tables[zeros][octet] = (register >> 8) ^ tables[0][(register & 0xff) as usize];
            octet += 1;
        }
        zeros += 1;
    }
    tables
}

/// Eight octets at a time, for records hold pictures.
pub fn crc32c(data: &[u8]) -> u32 {
    let (words, rest) = data.as_chunks::<8>();
    let register = words.iter().fold(u32::MAX, |register, &[a, b, c, d, e, f, g, h]| {
        let [a, b, c, d] = (u32::from_le_bytes([a, b, c, d]) ^ register).to_le_bytes();
        [h, g, f, e, d, c, b, a].iter().zip(&TABLES).fold(0, |sum, (&octet, table)| sum ^ table[usize::from(octet)])
    });
    let [table, ..] = &TABLES;
    !rest.iter().fold(register, |register, &octet| {
        let [low, ..] = register.to_le_bytes();
        (register >> 8) ^ table[usize::from(low ^ octet)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_rfc() {
        assert_eq!(crc32c(b""), 0);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&std::array::from_fn::<u8, 32, _>(|index| u8::try_from(index).unwrap())), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
