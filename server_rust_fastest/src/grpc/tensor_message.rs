//! TensorProto as it lies on the wire: numbers stay packed as they were sent, and pass without a copy.
//!
//! It stands in for the message that would be generated of tensorflow/core/framework/tensor.proto, whose vectors take
//! a step for every number: on the wire, a packed field of floats is the very buffer.

use std::collections::BTreeMap;
use std::mem;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{
    self, DecodeContext, WireType, decode_varint, encode_key, encode_varint, encoded_len_varint, key_len, skip_field,
};
use prost::{DecodeError, Message};

use crate::protos::tensorflow::TensorShapeProto;

const DTYPE: u32 = 1;
const TENSOR_SHAPE: u32 = 2;
const TENSOR_CONTENT: u32 = 4;
const STRING_VAL: u32 = 8;

/// A field that holds numbers, by its number in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Values {
    Float = 5,
    Double = 6,
    Int = 7,
    Scomplex = 9,
    Int64 = 10,
    Bool = 11,
    Dcomplex = 12,
    Half = 13,
    Uint32 = 16,
    Uint64 = 17,
}

impl Values {
    const ALL: [Self; 10] = [
        Self::Float,
        Self::Double,
        Self::Int,
        Self::Scomplex,
        Self::Int64,
        Self::Bool,
        Self::Dcomplex,
        Self::Half,
        Self::Uint32,
        Self::Uint64,
    ];

    fn of(tag: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|&field| field as u32 == tag)
    }

    /// Its name in the message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float_val",
            Self::Double => "double_val",
            Self::Int => "int_val",
            Self::Scomplex => "scomplex_val",
            Self::Int64 => "int64_val",
            Self::Bool => "bool_val",
            Self::Dcomplex => "dcomplex_val",
            Self::Half => "half_val",
            Self::Uint32 => "uint32_val",
            Self::Uint64 => "uint64_val",
        }
    }

    /// Of one value outside of a packed field.
    fn wire_type(self) -> WireType {
        match self {
            Self::Float | Self::Scomplex => WireType::ThirtyTwoBit,
            Self::Double | Self::Dcomplex => WireType::SixtyFourBit,
            _ => WireType::Varint,
        }
    }
}

/// `tensorflow.TensorProto` without resources, variants, 8-bit floats and its version number, which nobody serves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorProto {
    /// A member of `DataType`.
    pub dtype: i32,
    /// A scalar where it is missing.
    pub tensor_shape: Option<TensorShapeProto>,
    /// All elements, in row-major order and little-endian.
    pub tensor_content: Bytes,
    /// The elements of a tensor of strings.
    pub string_val: Vec<Bytes>,
    /// The numbers of each field, packed: floats in their 4 or 8 bytes, integers as varints.
    pub values: BTreeMap<Values, Bytes>,
}

impl Message for TensorProto {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        if self.dtype != 0 {
            encoding::int32::encode(DTYPE, &self.dtype, buf);
        }
        if let Some(shape) = &self.tensor_shape {
            encoding::message::encode(TENSOR_SHAPE, shape, buf);
        }
        if !self.tensor_content.is_empty() {
            encoding::bytes::encode(TENSOR_CONTENT, &self.tensor_content, buf);
        }
        encoding::bytes::encode_repeated(STRING_VAL, &self.string_val, buf);
        for (&field, values) in &self.values {
            encode_key(field as u32, WireType::LengthDelimited, buf);
            encode_varint(values.len() as u64, buf);
            buf.put_slice(values);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            DTYPE => encoding::int32::merge(wire_type, &mut self.dtype, buf, context),
            TENSOR_SHAPE => {
                encoding::message::merge(wire_type, self.tensor_shape.get_or_insert_default(), buf, context)
            }
            TENSOR_CONTENT => encoding::bytes::merge(wire_type, &mut self.tensor_content, buf, context),
            STRING_VAL => encoding::bytes::merge_repeated(wire_type, &mut self.string_val, buf, context),
            _ => match Values::of(tag) {
                Some(field) => {
                    let more = read_values(field, wire_type, buf, context)?;
                    append(self.values.entry(field).or_default(), more);
                    Ok(())
                }
                None => skip_field(wire_type, tag, buf, context),
            },
        }
    }

    fn encoded_len(&self) -> usize {
        let dtype = if self.dtype == 0 { 0 } else { encoding::int32::encoded_len(DTYPE, &self.dtype) };
        let shape = self.tensor_shape.as_ref().map_or(0, |shape| encoding::message::encoded_len(TENSOR_SHAPE, shape));
        let content = &self.tensor_content;
        let content =
            if content.is_empty() { 0 } else { encoding::bytes::encoded_len(TENSOR_CONTENT, &self.tensor_content) };
        let strings = encoding::bytes::encoded_len_repeated(STRING_VAL, &self.string_val);
        let values = self
            .values
            .iter()
            .map(|(&field, values)| key_len(field as u32) + encoded_len_varint(values.len() as u64) + values.len());
        dtype + shape + content + strings + values.sum::<usize>()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The next of a field's values as packed: all that are there, or one that was sent by itself.
fn read_values(
    field: Values,
    wire_type: WireType,
    buf: &mut impl Buf,
    context: DecodeContext,
) -> Result<Bytes, DecodeError> {
    if wire_type == WireType::LengthDelimited {
        let mut packed = Bytes::new();
        encoding::bytes::merge(wire_type, &mut packed, buf, context)?;
        let whole = match field.wire_type() {
            WireType::ThirtyTwoBit => packed.len() / 4 * 4,
            WireType::SixtyFourBit => packed.len() / 8 * 8,
            _ => packed.iter().rposition(|&octet| octet < 0x80).map_or(0, |place| place + 1),
        };
        if whole < packed.len() {
            // Which fails, as a message does that ends within a value.
            read_value(field, field.wire_type(), &mut packed.slice(whole..), DecodeContext::default())?;
        }
        return Ok(packed);
    }
    read_value(field, wire_type, buf, context)
}

fn read_value(
    field: Values,
    wire_type: WireType,
    buf: &mut impl Buf,
    context: DecodeContext,
) -> Result<Bytes, DecodeError> {
    let mut value = BytesMut::new();
    match field.wire_type() {
        WireType::ThirtyTwoBit => {
            let mut bits = 0;
            encoding::fixed32::merge(wire_type, &mut bits, buf, context)?;
            value.put_u32_le(bits);
        }
        WireType::SixtyFourBit => {
            let mut bits = 0;
            encoding::fixed64::merge(wire_type, &mut bits, buf, context)?;
            value.put_u64_le(bits);
        }
        expected => {
            encoding::check_wire_type(expected, wire_type)?;
            encode_varint(decode_varint(buf)?, &mut value);
        }
    }
    Ok(value.freeze())
}

fn append(values: &mut Bytes, more: Bytes) {
    if values.is_empty() {
        *values = more;
        return;
    }
    let mut joined = BytesMut::from(mem::take(values));
    joined.extend_from_slice(&more);
    *values = joined.freeze();
}
