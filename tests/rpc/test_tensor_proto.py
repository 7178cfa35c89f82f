"""TensorProtos as clients write them, and as clients read them."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy
import pytest
from google.protobuf import text_format

from firstserve.errors import InvalidArgument
from firstserve.rpc.generated.tensorflow.core.framework.tensor_pb2 import TensorProto
from firstserve.rpc.generated.tensorflow.core.framework.types_pb2 import DataType
from firstserve.rpc.tensor_proto import decode, encode
from firstserve.runtimes.signature_def import DTYPES
from firstserve.tensors import Tensor

NUMERIC = sorted(set(DTYPES.values()) - {"string", "bfloat16"})
MEBIBYTE = 1 << 20


def proto(text: str) -> TensorProto:
    message = TensorProto()
    text_format.Parse(text, message)
    return message


def shaped(dtype: str, *sizes: int, **fields: object) -> TensorProto:
    """A TensorProto of a shape; `fields` are those that hold the elements."""
    message = TensorProto(dtype=dtype, **fields)  # type: ignore[arg-type]
    for size in sizes:
        message.tensor_shape.dim.add(size=size)
    return message


def values(message: TensorProto) -> object:
    return decode("x", message).array().tolist()


def sample(dtype: str, *shape: int) -> Tensor:
    """A tensor of random bits, which bool and floats have their own idea of."""
    generator = numpy.random.default_rng(7)
    array = generator.integers(0, 2, shape) if dtype == "bool" else generator.integers(-90, 90, shape)
    return Tensor(dtype, shape, array.astype(dtype).tobytes())


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize("as_content", [False, True])
def test_a_tensor_comes_back_as_it_was(dtype: str, *, as_content: bool) -> None:
    message = TensorProto()
    encode(sample(dtype, 2, 3), message, as_content=as_content)
    assert bool(message.tensor_content) is as_content
    assert decode("x", TensorProto.FromString(message.SerializeToString())) == sample(dtype, 2, 3)


@pytest.mark.parametrize("as_content", [False, True])
def test_strings_come_back_as_they_were(*, as_content: bool) -> None:
    strings = [b"", b"a", b"\xff\x00", b"long" * 100]
    message = TensorProto()
    encode(Tensor("string", (2, 2), strings=strings), message, as_content=as_content)
    assert bool(message.tensor_content) is as_content
    assert decode("x", message) == Tensor("string", (2, 2), strings=strings)


@pytest.mark.parametrize(
    ("dtype", "field"),
    [
        ("float32", "float_val: [1, 2]"),
        ("float64", "double_val: [1, 2]"),
        ("int8", "int_val: [1, 2]"),
        ("uint8", "int_val: [1, 2]"),
        ("int16", "int_val: [1, 2]"),
        ("uint16", "int_val: [1, 2]"),
        ("int32", "int_val: [1, 2]"),
        ("uint32", "uint32_val: [1, 2]"),
        ("int64", "int64_val: [1, 2]"),
        ("uint64", "uint64_val: [1, 2]"),
        ("bool", "bool_val: [true, true]"),
        ("complex64", "scomplex_val: [1, 0, 2, 0]"),
        ("complex128", "dcomplex_val: [1, 0, 2, 0]"),
        ("float16", "half_val: [15360, 16384]"),
    ],
)
def test_elements_are_written_to_the_field_of_their_type(dtype: str, field: str) -> None:
    message = TensorProto()
    encode(Tensor(dtype, (2,), numpy.array([1, 2], dtype).tobytes()), message, as_content=False)
    (number,) = (number for number, name in DTYPES.items() if name == dtype)
    assert message == proto(f"dtype: {DataType.Name(number)} tensor_shape {{ dim {{ size: 2 }} }} {field}")


def test_bfloat16_keeps_its_bits() -> None:
    message = shaped("DT_BFLOAT16", 2, half_val=[0x3F80, 0xC000])
    tensor = decode("x", message)
    assert tensor == Tensor("bfloat16", (2,), b"\x80\x3f\x00\xc0")
    again = TensorProto()
    encode(tensor, again, as_content=False)
    assert again == message


def test_values_that_are_missing_repeat_the_last() -> None:
    assert values(shaped("DT_FLOAT", 2, 2, float_val=[1, 2])) == [[1, 2], [2, 2]]
    assert values(shaped("DT_STRING", 3, string_val=[b"a"])) == [b"a", b"a", b"a"]
    assert values(shaped("DT_COMPLEX64", 2, scomplex_val=[1, 2])) == [1 + 2j, 1 + 2j]


def test_without_any_value_all_are_zero() -> None:
    assert values(shaped("DT_INT32", 2)) == [0, 0]
    assert values(shaped("DT_STRING", 2)) == [b"", b""]
    assert values(shaped("DT_BOOL", 1)) == [False]


def test_values_beyond_the_shape_are_ignored() -> None:
    assert values(shaped("DT_INT64", 2, int64_val=[1, 2, 3])) == [1, 2]
    assert values(shaped("DT_STRING", 1, string_val=[b"a", b"b"])) == [b"a"]


def test_without_a_shape_it_is_a_scalar() -> None:
    assert decode("x", proto("dtype: DT_FLOAT float_val: 3")) == Tensor("float32", (), b"\x00\x00\x40\x40")


def test_a_scalar_is_written_with_a_shape_of_no_dimensions() -> None:
    message = TensorProto()
    encode(Tensor("int32", (), bytes(4)), message, as_content=False)
    assert message.HasField("tensor_shape")
    assert not message.tensor_shape.dim


@pytest.mark.parametrize("dtype", ["DT_FLOAT", "DT_STRING"])
def test_an_empty_tensor_has_no_elements(dtype: str) -> None:
    tensor = decode("x", shaped(dtype, 0, 3))
    assert tensor.shape == (0, 3)
    assert not tensor.data
    assert not tensor.strings


def test_the_version_number_is_not_looked_at() -> None:
    assert values(shaped("DT_FLOAT", 1, float_val=[1], version_number=9)) == [1]


def test_unpacked_values_are_read_too() -> None:
    # Field 5, float_val, value by value: proto2 writers send them so.
    one_by_one = b"\x2d\x00\x00\x80\x3f\x2d\x00\x00\x00\x40"
    assert values(TensorProto.FromString(shaped("DT_FLOAT", 2).SerializeToString() + one_by_one)) == [1, 2]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (shaped("DT_INVALID", 1), "tensors of DT_INVALID cannot be served"),
        (shaped("DT_QINT8", 1), "tensors of DT_QINT8 cannot be served"),
        (proto("dtype: DT_RESOURCE"), "tensors of DT_RESOURCE cannot be served"),
        (proto("dtype: DT_FLOAT_REF"), "tensors of DT_FLOAT_REF cannot be served"),
        (TensorProto.FromString(b"\x08\xe7\x07"), "tensors of data type 999 cannot be served"),
        (shaped("DT_FLOAT", -1, float_val=[1]), "no tensor has the shape [-1]"),
        (shaped("DT_FLOAT", *[1] * 255), "no tensor has the shape [1,1,"),
        (shaped("DT_FLOAT", 2**40, 2**40), "no tensor has the shape [1099511627776,1099511627776]"),
        (
            shaped("DT_FLOAT", 2, tensor_content=b"123"),
            "tensor_content has 3 bytes, but float32 of the shape [2] has 8",
        ),
        (shaped("DT_UINT8", 1, int_val=[256]), "int_val has a value that is not within uint8"),
        (shaped("DT_UINT8", 1, int_val=[-1]), "int_val has a value that is not within uint8"),
        (shaped("DT_HALF", 1, half_val=[65536]), "half_val has a value that is not within float16"),
        (
            shaped("DT_STRING", 2, tensor_content=b"\x01"),
            "tensor_content does not begin with the lengths of 2 strings",
        ),
        (
            shaped("DT_STRING", 1, tensor_content=b"\xff\xff\xff\xff\xff\x01"),
            "tensor_content does not begin with the lengths of 1 strings",
        ),
        (
            shaped("DT_STRING", 1, tensor_content=b"\x05ab"),
            "tensor_content has 3 bytes, but its 1 strings need 6",
        ),
    ],
    ids=str,
)
def test_what_is_no_tensor_is_told_why(message: TensorProto, text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        decode("x", message)
    assert str(refused.value).startswith(f"tensor parsing error: x: {text}")


@pytest.mark.parametrize(
    "message",
    [
        shaped("DT_FLOAT", 2**34, float_val=[1]),
        shaped("DT_INT64", 2**62),
        shaped("DT_STRING", 2**30, string_val=[b""]),
        shaped("DT_STRING", 1000, string_val=[b"a" * MEBIBYTE]),
        shaped("DT_FLOAT", 2**34, tensor_content=b"1234"),
    ],
    ids=["floats", "zeros", "empty strings", "long strings", "content"],
)
def test_a_few_bytes_cannot_fill_the_memory(message: TensorProto) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidArgument, match=r"send every element|tensor_content has 4 bytes"):
            decode("x", message)
        assert tracemalloc.get_traced_memory()[1] < 4 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_no_object_is_made_for_each_value_of_a_picture() -> None:
    picture = sample("float32", 1, 513, 513, 3)
    message = TensorProto()
    tracemalloc.start()
    try:
        encode(picture, message, as_content=False)
        assert decode("x", message) == picture
        assert tracemalloc.get_traced_memory()[1] < 4 * len(picture.data)
    finally:
        tracemalloc.stop()


def test_numpy_is_not_needed() -> None:
    program = "import sys, firstserve.rpc.prediction_service, firstserve.batching.rows; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"False\n"
