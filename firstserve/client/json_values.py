"""Values: what a caller has, NumPy arrays or nested lists, <-> JSON as TensorFlow Serving's REST API has it.

Bytes are `{"b64": "..."}`; numbers that are not finite are NaN, Infinity and -Infinity. Format:
https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from firstserve.client.errors import InvalidRequest
from firstserve.client.tensor_values import numpy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.client.answers import TensorInfo

_BASE64 = "b64"


def write(document: object) -> bytes:
    """JSON. Raises InvalidRequest for what it cannot hold, such as complex numbers."""
    try:
        return json.dumps(document, default=_plain, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"the request cannot be written as JSON: {error}") from error


def read(body: bytes) -> Any:
    """A JSON document; its strings may hold any bytes, as surrogate escapes.

    Raises ValueError for what is none, RecursionError for one that is nested too deeply.
    """
    return json.loads(body.decode("utf-8", "surrogateescape"))


def named_outputs(outputs: Any, infos: Mapping[str, TensorInfo]) -> dict[str, Any] | None:
    """An answer's outputs by name, as values of their dtypes; None where they are not those of `infos`.

    A single output comes without its name.
    """
    if len(infos) == 1 and not (isinstance(outputs, dict) and outputs.keys() != {_BASE64}):
        outputs = dict.fromkeys(infos, outputs)
    if not isinstance(outputs, dict) or outputs.keys() != infos.keys():
        return None
    try:
        return {name: _value(each, infos[name].dtype) for name, each in outputs.items()}
    except (TypeError, ValueError, AttributeError, RecursionError):
        return None


def _plain(value: Any) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return {_BASE64: b2a_base64(value, newline=False).decode("ascii")}
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def _value(value: Any, dtype: str) -> Any:
    np = numpy()
    if dtype == "string":
        value = _texts(value)
        return value if np is None else np.array(value, dtype=object)
    return value if np is None else np.array(value, dtype="float32" if dtype == "bfloat16" else dtype)


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(each) for each in value]
    if isinstance(value, dict):
        return a2b_base64(value[_BASE64])
    return value.encode("utf-8", "surrogateescape")
