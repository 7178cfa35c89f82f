"""Tensors of every dtype there and back, through a model of TensorFlow's that gives back what it gets."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import ml_dtypes
import numpy as np
import pytest

from firstserve.client import Client, InvalidRequest
from tests.client.conftest import served, wait_for
from tests.server_process import ANSWER_LIMIT_S, ROOT, environment_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.conftest import Served

VALUES = {
    "bool": [[True, False]],
    "uint8": [[0, 255]],
    "int8": [[-128, 127]],
    "uint16": [[0, 65535]],
    "int16": [[-32768, 32767]],
    "float16": [[0.5, -65504.0]],
    "bfloat16": [[0.5, 3.0]],
    "uint32": [[0, 2**32 - 1]],
    "int32": [[-(2**31), 2**31 - 1]],
    "float32": [[0.1, -3.5]],
    "uint64": [[0, 2**64 - 1]],
    "int64": [[-(2**63), 2**63 - 1]],
    "float64": [[0.1, -1e300]],
    "complex64": [[1 + 2j, 2 - 0.5j]],
}
IN_JSON = sorted(set(VALUES) - {"uint16", "float16", "bfloat16", "complex64"})
"""What TensorFlow Serving's REST API has."""
TEXTS = [["plain", "Größe"], [b"\x00\xff", ""]]
AS_BYTES = [[b"plain", "Größe".encode()], [b"\x00\xff", b""]]
WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None  # so that it cannot be imported
from firstserve.client import Client
with Client({url!r}, timeout_s=60) as client:
    for dtype, values in {values!r}.items():
        answer = client.predict("echo", {{"x": values}}, signature_name=f"echo_{{dtype}}")
        print([dtype, answer.outputs["y"]])
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """TensorFlow's server with a signature of `echo` for each dtype."""
    folder = tmp_path_factory.mktemp("echo")
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, ROOT / "tests/contract/rest/models.py", folder], check=True, capture_output=True)
    with served("slow", "--model_name=echo", f"--model_base_path={folder / 'tensorflow_only'}") as server:
        wait_for(server, "echo", 1)
        yield server


@pytest.fixture(params=["rest", "grpc"])
def client(request: pytest.FixtureRequest, echo: Served) -> Iterator[Client]:
    with Client(getattr(echo, request.param), timeout_s=ANSWER_LIMIT_S) as client:
        yield client


def there_and_back(client: Client, dtype: str, value: object) -> np.ndarray:
    array = client.predict("echo", {"x": value}, signature_name=f"echo_{dtype}").outputs["y"]
    assert isinstance(array, np.ndarray)
    return array


def check(array: np.ndarray, dtype: str) -> None:
    assert array.dtype == ("float32" if dtype == "bfloat16" else dtype)
    np.testing.assert_array_equal(array, np.array(VALUES[dtype], array.dtype))


@pytest.mark.parametrize("dtype", VALUES)
def test_lists_by_grpc(echo: Served, dtype: str) -> None:
    with Client(echo.grpc, timeout_s=ANSWER_LIMIT_S) as client:
        check(there_and_back(client, dtype, VALUES[dtype]), dtype)


@pytest.mark.parametrize("dtype", VALUES)
def test_arrays_by_grpc(echo: Served, dtype: str) -> None:
    array = np.array(VALUES[dtype], ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    with Client(echo.grpc, timeout_s=ANSWER_LIMIT_S) as client:
        check(there_and_back(client, dtype, array), dtype)


@pytest.mark.parametrize("dtype", IN_JSON)
def test_lists_by_rest(echo: Served, dtype: str) -> None:
    with Client(echo.rest, timeout_s=ANSWER_LIMIT_S) as client:
        check(there_and_back(client, dtype, VALUES[dtype]), dtype)


@pytest.mark.parametrize("dtype", IN_JSON)
def test_arrays_by_rest(echo: Served, dtype: str) -> None:
    with Client(echo.rest, timeout_s=ANSWER_LIMIT_S) as client:
        check(there_and_back(client, dtype, np.array(VALUES[dtype], dtype)), dtype)


def test_rest_has_no_complex_numbers(echo: Served) -> None:
    with Client(echo.rest) as client, pytest.raises(InvalidRequest, match="JSON"):
        there_and_back(client, "complex64", VALUES["complex64"])


def test_strings_are_bytes_of_utf8(client: Client) -> None:
    assert there_and_back(client, "string", TEXTS).tolist() == AS_BYTES


@pytest.mark.parametrize("dtype", [object, "S"])
def test_strings_in_arrays(client: Client, dtype: type | str) -> None:
    given = np.array([[b"plain", b"a\xff"]], dtype)
    assert there_and_back(client, "string", given).tolist() == [[b"plain", b"a\xff"]]


def test_a_scalar(client: Client) -> None:
    array = there_and_back(client, "float32", 1.5)
    assert (array.shape, array.tolist()) == ((), 1.5)


def test_several_outputs_are_named(client: Client) -> None:
    outputs = client.predict("echo", {"text": ["a", "b"]}, signature_name="text").outputs
    assert {name: each.tolist() for name, each in outputs.items()} == {
        "text": [b"b", b"a"],
        "text_bytes": [b"a", b"b"],
    }


def test_a_row_major_array_of_the_other_byte_order_is_turned(client: Client) -> None:
    given = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    assert there_and_back(client, "int32", given).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_list_of_arrays_is_a_tensor(client: Client) -> None:
    assert there_and_back(client, "float32", [np.ones(2), np.zeros(2)]).tolist() == [[1, 1], [0, 0]]


def test_an_answer_may_be_changed(client: Client) -> None:
    array = there_and_back(client, "float32", [1.0])
    array += 1
    assert array == [2]


def test_lists_of_different_lengths_are_no_tensor(echo: Served) -> None:
    with Client(echo.grpc) as client, pytest.raises(InvalidRequest, match='the input "x" is no tensor'):
        there_and_back(client, "float32", [[1.0], [1.0, 2.0]])


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 256), ("int32", 1.5), ("float16", 1e9), ("bool", 1)])
def test_an_element_beyond_its_dtype_is_named(echo: Served, dtype: str, value: object) -> None:
    with Client(echo.grpc) as client, pytest.raises(InvalidRequest, match=f'the input "x" takes {dtype}'):
        there_and_back(client, dtype, [value])


def test_compressed_requests_are_answered(echo: Served) -> None:
    for url in (echo.rest, echo.grpc):
        with Client(url, timeout_s=ANSWER_LIMIT_S, compress=True) as client:
            assert there_and_back(client, "float32", np.ones((100, 100))[0].astype("float32")).sum() == 100


def test_without_numpy_answers_are_lists(echo: Served) -> None:
    values = VALUES | {"string": AS_BYTES}
    code = WITHOUT_NUMPY.format(url=echo.grpc, values=values)
    printed = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout
    expected = values | {"float32": np.array(VALUES["float32"], "float32").tolist()}
    assert printed.splitlines() == [str(list(pair)) for pair in expected.items()]
