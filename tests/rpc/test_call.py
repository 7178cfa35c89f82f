"""What every call has in common: bytes, errors, deadlines, admission, and what is written down of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import grpc
import pytest

from firstserve.admission import Admission
from firstserve.logs.access import AccessLog
from firstserve.monitoring.recorder import Recorder
from firstserve.rpc.call import Call, Method, Turns, make_handler
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from firstserve.rpc.intake import Intake, Limits
from tests.models.conftest import until
from tests.rpc.conftest import LIMIT_S, NUMBERS, holding_calls, refusal, serving_rpc

if TYPE_CHECKING:
    from firstserve.models.manager import ModelManager
    from tests.rpc.conftest import Rpc

PREDICT = f"model_spec {{ name: 'half_plus_two' }} {NUMBERS}"
COUNT = """model_spec {{ name: 'everything' signature_name: 'count' }}
    inputs {{ key: "steps" value {{ dtype: DT_INT32 tensor_shape {{ }} int_val: {} }} }}"""


class Noted(Recorder):
    """Keeps what is recorded of requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, str]] = []

    def request(self, model_name: str, status: str, api: str, entrypoint: str, latency_us: float) -> None:
        assert latency_us > 0
        self.requests.append((model_name, status, api, entrypoint))


def send(rpc: Rpc, method: str, octets: bytes, timeout_s: float = LIMIT_S) -> tuple[str, str]:
    """Code and text of a call with these bytes, which must fail."""
    with pytest.raises(grpc.RpcError) as failed:
        rpc.channel.unary_unary(f"/tensorflow.serving.{method}")(octets, timeout=timeout_s)
    return failed.value.code().name, failed.value.details()


def test_bytes_that_are_no_message_are_the_clients_fault(rpc: Rpc) -> None:
    assert send(rpc, "PredictionService/Predict", b"\xff\xff\xff") == (
        "INVALID_ARGUMENT",
        "the message is no serialized tensorflow.serving.PredictRequest",
    )


def test_a_name_that_is_not_utf_8_is_the_clients_fault(rpc: Rpc) -> None:
    assert send(rpc, "PredictionService/Predict", b"\x0a\x03\x0a\x01\xff")[0] == "INVALID_ARGUMENT"


def test_a_method_that_is_not_there(rpc: Rpc) -> None:
    assert send(rpc, "PredictionService/PredictStreamed", b"")[0] == "UNIMPLEMENTED"


def test_a_fault_of_ours_is_internal_and_leaves_its_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: PredictRequest, call: Call) -> PredictResponse:
        raise ZeroDivisionError(f"{request}{call}")

    method = Method(PredictRequest, fail, Turns(nullcontext(), 1))
    handler = make_handler("/s/Fail", method, AccessLog(Recorder()), Intake(Limits(1024, 1024, LIMIT_S, LIMIT_S)))
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", {"Fail": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as failed:
        channel.unary_unary("/s/Fail")(b"", timeout=LIMIT_S)
    server.stop(0)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert failed.value.details() == "the server failed: ZeroDivisionError; its log says where"
    assert "Traceback" in caplog.text


def test_a_long_text_is_cut(rpc: Rpc) -> None:
    text = refusal(rpc, "PredictionService/Predict", f"model_spec {{ name: '{'m' * 2000}' }}")[1]
    assert text == f"Servable not found for request: Latest({'m' * 2000})"[:1024] + "...TRUNCATED"


def test_a_text_in_any_script_arrives(rpc: Rpc) -> None:
    text = refusal(rpc, "PredictionService/Predict", "model_spec { name: '模型 ß' }")[1]
    assert text == "Servable not found for request: Latest(模型 ß)"


def test_a_run_past_its_deadline_is_ended(manager: ModelManager) -> None:
    noted = Noted()
    with serving_rpc(manager, recorder=noted) as rpc:
        began_s = time.monotonic()
        with pytest.raises(grpc.RpcError) as failed:
            rpc.call("PredictionService/Predict", COUNT.format(2_000_000_000), timeout_s=0.3)
        assert failed.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        until(lambda: bool(noted.requests))
        assert time.monotonic() - began_s < 60  # it would count for half an hour
    assert noted.requests == [("everything", "DEADLINE_EXCEEDED", "Predict", "GRPC")]


def test_a_call_that_is_one_too_many_is_turned_away_at_once(manager: ModelManager) -> None:
    admission = Admission(1)
    with serving_rpc(manager, admission=admission) as rpc:
        with admission:
            code, text = refusal(rpc, "PredictionService/Predict", PREDICT)
            # The state of models is told all the same.
            rpc.call("ModelService/GetModelStatus", "model_spec { name: 'half_plus_two' }")
        assert code == "RESOURCE_EXHAUSTED"
        assert "--max_requests_at_once" in text
        rpc.call("PredictionService/Predict", PREDICT)


def test_no_more_calls_wait_for_their_turn_than_there_may_be_requests() -> None:
    with holding_calls(Admission(2), threads=1) as held:
        calls = [held.call.future(b"", timeout=LIMIT_S) for _ in range(40)]
        until(lambda: sum(each.done() for each in calls) == 38)
        assert len(held.running) == 1
        refused = [each.exception() for each in calls if each.done()]
        held.released.set()
        assert [each.result() for each in calls if each.exception() is None] == [b"", b""]
    assert {each.code().name for each in refused} == {"RESOURCE_EXHAUSTED"}
    assert all("--max_requests_at_once" in each.details() for each in refused)


def test_a_call_that_waits_for_its_turn_ends_with_its_deadline() -> None:
    with holding_calls(Admission(2), threads=1) as held:
        first = held.call.future(b"", timeout=LIMIT_S)
        until(lambda: bool(held.running))
        with pytest.raises(grpc.RpcError) as failed:
            held.call(b"", timeout=0.1)
        held.released.set()
        assert first.result() == b""
    assert failed.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(held.running) == 1


def test_what_is_recorded_of_a_call(manager: ModelManager) -> None:
    noted = Noted()
    with serving_rpc(manager, recorder=noted) as rpc:
        rpc.call("PredictionService/Predict", PREDICT)
        refusal(rpc, "PredictionService/Classify", "model_spec { name: 'nobody' }")
        rpc.call("ModelService/GetModelStatus", "model_spec { name: 'half_plus_two' }")
        until(lambda: len(noted.requests) == 2)
    assert noted.requests == [("half_plus_two", "OK", "Predict", "GRPC"), ("nobody", "NOT_FOUND", "Classify", "GRPC")]
