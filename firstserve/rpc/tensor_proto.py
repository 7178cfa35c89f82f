"""TensorProto <-> Tensor: the elements as `tensor_content`, or in the field of their type (`float_val`, ...).

Both are read as TensorFlow reads them: where `tensor_content` is empty, what is missing in the typed field repeats
the last value there (zero without any), and values beyond the shape are ignored.
Format: tensorflow/core/framework/tensor.proto. Floats pass as protobuf packs them: on the wire, such a field is the
very buffer, and value by value it takes 50 times as long.
"""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument
from firstserve.models.metadata import DATA_TYPES
from firstserve.rpc.generated.tensorflow.core.framework import types_pb2
from firstserve.runtimes.signature_def import DTYPES
from firstserve.tensors import ITEM_BYTES, STRUCT_FORMAT, Tensor, element_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.rpc.generated.tensorflow.core.framework.tensor_pb2 import TensorProto

_FIELDS: Mapping[str, tuple[str, str]] = {
    "float32": ("float_val", "float32"),
    "float64": ("double_val", "float64"),
    "complex64": ("scomplex_val", "float32"),
    "complex128": ("dcomplex_val", "float64"),
    "int64": ("int64_val", "int64"),
    "uint32": ("uint32_val", "uint32"),
    "uint64": ("uint64_val", "uint64"),
    "bool": ("bool_val", "bool"),
    # 16 bits as they are, whatever they mean
    "float16": ("half_val", "uint16"),
    "bfloat16": ("half_val", "uint16"),
    **{dtype: ("int_val", dtype) for dtype in ("int8", "uint8", "int16", "uint16", "int32")},
}
"""The typed field of each dtype, and what its values are."""
_FLOATS = {"float32", "float64"}

_DIMENSIONS_LIMIT = 254
_ELEMENTS_LIMIT = 2**63 - 1
"""What TensorFlow's TensorShape allows."""
_STRING_BYTES = 24
"""What an element of a string tensor takes beside its text."""
_REPEATED_LIMIT_BYTES = 64 * 1024 * 1024
_LENGTH_DELIMITED = 2
"""Protobuf's wire type of a packed field."""


def decode(name: str, proto: TensorProto) -> Tensor:
    """The tensor of the input `name`.

    Raises InvalidArgument for a data type that cannot be served, a shape that is none, elements that do not fit both,
    and more than 64 MiB of repeated values: a few bytes must not fill the memory.
    """
    try:
        return _decode(proto)
    except ValueError as error:
        raise InvalidArgument(f"tensor parsing error: {name}: {error}") from error


def encode(tensor: Tensor, proto: TensorProto, *, as_content: bool) -> None:
    """Writes a tensor into an empty message, as `tensor_content` or in the field of its type."""
    proto.dtype = DATA_TYPES[tensor.dtype]
    # A scalar has a shape too, one without dimensions.
    proto.tensor_shape.SetInParent()
    for size in tensor.shape:
        proto.tensor_shape.dim.add(size=size)
    if tensor.dtype == "string":
        if as_content:
            proto.tensor_content = b"".join([*map(_varint, map(len, tensor.strings)), *tensor.strings])
        else:
            proto.string_val.extend(tensor.strings)
    elif as_content:
        proto.tensor_content = bytes(tensor.data)
    else:
        _write_values(tensor, proto)


def _write_values(tensor: Tensor, proto: TensorProto) -> None:
    field, kind = _FIELDS[tensor.dtype]
    if kind in _FLOATS:
        tag = proto.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED
        proto.MergeFromString(b"".join((_varint(tag), _varint(len(tensor.data)), tensor.data)))
    else:
        getattr(proto, field).extend(array(_array_code(kind), bytes(tensor.data)))


def _decode(proto: TensorProto) -> Tensor:
    """Raises ValueError with what is wrong."""
    dtype = DTYPES.get(proto.dtype)
    if dtype is None:
        raise ValueError(f"tensors of {_data_type_text(proto.dtype)} cannot be served")
    sizes = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    count = element_count(sizes)
    if len(sizes) > _DIMENSIONS_LIMIT or any(size < 0 for size in sizes) or count > _ELEMENTS_LIMIT:
        raise ValueError(f"no tensor has the shape {_shape_text(sizes)}")
    content = proto.tensor_content
    if dtype == "string":
        strings = _split(content, count) if content and count else _repeat_last(list(proto.string_val[:count]), count)
        return Tensor(dtype, sizes, strings=strings)
    if not count:
        return Tensor(dtype, sizes)
    if not content:
        return Tensor(dtype, sizes, _read_values(proto, dtype, count))
    if len(content) != count * ITEM_BYTES[dtype]:
        raise ValueError(
            f"tensor_content has {len(content)} bytes, but {dtype} of the shape {_shape_text(sizes)} has "
            f"{count * ITEM_BYTES[dtype]}"
        )
    return Tensor(dtype, sizes, content)


def _read_values(proto: TensorProto, dtype: str, count: int) -> bytes:
    field, kind = _FIELDS[dtype]
    item_bytes = ITEM_BYTES[dtype]
    try:
        data = _packed(proto, field, kind)
    except OverflowError as error:
        raise ValueError(f"{field} has a value that is not within {dtype}") from error
    # Of a complex number without its imaginary part nothing is left.
    data = data[: len(data) // item_bytes * item_bytes]
    missing = count - len(data) // item_bytes
    if missing <= 0:
        return data[: count * item_bytes]
    _check_repeated(missing * item_bytes)
    last = data[-item_bytes:] or bytes(item_bytes)
    return data + last * missing


def _packed(proto: TensorProto, field: str, kind: str) -> bytes:
    """The values of a field one after the other, as `kind`. Raises OverflowError for one that is not within it."""
    values = getattr(proto, field)
    if kind not in _FLOATS:
        return array(_array_code(kind), values).tobytes()
    alone = type(proto)()
    getattr(alone, field).MergeFrom(values)
    message: bytes = alone.SerializeToString()
    return message[len(message) - len(values) * ITEM_BYTES[kind] :]


def _array_code(kind: str) -> str:
    return "B" if kind == "bool" else STRUCT_FORMAT[kind]


def _repeat_last(values: list[bytes], count: int) -> list[bytes]:
    last = values[-1] if values else b""
    missing = count - len(values)
    _check_repeated(missing * (_STRING_BYTES + len(last)))
    return values + [last] * missing


def _check_repeated(size_bytes: int) -> None:
    if size_bytes > _REPEATED_LIMIT_BYTES:
        raise ValueError(
            f"{size_bytes} bytes are left to be filled with the last value, {_REPEATED_LIMIT_BYTES} at most can be: "
            "send every element"
        )


def _split(content: bytes, count: int) -> list[bytes]:
    """`count` lengths, as protobuf's varints, then the strings behind each other."""
    lengths: list[int] = []
    place = length = shift = 0
    while len(lengths) < count:
        if place == len(content) or shift > 28:
            raise ValueError(f"tensor_content does not begin with the lengths of {count} strings")
        length |= (content[place] & 0x7F) << shift
        shift += 7
        if content[place] < 0x80:
            lengths.append(length)
            length = shift = 0
        place += 1
    bounds = list(accumulate(lengths, initial=place))
    if bounds[-1] != len(content):
        raise ValueError(f"tensor_content has {len(content)} bytes, but its {count} strings need {bounds[-1]}")
    return [content[start:end] for start, end in pairwise(bounds)]


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _data_type_text(number: int) -> str:
    return types_pb2.DataType.Name(number) if number in types_pb2.DataType.values() else f"data type {number}"


def _shape_text(sizes: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, sizes))}]"
