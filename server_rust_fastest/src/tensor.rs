//! Tensor: dtype, shape and buffer, as it flows between codecs and the runtime.

use bytes::Bytes;

/// What the elements of a tensor are. The names are TensorFlow's, as in error texts and metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum DType {
    Bool,
    Uint8,
    Int8,
    Uint16,
    Int16,
    Float16,
    Bfloat16,
    Uint32,
    Int32,
    Float32,
    Uint64,
    Int64,
    Float64,
    Complex64,
    Complex128,
    String,
}

impl DType {
    /// Bytes of one element; 0 for strings, whose elements have sizes of their own.
    #[must_use]
    pub fn item_bytes(self) -> usize {
        match self {
            Self::Bool | Self::Uint8 | Self::Int8 => 1,
            Self::Uint16 | Self::Int16 | Self::Float16 | Self::Bfloat16 => 2,
            Self::Uint32 | Self::Int32 | Self::Float32 => 4,
            Self::Uint64 | Self::Int64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
            Self::String => 0,
        }
    }

    /// TensorFlow's name, as its messages have it: `float`, `double`, `half`, `int32`, `string`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Uint8 => "uint8",
            Self::Int8 => "int8",
            Self::Uint16 => "uint16",
            Self::Int16 => "int16",
            Self::Float16 => "half",
            Self::Bfloat16 => "bfloat16",
            Self::Uint32 => "uint32",
            Self::Int32 => "int32",
            Self::Float32 => "float",
            Self::Uint64 => "uint64",
            Self::Int64 => "int64",
            Self::Float64 => "double",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
            Self::String => "string",
        }
    }
}

/// A dense tensor in row-major order and the machine's byte order (little-endian).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Of its elements.
    pub dtype: DType,
    /// Empty for a scalar.
    pub shape: Vec<usize>,
    /// `element_count(shape) * dtype.item_bytes()` bytes; empty for strings.
    pub data: Bytes,
    /// `element_count(shape)` byte strings where the dtype is `String`, else empty.
    pub strings: Vec<Bytes>,
}

/// The number of elements of a fully known shape, 1 for a scalar; None where that is beyond `usize`.
#[must_use]
pub fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))
}
