"""Answers: what a server tells, read from JSON; gRPC's messages are read in the form that JSON has for them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from firstserve.client.errors import ServerFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DTYPES = {"float": "float32", "double": "float64", "half": "float16"}
"""Where TensorFlow's name for a dtype is not NumPy's."""


class Answer(NamedTuple):
    """What a model has computed.

    `outputs` are by name: NumPy arrays of the signature's dtypes (`object` with bytes for strings, float32 for
    bfloat16), or nested lists where NumPy is not installed. `version` is the one that has answered; REST tells it
    only where it was asked for.
    """

    outputs: dict[str, Any]
    version: int | None


class Prediction(NamedTuple):
    """A class, with its score from 0 to 1."""

    class_id: int
    label: str | None
    score: float


class PictureAnswer(NamedTuple):
    """What is on a picture: the best classes first.

    `timings_ms` are those of `Server-Timing`: `decode`, `inference`, and in the first answer of a process its start.
    """

    model: str
    version: int
    predictions: list[Prediction]
    timings_ms: dict[str, float]


class VersionStatus(NamedTuple):
    """A version of a model. `state` is START, LOADING, AVAILABLE, UNLOADING or END; `error_code` is OK without one."""

    version: int
    state: str
    error_code: str
    error_message: str


class TensorInfo(NamedTuple):
    """A tensor of a signature: NumPy's name of its dtype or `string`, and its shape with -1 for what may vary.

    `shape` is None where even the rank may vary.
    """

    dtype: str
    shape: tuple[int, ...] | None


class Signature(NamedTuple):
    """What a model takes and gives. `method_name` is such as `tensorflow/serving/predict`."""

    method_name: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


class Metadata(NamedTuple):
    """A version of a model, and its signatures by name."""

    model: str
    version: int
    signatures: dict[str, Signature]


@contextmanager
def understood(server: object) -> Iterator[None]:
    """Raises ServerFault where an answer cannot be read within."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ServerFault(f"{server} answers something else than a model server does: {error!r}") from error


def read_statuses(answer: Mapping[str, Any]) -> list[VersionStatus]:
    """Of a GetModelStatusResponse, the newest version first as the server lists them."""
    return [_read_status(each, each.get("status", {})) for each in answer["model_version_status"]]


def _read_status(answer: Mapping[str, Any], status: Mapping[str, Any]) -> VersionStatus:
    code, message = status.get("error_code", "OK"), status.get("error_message", "")
    return VersionStatus(int(answer["version"]), answer["state"], code, message)


def read_metadata(answer: Mapping[str, Any]) -> Metadata:
    """Of a GetModelMetadataResponse."""
    spec = answer["model_spec"]
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    return Metadata(
        spec["name"],
        int(spec["version"]),
        {name: _read_signature(signatures[name]) for name in sorted(signatures) if not name.startswith("__")},
    )


def _read_signature(answer: Mapping[str, Any]) -> Signature:
    inputs, outputs = (
        {name: _read_info(info) for name, info in sorted(answer.get(end, {}).items())} for end in ("inputs", "outputs")
    )
    return Signature(answer.get("method_name", ""), inputs, outputs)


def _read_info(answer: Mapping[str, Any]) -> TensorInfo:
    name = answer.get("dtype", "DT_INVALID").removeprefix("DT_").lower()
    shape = answer.get("tensor_shape", {})
    sizes = None if shape.get("unknown_rank") else tuple(int(each.get("size", 0)) for each in shape.get("dim", ()))
    return TensorInfo(_DTYPES.get(name, name), sizes)


def read_picture_answer(answer: Mapping[str, Any], server_timing: str) -> PictureAnswer:
    """Of `POST /predict` and its header `Server-Timing`."""
    predictions = [Prediction(each["class"], each.get("label"), each["score"]) for each in answer["predictions"]]
    return PictureAnswer(answer["model"], int(answer["version"]), predictions, _read_timings(server_timing))


def _read_timings(server_timing: str) -> dict[str, float]:
    """`decode;dur=1.5, inference;dur=7` by name. Format: W3C Server Timing, of which `dur` is read."""
    timings = {}
    for metric in server_timing.split(","):
        name, *parameters = (part.strip() for part in metric.split(";"))
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "dur":
                timings[name] = float(value.strip().strip('"'))
    return timings
