//! DataType: TensorFlow's numbers for what the elements of a tensor are.

use crate::protos::tensorflow::DataType;
use crate::tensor::DType;

/// The member of TensorFlow's enum for a dtype.
#[must_use]
pub fn data_type(dtype: DType) -> DataType {
    match dtype {
        DType::Bool => DataType::DtBool,
        DType::Uint8 => DataType::DtUint8,
        DType::Int8 => DataType::DtInt8,
        DType::Uint16 => DataType::DtUint16,
        DType::Int16 => DataType::DtInt16,
        DType::Float16 => DataType::DtHalf,
        DType::Bfloat16 => DataType::DtBfloat16,
        DType::Uint32 => DataType::DtUint32,
        DType::Int32 => DataType::DtInt32,
        DType::Float32 => DataType::DtFloat,
        DType::Uint64 => DataType::DtUint64,
        DType::Int64 => DataType::DtInt64,
        DType::Float64 => DataType::DtDouble,
        DType::Complex64 => DataType::DtComplex64,
        DType::Complex128 => DataType::DtComplex128,
        DType::String => DataType::DtString,
    }
}

/// The dtype for a member of TensorFlow's enum; None for what a tensor here cannot hold.
#[must_use]
pub fn dtype_of(data_type: DataType) -> Option<DType> {
    Some(match data_type {
        DataType::DtBool => DType::Bool,
        DataType::DtUint8 => DType::Uint8,
        DataType::DtInt8 => DType::Int8,
        DataType::DtUint16 => DType::Uint16,
        DataType::DtInt16 => DType::Int16,
        DataType::DtHalf => DType::Float16,
        DataType::DtBfloat16 => DType::Bfloat16,
        DataType::DtUint32 => DType::Uint32,
        DataType::DtInt32 => DType::Int32,
        DataType::DtFloat => DType::Float32,
        DataType::DtUint64 => DType::Uint64,
        DataType::DtInt64 => DType::Int64,
        DataType::DtDouble => DType::Float64,
        DataType::DtComplex64 => DType::Complex64,
        DataType::DtComplex128 => DType::Complex128,
        DataType::DtString => DType::String,
        _ => return None,
    })
}
