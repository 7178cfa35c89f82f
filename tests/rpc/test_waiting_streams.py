"""Streams that wait for their client: they keep no place from others, and end in time."""

from __future__ import annotations

import threading
import zlib
from contextlib import ExitStack, contextmanager
from gzip import compress
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from firstserve.admission import Admission
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictResponse
from firstserve.rpc.intake import STREAMS
from tests.models.conftest import until
from tests.rpc.conftest import LIMIT_S, NUMBERS, holding_calls, make_request, serving_rpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firstserve.models.manager import ModelManager
    from tests.rpc.conftest import Rpc

PREDICT = "/tensorflow.serving.PredictionService/Predict"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
CHECK = "/grpc.health.v1.Health/Check"
REQUEST = make_request("PredictionService/Predict", f"model_spec {{ name: 'half_plus_two' }} {NUMBERS}")
MANY = 2 * STREAMS
MIB = 1024 * 1024


@contextmanager
def silent_streams(rpc: Rpc, method: str, count: int) -> Iterator[list[Any]]:
    """Streams of headers alone, which end with the block."""
    ended = threading.Event()

    def nothing() -> Iterator[bytes]:
        ended.wait()
        yield from ()

    call = rpc.channel.stream_stream(method)
    streams = [call(nothing()) for _ in range(count)]
    try:
        yield streams
    finally:
        ended.set()
        for each in streams:
            each.cancel()


def predict(rpc: Rpc) -> list[float]:
    return list(rpc.call("PredictionService/Predict", REQUEST).outputs["y"].float_val)


@pytest.mark.parametrize("method", [PREDICT, REFLECT, CHECK])
def test_streams_without_a_message_keep_nobody_from_being_answered(manager: ModelManager, method: str) -> None:
    with serving_rpc(manager, admission=Admission(4), threads=2) as rpc, silent_streams(rpc, method, MANY) as streams:
        until(lambda: sum(each.done() for each in streams) >= MANY - STREAMS)  # the server has seen them all
        assert predict(rpc) == [2.5, 3, 4.5]
        checked = health_pb2_grpc.HealthStub(rpc.channel).Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_S)
        assert checked.status == health_pb2.HealthCheckResponse.SERVING


def test_who_watches_health_keeps_nobody_from_being_answered(manager: ModelManager) -> None:
    with serving_rpc(manager, admission=Admission(4), threads=2) as rpc, ExitStack() as watching:
        for _ in range(MANY):
            watched = health_pb2_grpc.HealthStub(rpc.channel).Watch(health_pb2.HealthCheckRequest())
            watching.callback(watched.cancel)
            assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        assert predict(rpc) == [2.5, 3, 4.5]


def test_who_waits_on_one_stream_does_not_suffer_for_who_opens_many(manager: ModelManager) -> None:
    apart = [("grpc.use_local_subchannel_pool", 1)]
    with (
        serving_rpc(manager) as rpc,
        grpc.insecure_channel(rpc.target, apart) as channel,
        silent_streams(rpc._replace(channel=channel), REFLECT, 1) as [patient],
    ):
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_S)
        with silent_streams(rpc, PREDICT, MANY) as streams:
            until(lambda: sum(each.done() for each in streams) >= MANY - STREAMS + 1)
        assert not patient.done()


@pytest.mark.parametrize("method", [PREDICT, REFLECT, CHECK])
def test_a_message_that_does_not_come_in_time_ends_its_stream(manager: ModelManager, method: str) -> None:
    with serving_rpc(manager, body_timeout_s=0.1) as rpc, silent_streams(rpc, method, 1) as [stream]:
        until(stream.done)
        assert stream.code() is grpc.StatusCode.CANCELLED


def test_a_stream_that_ends_without_a_message(rpc: Rpc) -> None:
    with pytest.raises(grpc.RpcError, match="requires exactly one request message"):
        list(rpc.channel.stream_stream(PREDICT)(iter(()), timeout=LIMIT_S))


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
@pytest.mark.parametrize("method", [PREDICT, CHECK])
def test_compressed_messages_are_read(rpc: Rpc, method: str, compression: grpc.Compression) -> None:
    label = "tensorflow.serving.ModelService"
    request = REQUEST if method == PREDICT else health_pb2.HealthCheckRequest(service=label)
    answer = rpc.channel.unary_unary(method)(request.SerializeToString(), timeout=LIMIT_S, compression=compression)
    if method == PREDICT:
        assert list(PredictResponse.FromString(answer).outputs["y"].float_val) == [2.5, 3, 4.5]
    else:
        assert answer == health_pb2.HealthCheckResponse(status=1).SerializeToString()


def refusal(rpc: Rpc, data: bytes) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as failed:
        rpc.channel.unary_unary(PREDICT)(data, timeout=LIMIT_S)
    return failed.value.code().name, failed.value.details()


def test_a_small_message_does_not_become_more_than_all_messages_may_take(manager: ModelManager) -> None:
    with serving_rpc(manager, bytes_at_once=MIB) as rpc:
        code, text = refusal(rpc, compress(bytes(16 * MIB)))
        assert (code, "--max_body_bytes_at_once" in text) == ("RESOURCE_EXHAUSTED", True)
        # What was taken is given back.
        assert predict(rpc) == [2.5, 3, 4.5]


def test_the_limit_of_a_message_goes_for_what_it_is_inflated(manager: ModelManager) -> None:
    with serving_rpc(manager, channel_arguments={"grpc.max_receive_message_length": MIB}) as rpc:
        code, text = refusal(rpc, compress(bytes(2 * MIB)))
        assert (code, "grpc.max_receive_message_length" in text) == ("RESOURCE_EXHAUSTED", True)


@pytest.mark.parametrize("data", [compress(b"x" * 100)[:-1], compress(b"x") + b"y", zlib.compress(bytes(9))[:-2]])
def test_a_damaged_compressed_message_is_the_clients_fault(rpc: Rpc, data: bytes) -> None:
    code, text = refusal(rpc, data)
    assert (code, "compressed message" in text) == ("INVALID_ARGUMENT", True)


def test_a_message_beyond_the_memory_of_all_is_taken_alone(manager: ModelManager) -> None:
    with serving_rpc(manager, bytes_at_once=1) as rpc:
        assert predict(rpc) == [2.5, 3, 4.5]


def test_messages_of_all_calls_together_are_limited() -> None:
    message = REQUEST.SerializeToString()
    with holding_calls(Admission(2), threads=2, bytes_at_once=len(message) + 1) as held:
        first = held.call.future(message, timeout=LIMIT_S)
        until(lambda: bool(held.running))
        with pytest.raises(grpc.RpcError, match="--max_body_bytes_at_once") as refused:
            held.call(message, timeout=LIMIT_S)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        held.released.set()
        first.result()
        # What was taken is given back once the answer has gone.
        until(lambda: held.call.future(message, timeout=LIMIT_S).exception() is None)
