"""Calls whose message does not come: what they keep from others, and how they end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc
import pytest

from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest
from tests.contract.rpc.conftest import MODELS, GrpcProcess, serving_grpc
from tests.server_process import ANSWER_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.serving_api import Client

MANY = 80
"""More than there are places for requests at once."""
PREDICT = "/tensorflow.serving.PredictionService/Predict"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


@pytest.fixture
def server(targets: dict[str, Target], client: Client, shared_data: Path) -> Iterator[GrpcProcess]:
    """The server in Rust, where a message has two seconds to come."""
    flags = (f"--model_base_path={shared_data / MODELS['rust']}", "--model_name=m", "--request_body_timeout_s=2")
    with serving_grpc("rust", targets["rust"], client, *flags) as server:
        yield server


@pytest.mark.parametrize(("method", "code"), [(PREDICT, "DEADLINE_EXCEEDED"), (REFLECTION, "OK")])
def test_calls_whose_message_does_not_come_keep_nobody_out(server: GrpcProcess, method: str, code: str) -> None:
    released = threading.Event()

    def nothing() -> Iterator[bytes]:
        released.wait()
        yield from ()

    request = PredictRequest()
    request.model_spec.name = "m"
    request.inputs["x"].dtype = 1
    request.inputs["x"].float_val.append(1.0)
    with grpc.insecure_channel(server.target) as channel:
        silent = [channel.stream_unary(method).future(nothing()) for _ in range(MANY)]
        answer = channel.unary_unary(PREDICT)(request.SerializeToString(), timeout=ANSWER_LIMIT_S)
        assert answer
        assert not any(call.done() for call in silent)
        errors = [call.exception(ANSWER_LIMIT_S) for call in silent]
        released.set()
    for error in errors:
        # Reflection just ends.
        assert (error.code().name if error else "OK") == code
