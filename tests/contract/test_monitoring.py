"""Prometheus's page and the log of a running server, for requests by REST, by gRPC and with pictures."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest

from firstserve.models.loader import WARMUP_FILE
from firstserve.rpc.generated.tensorflow.core.framework.types_pb2 import DT_UINT8
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest
from firstserve.rpc.generated.tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from firstserve.tfrecord import write_records
from tests.server_process import ServerProcess, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.conftest import Target

PATH = "/figures"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LIMIT_S = 20


class Watched(NamedTuple):
    """A server with monitoring."""

    server: ServerProcess
    channel: grpc.Channel

    def figures(self) -> dict[str, float]:
        """The samples of the page, by name and labels as they are written there."""
        answer = self.server.ask("GET", PATH)
        assert answer.status == 200
        samples = [line.rpartition(" ") for line in answer.body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    def added(self, ask: Callable[[], object]) -> dict[str, float]:
        """What a request has added to the figures, once it has added to the count of requests."""
        before = self.figures()
        ask()
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            after = self.figures()
            added = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
            if any(name.startswith(":tensorflow:serving:request_count") for name in added):
                return added
            assert time.monotonic() < deadline_s, added

    def line(self, message: str, ask: Callable[[], object]) -> dict[str, Any]:
        """The line with this message that a request has added to the log."""
        before = len(self.lines(message))
        ask()
        deadline_s = time.monotonic() + LIMIT_S
        while len(lines := self.lines(message)) == before:
            assert time.monotonic() < deadline_s, self.server.log
        return lines[-1]

    def lines(self, message: str) -> list[dict[str, Any]]:
        """The log's lines about requests, those whose message begins so; each has ended."""
        entries = [json.loads(line) for line in self.server.log.splitlines(keepends=True) if line.endswith("}\n")]
        return [entry for entry in entries if entry["message"].startswith(message)]

    def predict(self, name: str, metadata: tuple[tuple[str, str], ...] = ()) -> grpc.StatusCode:
        """A request by gRPC that has no inputs."""
        request = PredictRequest()
        request.model_spec.name = name
        method = self.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        code: grpc.StatusCode = method.future(request.SerializeToString(), timeout=LIMIT_S, metadata=metadata).code()
        return code


@pytest.fixture(scope="module", params=["fast", "rust"])
def one(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """A server in Python and one in Rust: the runtimes tell of themselves in the same way."""
    return targets[request.param]


@pytest.fixture(scope="module")
def watched(one: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    config = tmp_path_factory.mktemp("monitoring") / "monitoring.config"
    config.write_text(f'prometheus_config {{ enable: true, path: "{PATH}" }}')
    port = free_port()
    with serving(*one.argv(), f"--port={port}", f"--monitoring_config_file={config}") as server:
        server.wait_until_open()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(LIMIT_S)
            yield Watched(server, channel)


def count(model: str, status: str) -> str:
    return f':tensorflow:serving:request_count{{model_name="{model}",status="{status}"}}'


def latency(model: str, api: str, entrypoint: str) -> str:
    labels = f'model_name="{model}",API="{api}",entrypoint="{entrypoint}"'
    return f":tensorflow:serving:request_latency_count{{{labels}}}"


def pixels(value: int) -> bytes:
    """A request for MobileNet, by row."""
    return json.dumps({"instances": [[[[value] * 3] * 224] * 224]}).encode()


def test_picture_is_counted_and_timed(watched: Watched, cat: bytes) -> None:
    added = watched.added(lambda: watched.server.predict(cat))
    assert added[count("mobilenet", "OK")] == 1
    assert added[latency("mobilenet", "image", "REST")] == 1


def test_rest_is_counted_and_timed(watched: Watched) -> None:
    added = watched.added(lambda: watched.server.ask("POST", "/v1/models/mobilenet:predict", pixels(7)))
    assert added[count("mobilenet", "OK")] == 1
    assert added[latency("mobilenet", "predict", "REST")] == 1
    labels = 'model_name="mobilenet",API="Predict",runtime="LiteRT"'
    assert added[f":tensorflow:serving:runtime_latency_count{{{labels}}}"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models/mobilenet:predict", "INVALID_ARGUMENT"),
        ("/v1/models/nobody:regress", "INVALID_ARGUMENT"),
        ("/v1/models/mobilenet/versions/9:predict", "NOT_FOUND"),
    ],
)
def test_failure_by_rest_is_counted_and_not_timed(watched: Watched, path: str, status: str) -> None:
    body = pixels(7) if status == "NOT_FOUND" else b"{"
    added = watched.added(lambda: watched.server.ask("POST", path, body))
    assert added == {count(path.split("/")[3].split(":", maxsplit=1)[0], status): 1}


def test_rpc_is_counted(watched: Watched) -> None:
    codes: list[grpc.StatusCode] = []
    added = watched.added(lambda: codes.append(watched.predict("mobilenet")))
    assert codes == [grpc.StatusCode.INVALID_ARGUMENT]
    assert added == {count("mobilenet", "INVALID_ARGUMENT"): 1}


def test_page_tells_how_long_the_start_took(watched: Watched) -> None:
    assert 0 < watched.figures()['firstserve_startup_seconds{phase="ready"}'] < LIMIT_S


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"])
def test_page_is_for_every_method(watched: Watched, method: str) -> None:
    answer = watched.server.ask(method, PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.body.startswith(b"# TYPE :tensorflow:serving:")


@pytest.mark.parametrize("query", ["x=1", ""])
def test_page_takes_no_query(watched: Watched, query: str) -> None:
    answer = watched.server.ask("GET", f"{PATH}?{query}")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.body.decode() == f"Unexpected path: {PATH}?{query}. Should be {PATH}"


def test_batches_are_counted(targets: dict[str, Target], tmp_path: Path) -> None:
    target = targets["fast"]
    config = tmp_path / "monitoring.config"
    config.write_text("prometheus_config { enable: true }")
    flags = ("--enable_batching", f"--monitoring_config_file={config}")
    with serving(*target.argv(), *flags) as server:
        server.wait_until_open()
        assert server.ask("POST", "/v1/models/mobilenet:predict", pixels(7)).status == 200
        page = server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
    assert ":tensorflow:serving:batching_session:wrapped_run_count{} 1\n" in page
    queued = ':tensorflow:serving:batching_session:queuing_latency_count{thread_pool_name="model_batch_threads"} 1\n'
    assert queued in page


def test_warmup_is_timed_and_its_records_counted(one: Target, tflite_model: Path, tmp_path: Path) -> None:
    config = tmp_path / "monitoring.config"
    config.write_text("prometheus_config { enable: true }")
    version = tmp_path / "mobilenet/1"
    shutil.copytree(tflite_model / "1", version)
    (version / WARMUP_FILE).parent.mkdir()
    log = PredictionLog()
    picture = log.predict_log.request.inputs["image"]
    picture.dtype = DT_UINT8
    for size in (1, 224, 224, 3):
        picture.tensor_shape.dim.add(size=size)
    picture.tensor_content = bytes(224 * 224 * 3)
    write_records(version / WARMUP_FILE, [log.SerializeToString()] * 3)
    flags = ("--model_name=mobilenet", f"--model_base_path={version.parent}", f"--monitoring_config_file={config}")
    with serving(*one.argv(), *flags) as server:
        server.wait_until_open()
        assert server.ask("POST", "/v1/models/mobilenet:predict", pixels(7)).status == 200
        page = server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
    assert ":tensorflow:serving:model_warmup_records_read{} 3\n" in page
    labels = f'model_path="{version}",status="OK"'
    assert f":tensorflow:serving:model_warmup_latency_count{{{labels}}} 1\n" in page


def test_server_without_monitoring_has_no_page(server: ServerProcess) -> None:
    assert server.ask("GET", "/monitoring/prometheus/metrics").status == 404


def test_line_tells_of_a_picture(watched: Watched, cat: bytes) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    line = watched.line("POST /predict?top_k=1", lambda: watched.server.predict(cat, "?top_k=1", headers))
    assert line["severity"] == "INFO"
    assert line["message"] == "POST /predict?top_k=1 200"
    assert (line["model"], line["version"], line["status"]) == ("mobilenet", 1, 200)
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert line["latency_ms"] >= line["decode_ms"] + line["inference_ms"] > 0


def test_line_tells_of_a_call(watched: Watched) -> None:
    metadata = (("x-cloud-trace-context", f"{TRACE}/1;o=1"),)
    line = watched.line("/tensorflow.serving", lambda: watched.predict("nobody", metadata))
    assert line["message"] == "/tensorflow.serving.PredictionService/Predict NOT_FOUND"
    assert (line["protocol"], line["model"], line["status"]) == ("gRPC", "nobody", "NOT_FOUND")
    assert line["error"] == "Servable not found for request: Latest(nobody)"
    assert line["logging.googleapis.com/trace"].endswith(TRACE)


def test_line_tells_why_there_is_no_answer(watched: Watched) -> None:
    path = "/v1/models/nobody/labels/x:predict"
    line = watched.line(f"POST {path}", lambda: watched.server.ask("POST", path, b'{"instances": [1]}'))
    assert (line["model"], line["status"]) == ("nobody", 400)
    assert line["error"] == "Unrecognized servable version label: x"


def test_line_of_a_huge_path_is_short_and_whole(watched: Watched) -> None:
    line = watched.line("GET /%0a%22", lambda: watched.server.ask("GET", "/%0a%22" + "a" * 3000))
    assert line["path"].startswith("/%0a%22aaa")
    assert len(json.dumps(line)) < 2000


def test_probe_leaves_no_line(watched: Watched, cat: bytes) -> None:
    assert watched.server.ask("GET", "/v2/health/live").status == 200
    watched.line("POST /predict", lambda: watched.server.predict(cat))
    assert watched.lines("GET /v2/health/live") == []


def test_level_keeps_lines_out(one: Target, cat: bytes) -> None:
    with serving(*one.argv(), "--log_level=error") as server:
        server.wait_until_open()
        assert server.predict(cat).status == 200
        assert server.predict(b"no picture").status == 400
        server.stop()
        assert "severity" not in server.log
