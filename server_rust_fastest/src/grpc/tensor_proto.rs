//! TensorProto <-> Tensor: the elements as `tensor_content`, or in the field of their type (`float_val`, ...).
//!
//! Both are read as TensorFlow reads them: where `tensor_content` is empty, what is missing in the typed field repeats
//! the last value there (zero without any), and values beyond the shape are ignored.
//! Format: tensorflow/core/framework/tensor.proto.

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};

use super::data_type::{data_type, dtype_of};
use super::tensor_message::{TensorProto, Values};
use crate::error::{Error, Result};
use crate::protos::tensorflow::tensor_shape_proto::Dim;
use crate::protos::tensorflow::{DataType, TensorShapeProto};
use crate::tensor::{DType, Tensor};

/// What TensorFlow's TensorShape allows.
const DIMENSIONS_LIMIT: usize = 254;
const ELEMENTS_LIMIT: u64 = i64::MAX as u64;
/// What an element of a string tensor takes beside its text.
const STRING_BYTES: usize = size_of::<Bytes>();
const REPEATED_LIMIT_BYTES: u128 = 64 * 1024 * 1024;
/// A string's length is a varint of 32 bits: 5 bytes at most.
const LENGTH_BYTES: usize = 5;

type Fallible<T> = std::result::Result<T, String>;

/// The tensor of the input `name`; a tensor that was sent whole is not copied.
///
/// # Errors
/// Invalid argument for a data type that cannot be served, a shape that is none, elements that do not fit both, and
/// more than 64 MiB of repeated values: a few bytes must not fill the memory.
pub fn decode(name: &str, proto: &TensorProto) -> Result<Tensor> {
    read(proto).map_err(|fault| Error::invalid_argument(format!("tensor parsing error: {name}: {fault}")))
}

/// Writes a tensor as `tensor_content`, or into the field of its type.
#[must_use]
pub fn encode(tensor: Tensor, as_content: bool) -> TensorProto {
    // A scalar has a shape too, one without dimensions.
    let dim = tensor.shape.iter().map(|&size| Dim { size: i64::try_from(size).unwrap_or(i64::MAX), ..Dim::default() });
    let mut proto = TensorProto {
        dtype: data_type(tensor.dtype).into(),
        tensor_shape: Some(TensorShapeProto { dim: dim.collect(), unknown_rank: false }),
        ..TensorProto::default()
    };
    match (typed_field(tensor.dtype), as_content) {
        (None, false) => proto.string_val = tensor.strings,
        (None, true) => proto.tensor_content = join(&tensor.strings),
        (Some(_), true) => proto.tensor_content = tensor.data,
        (Some(field), false) => {
            if !tensor.data.is_empty() {
                proto.values.insert(field, pack(tensor.dtype, tensor.data));
            }
        }
    }
    proto
}

/// None for strings, whose field holds no numbers.
fn typed_field(dtype: DType) -> Option<Values> {
    Some(match dtype {
        DType::Float32 => Values::Float,
        DType::Float64 => Values::Double,
        DType::Complex64 => Values::Scomplex,
        DType::Complex128 => Values::Dcomplex,
        DType::Int64 => Values::Int64,
        DType::Uint32 => Values::Uint32,
        DType::Uint64 => Values::Uint64,
        DType::Bool => Values::Bool,
        // 16 bits as they are, whatever they mean.
        DType::Float16 | DType::Bfloat16 => Values::Half,
        DType::Int8 | DType::Uint8 | DType::Int16 | DType::Uint16 | DType::Int32 => Values::Int,
        DType::String => return None,
    })
}

fn read(proto: &TensorProto) -> Fallible<Tensor> {
    let dtype = DataType::try_from(proto.dtype)
        .map_err(|_| format!("data type {}", proto.dtype))
        .and_then(|data_type| dtype_of(data_type).ok_or_else(|| data_type.as_str_name().to_owned()))
        .map_err(|name| format!("tensors of {name} cannot be served"))?;
    let sizes: Vec<i64> =
        proto.tensor_shape.iter().flat_map(|shape| &shape.dim).map(|dimension| dimension.size).collect();
    let (shape, count) = read_shape(&sizes).ok_or_else(|| format!("no tensor has the shape {}", shape_text(&sizes)))?;
    let mut tensor = Tensor { dtype, shape, data: Bytes::new(), strings: Vec::new() };
    if count == 0 {
        return Ok(tensor);
    }
    let content = &proto.tensor_content;
    match typed_field(dtype) {
        None if content.is_empty() => tensor.strings = repeat_strings(&proto.string_val, count)?,
        None => tensor.strings = split(content, count)?,
        Some(field) if content.is_empty() => {
            let values = proto.values.get(&field).cloned().unwrap_or_default();
            tensor.data = read_values(field, &values, dtype, count)?;
        }
        Some(_) => {
            let size_bytes = count as u128 * dtype.item_bytes() as u128;
            if content.len() as u128 != size_bytes {
                return Err(format!(
                    "tensor_content has {} bytes, but {} of the shape {} has {size_bytes}",
                    content.len(),
                    numeric_name(dtype),
                    shape_text(&sizes),
                ));
            }
            tensor.data = content.clone();
        }
    }
    Ok(tensor)
}

/// The shape and its number of elements; None where there is no such shape.
fn read_shape(sizes: &[i64]) -> Option<(Vec<usize>, usize)> {
    let shape: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<_>>()?;
    let count =
        if shape.contains(&0) { 0 } else { shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))? };
    (shape.len() <= DIMENSIONS_LIMIT && count as u64 <= ELEMENTS_LIMIT).then_some((shape, count))
}

fn read_values(field: Values, values: &Bytes, dtype: DType, count: usize) -> Fallible<Bytes> {
    let item_bytes = dtype.item_bytes();
    let data = match field {
        Values::Float | Values::Double | Values::Scomplex | Values::Dcomplex => values.clone(),
        _ => unpack(values, dtype, count)
            .ok_or_else(|| format!("{} has a value that is not within {}", field.name(), numeric_name(dtype)))?,
    };
    // Of a complex number without its imaginary part nothing is left.
    let sent = (data.len() / item_bytes).min(count);
    let data = data.slice(..sent * item_bytes);
    let missing = count - sent;
    if missing == 0 {
        return Ok(data);
    }
    check_repeated(missing as u128 * item_bytes as u128)?;
    let mut filled = BytesMut::with_capacity(count * item_bytes);
    filled.put_slice(&data);
    match data.rchunks_exact(item_bytes).next() {
        Some(last) => (0..missing).for_each(|_| filled.put_slice(last)),
        None => filled.put_bytes(0, missing * item_bytes),
    }
    Ok(filled.freeze())
}

/// The first `count` varints as elements; None where one is not within the dtype.
fn unpack(values: &Bytes, dtype: DType, count: usize) -> Option<Bytes> {
    match dtype {
        DType::Bool => unpack_as(values, count, |value| Some([u8::from(value != 0)])),
        DType::Uint8 => unpack_as(values, count, |value| u8::try_from(low_32(value)).ok().map(u8::to_le_bytes)),
        DType::Int8 => unpack_as(values, count, |value| i8::try_from(low_32(value)).ok().map(i8::to_le_bytes)),
        DType::Int16 => unpack_as(values, count, |value| i16::try_from(low_32(value)).ok().map(i16::to_le_bytes)),
        DType::Uint16 | DType::Float16 | DType::Bfloat16 => {
            unpack_as(values, count, |value| u16::try_from(low_32(value)).ok().map(u16::to_le_bytes))
        }
        DType::Int32 | DType::Uint32 => unpack_as(values, count, |value| Some(low_32(value).to_le_bytes())),
        _ => unpack_as(values, count, |value| Some(value.to_le_bytes())),
    }
}

fn unpack_as<const SIZE: usize>(
    mut values: &[u8],
    count: usize,
    convert: impl Fn(u64) -> Option<[u8; SIZE]>,
) -> Option<Bytes> {
    let mut data = Vec::with_capacity(values.len().min(count) * SIZE);
    for _ in 0..count {
        let value = match values {
            [] => break,
            [value @ 0..0x80, rest @ ..] => {
                values = rest;
                u64::from(*value)
            }
            _ => decode_varint(&mut values).ok()?,
        };
        data.extend_from_slice(&convert(value)?);
    }
    Some(data.into())
}

/// As protobuf reads 32 bits: what is above them is ignored.
#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn low_32(value: u64) -> i32 {
    value as i32
}

/// The elements as a packed field holds them.
fn pack(dtype: DType, data: Bytes) -> Bytes {
    match dtype {
        DType::Bool => data.iter().map(|&octet| u8::from(octet != 0)).collect(),
        DType::Uint8 => pack_as(&data, |[octet]: [u8; 1]| octet.into()),
        DType::Int8 => pack_as(&data, |octets| i64::from(i8::from_le_bytes(octets)).cast_unsigned()),
        DType::Int16 => pack_as(&data, |octets| i64::from(i16::from_le_bytes(octets)).cast_unsigned()),
        DType::Int32 => pack_as(&data, |octets| i64::from(i32::from_le_bytes(octets)).cast_unsigned()),
        DType::Uint16 | DType::Float16 | DType::Bfloat16 => pack_as(&data, |octets| u16::from_le_bytes(octets).into()),
        DType::Uint32 => pack_as(&data, |octets| u32::from_le_bytes(octets).into()),
        DType::Uint64 | DType::Int64 => pack_as(&data, u64::from_le_bytes),
        DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128 | DType::String => data,
    }
}

fn pack_as<const SIZE: usize>(data: &[u8], widen: impl Fn([u8; SIZE]) -> u64) -> Bytes {
    let mut packed = BytesMut::with_capacity(data.len());
    let (items, _) = data.as_chunks();
    for &item in items {
        encode_varint(widen(item), &mut packed);
    }
    packed.freeze()
}

fn repeat_strings(sent: &[Bytes], count: usize) -> Fallible<Vec<Bytes>> {
    let sent = &sent[..sent.len().min(count)];
    let last = sent.last().cloned().unwrap_or_default();
    let missing = count - sent.len();
    check_repeated(missing as u128 * (STRING_BYTES + last.len()) as u128)?;
    let mut strings = Vec::with_capacity(count);
    strings.extend_from_slice(sent);
    strings.resize(count, last);
    Ok(strings)
}

fn check_repeated(size_bytes: u128) -> Fallible<()> {
    if size_bytes > REPEATED_LIMIT_BYTES {
        return Err(format!(
            "{size_bytes} bytes are left to be filled with the last value, {REPEATED_LIMIT_BYTES} at most can be: \
             send every element"
        ));
    }
    Ok(())
}

/// `count` lengths, as protobuf's varints, then the strings behind each other.
fn split(content: &Bytes, count: usize) -> Fallible<Vec<Bytes>> {
    let lacking = || format!("tensor_content does not begin with the lengths of {count} strings");
    if count > content.len() {
        return Err(lacking());
    }
    let mut rest: &[u8] = content;
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let before = rest.len();
        let length = decode_varint(&mut rest).map_err(|_| lacking())?;
        if before - rest.len() > LENGTH_BYTES {
            return Err(lacking());
        }
        lengths.push(length);
    }
    let mut start = content.len() - rest.len();
    let needed = lengths.iter().map(|&length| u128::from(length)).sum::<u128>() + start as u128;
    if needed != content.len() as u128 {
        return Err(format!("tensor_content has {} bytes, but its {count} strings need {needed}", content.len()));
    }
    let mut strings = Vec::with_capacity(count);
    for length in lengths {
        let end = usize::try_from(length).map_or(content.len(), |length| (start + length).min(content.len()));
        strings.push(content.slice(start..end));
        start = end;
    }
    Ok(strings)
}

fn join(strings: &[Bytes]) -> Bytes {
    let mut joined = BytesMut::new();
    for string in strings {
        encode_varint(string.len() as u64, &mut joined);
    }
    for string in strings {
        joined.put_slice(string);
    }
    joined.freeze()
}

/// With the number of bits in it, which a text about bytes needs.
fn numeric_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Float16 => "float16",
        DType::Float32 => "float32",
        DType::Float64 => "float64",
        other => other.name(),
    }
}

fn shape_text(sizes: &[i64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
    format!("[{}]", sizes.join(","))
}
