"""How much a body may hold: beyond that it is refused before anything is made of it, below it takes little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstserve.errors import TooLarge
from firstserve.json_tensor.count import MOST_NUMBERS, MOST_RAW_BYTES, MOST_VALUES, MOST_WIDE_BYTES
from firstserve.json_tensor.document import Document

ROOT = Path(__file__).parents[2]
LIMIT_BYTES = 400 * 1024 * 1024
HEAD, TAIL = b'{"instances":[', b"]}"
MEASURED = """
import re, sys
from pathlib import Path

import google.protobuf, numpy, rapidjson, simdjson
from firstserve.errors import InvalidArgument
from firstserve.json_tensor.document import Document
from firstserve.json_tensor.examples import read_examples
from firstserve.json_tensor.predict_request import read_predict_request
from firstserve.servable import Signature, TensorSpec

def highest():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

head, item, count, dtype = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3]), sys.argv[4]
body = head + item * count + b"0" * (not item.startswith(b'"')) + b'"a"' * item.startswith(b'"') + b"]}"
before = highest()
document = Document(body)
try:
    if dtype == "example":
        read_examples(document)
    else:
        read_predict_request(document, "", Signature("", {"x": TensorSpec("x", dtype, None)}, {}))
except InvalidArgument:
    pass
print(highest() - before)
"""


@pytest.mark.parametrize(
    ("item", "count"),
    [
        (b"0,", MOST_NUMBERS),
        (b"[0,0],", MOST_NUMBERS // 2),
        (b"true,", MOST_VALUES),
        (b"[],[0,0],", MOST_VALUES // 5),
        (b'{"x":0},', MOST_VALUES // 3),
        (b'"a",', MOST_VALUES),
    ],
)
def test_too_many_values(item: bytes, count: int) -> None:
    with pytest.raises(TooLarge, match="send less, or by gRPC"):
        Document(HEAD + item * count + item[:-1] + TAIL)


def test_too_much_text() -> None:
    for text, size in (("\N{EURO SIGN}".encode(), MOST_WIDE_BYTES), (b"\xff", MOST_RAW_BYTES)):
        with pytest.raises(TooLarge, match="send less, or by gRPC"):
            Document(HEAD + b'"' + text + b"a" * size + b'"' + TAIL)


def test_long_text_of_ascii_is_read() -> None:
    text = "a" * (MOST_WIDE_BYTES + 1)
    assert Document(HEAD + f'"{text}"'.encode() + TAIL).members == {"instances": [text]}


@pytest.mark.parametrize(
    ("head", "item", "count", "dtype"),
    [
        ('{"instances":[', "0,", MOST_NUMBERS - 1, "float32"),
        ('{"instances":[[0],', "0,", MOST_VALUES - 10, "float32"),
        ('{"instances":[', '{"x":0},', MOST_VALUES // 3 - 10, "float32"),
        ('{"instances":[', '"ab",', MOST_VALUES - 10, "string"),
        ('{"examples":[', '{"x":0},', MOST_VALUES // 3 - 10, "example"),
    ],
)
def test_what_is_just_not_too_much_takes_little_memory(head: str, item: str, count: int, dtype: str) -> None:
    command = [sys.executable, "-c", MEASURED, head, item, str(count), dtype]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(ended.stdout) < LIMIT_BYTES
