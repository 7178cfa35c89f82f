//! `LiteRtElementType` of `litert/c/litert_model_types.h` <-> dtype.

use crate::tensor::DType;

/// What is missing here (int4, resources, variants) cannot be fed or read.
const ELEMENT_TYPES: [(i32, DType); 16] = [
    (1, DType::Float32),
    (2, DType::Int32),
    (3, DType::Uint8),
    (4, DType::Int64),
    (5, DType::String),
    (6, DType::Bool),
    (7, DType::Int16),
    (8, DType::Complex64),
    (9, DType::Int8),
    (10, DType::Float16),
    (11, DType::Float64),
    (12, DType::Complex128),
    (13, DType::Uint64),
    (16, DType::Uint32),
    (17, DType::Uint16),
    (19, DType::Bfloat16),
];

/// The dtype of a tensor's elements.
pub fn dtype(element_type: i32) -> Option<DType> {
    ELEMENT_TYPES.iter().find(|(code, _)| *code == element_type).map(|&(_, dtype)| dtype)
}

/// The element type for a dtype.
pub fn of(dtype: DType) -> Option<i32> {
    ELEMENT_TYPES.iter().find(|(_, known)| *known == dtype).map(|&(code, _)| code)
}
