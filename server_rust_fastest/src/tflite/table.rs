//! FlatBuffers: octets -> tables, their fields by number, without trust in any offset.
//!
//! Format: <https://flatbuffers.dev/internals>. A table begins with the distance back to its vtable, which holds its own
//! size, the table's size, and one offset a field; offsets to tables, vectors and strings count from where they stand.

use std::fmt;

/// The octets are not what their format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file is damaged, cut off or of another format: convert the model again")
    }
}

type Result<T> = std::result::Result<T, Damaged>;

/// The octets of `size` at a place.
pub fn octets_at(octets: &[u8], start: usize, size: usize) -> Result<&[u8]> {
    start.checked_add(size).and_then(|end| octets.get(start..end)).ok_or(Damaged)
}

/// The octets of a number at a place.
pub fn number_at<const SIZE: usize>(octets: &[u8], start: usize) -> Result<[u8; SIZE]> {
    octets_at(octets, start, SIZE)?.try_into().map_err(|_| Damaged)
}

/// A table; fields that are absent read as nothing, or as 0.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    octets: &'a [u8],
    start: usize,
}

impl<'a> Table<'a> {
    /// The one that a whole FlatBuffer is.
    pub fn root(octets: &'a [u8]) -> Result<Self> {
        Self { octets, start: 0 }.follow(0)
    }

    /// A number's octets, of which there are as many as its type has.
    pub fn number<const SIZE: usize>(&self, field: usize) -> Result<[u8; SIZE]> {
        self.field(field)?.map_or(Ok([0; SIZE]), |place| number_at(self.octets, place))
    }

    /// A table.
    pub fn table(&self, field: usize) -> Result<Option<Self>> {
        self.field(field)?.map(|place| self.follow(place)).transpose()
    }

    /// A vector of tables.
    pub fn tables(&self, field: usize) -> Result<impl Iterator<Item = Result<Self>> + use<'a>> {
        let (table, places) = (*self, self.vector(field, 4)?);
        Ok(places.step_by(4).map(move |place| table.follow(place)))
    }

    /// A vector of octets, or a string.
    pub fn octets(&self, field: usize) -> Result<&'a [u8]> {
        let places = self.vector(field, 1)?;
        self.octets.get(places).ok_or(Damaged)
    }

    /// A vector of floats.
    pub fn floats(&self, field: usize) -> Result<Vec<f32>> {
        self.vector(field, 4)?.step_by(4).map(|place| Ok(f32::from_le_bytes(number_at(self.octets, place)?))).collect()
    }

    /// A vector of 32-bit integers.
    pub fn integers(&self, field: usize) -> Result<impl Iterator<Item = Result<i32>> + use<'a>> {
        let (octets, places) = (self.octets, self.vector(field, 4)?);
        Ok(places.step_by(4).map(|place| Ok(i32::from_le_bytes(number_at(octets, place)?))))
    }

    /// Looks whether a vector of 64-bit integers lies within the octets.
    pub fn check_longs(&self, field: usize) -> Result<()> {
        self.vector(field, 8).map(|_| ())
    }

    /// Looks whether a string lies within the octets, with the zero behind it.
    pub fn check_text(&self, field: usize) -> Result<()> {
        let end = self.vector(field, 1)?.end;
        if end == 0 || self.octets.get(end) == Some(&0) { Ok(()) } else { Err(Damaged) }
    }

    /// Looks whether table and vtable lie within the octets, and all fields within the table.
    pub fn check_fields(&self) -> Result<()> {
        let vtable = self.vtable()?;
        let vtable_bytes = usize::from(u16::from_le_bytes(number_at(self.octets, vtable)?));
        let table_bytes = u16::from_le_bytes(number_at(self.octets, vtable + 2)?);
        octets_at(self.octets, self.start, usize::from(table_bytes))?;
        let mut offsets = octets_at(self.octets, vtable, vtable_bytes)?.chunks_exact(2).skip(2);
        let is_within = |offset: &[u8]| number_at(offset, 0).map(u16::from_le_bytes).is_ok_and(|it| it < table_bytes);
        if vtable_bytes % 2 == 0 && vtable_bytes >= 4 && offsets.all(is_within) { Ok(()) } else { Err(Damaged) }
    }

    /// Where the items of a vector lie.
    fn vector(&self, field: usize, item_bytes: usize) -> Result<std::ops::Range<usize>> {
        let Some(place) = self.field(field)? else { return Ok(0..0) };
        let start = self.target(place)?;
        let size = (self.offset(start)?).checked_mul(item_bytes).ok_or(Damaged)?;
        octets_at(self.octets, start + 4, size)?;
        Ok(start + 4..start + 4 + size)
    }

    /// Where a field's value lies.
    fn field(&self, field: usize) -> Result<Option<usize>> {
        let vtable = self.vtable()?;
        let size = u16::from_le_bytes(number_at(self.octets, vtable)?);
        let place = 4 + 2 * field;
        if place >= usize::from(size) {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(number_at(self.octets, vtable + place)?);
        Ok((offset != 0).then_some(self.start + usize::from(offset)))
    }

    fn vtable(&self) -> Result<usize> {
        let distance = i32::from_le_bytes(number_at(self.octets, self.start)?);
        let start = i64::try_from(self.start).map_err(|_| Damaged)?;
        usize::try_from(start - i64::from(distance)).map_err(|_| Damaged)
    }

    fn follow(&self, place: usize) -> Result<Self> {
        Ok(Self { octets: self.octets, start: self.target(place)? })
    }

    fn target(&self, place: usize) -> Result<usize> {
        place.checked_add(self.offset(place)?).filter(|&target| target < self.octets.len()).ok_or(Damaged)
    }

    fn offset(&self, place: usize) -> Result<usize> {
        usize::try_from(u32::from_le_bytes(number_at(self.octets, place)?)).map_err(|_| Damaged)
    }
}
