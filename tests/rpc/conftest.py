"""gRPC servers in this process, over real models in TensorFlow's C library, and calls to them over real sockets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.protobuf import text_format

from firstserve.admission import Admission
from firstserve.config.settings import GrpcSettings, ModelsSettings
from firstserve.logs.access import AccessLog
from firstserve.models.model_config import ModelConfig, VersionPolicy
from firstserve.models.state import State
from firstserve.monitoring.recorder import Recorder
from firstserve.rpc.call import Method, Turns, make_handler
from firstserve.rpc.generated.tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)
from firstserve.rpc.intake import Intake, Limits
from firstserve.rpc.server import start
from firstserve.runtimes import tensorflow_c
from tests.models.conftest import make_manager, until
from tests.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.protobuf.message import Message

    from firstserve.errors import FirstserveError
    from firstserve.models.manager import ModelManager
    from firstserve.rpc.call import Call
    from firstserve.rpc.server import GrpcServer

HALF_PLUS_TWO = "tfserving/saved_model_half_plus_two_2_versions"
NUMBERS = """inputs { key: "x" value { dtype: DT_FLOAT tensor_shape { dim { size: 3 } } float_val: [1, 2, 5] } }"""
LIMIT_S = 60
METHODS: dict[str, tuple[type[Any], type[Any]]] = {
    "PredictionService/Predict": (predict_pb2.PredictRequest, predict_pb2.PredictResponse),
    "PredictionService/Classify": (classification_pb2.ClassificationRequest, classification_pb2.ClassificationResponse),
    "PredictionService/Regress": (regression_pb2.RegressionRequest, regression_pb2.RegressionResponse),
    "PredictionService/MultiInference": (inference_pb2.MultiInferenceRequest, inference_pb2.MultiInferenceResponse),
    "PredictionService/GetModelMetadata": (
        get_model_metadata_pb2.GetModelMetadataRequest,
        get_model_metadata_pb2.GetModelMetadataResponse,
    ),
    "ModelService/GetModelStatus": (
        get_model_status_pb2.GetModelStatusRequest,
        get_model_status_pb2.GetModelStatusResponse,
    ),
    "ModelService/HandleReloadConfigRequest": (
        model_management_pb2.ReloadConfigRequest,
        model_management_pb2.ReloadConfigResponse,
    ),
}
"""Request and response of each method."""


class Rpc(NamedTuple):
    """A running server, and a channel to it."""

    server: GrpcServer
    channel: grpc.Channel
    target: str = ""

    def call(self, method: str, request: Message | str, timeout_s: float = LIMIT_S) -> Any:
        """Calls e.g. `PredictionService/Predict`; the request may be in text format."""
        call = self.channel.unary_unary(
            f"/tensorflow.serving.{method}",
            request_serializer=METHODS[method][0].SerializeToString,
            response_deserializer=METHODS[method][1].FromString,
        )
        return call(make_request(method, request), timeout=timeout_s)


def make_request(method: str, request: Message | str) -> Message:
    """A request of a method, as it is or from text format."""
    if isinstance(request, str):
        return text_format.Parse(request, METHODS[method][0]())
    return request


def refusal(rpc: Rpc, method: str, request: Message | str) -> tuple[str, str]:
    """Code and text of a call that must fail."""
    with pytest.raises(grpc.RpcError) as failed:
        rpc.call(method, request)
    return failed.value.code().name, failed.value.details()


@contextmanager
def managing(*configs: ModelConfig) -> Iterator[ModelManager]:
    """A manager whose models have been loaded."""
    models = ModelsSettings(configs=(), version_poll_s=0.02)
    manager = make_manager(models, "tensorflow")
    settled = threading.Event()
    faults: list[FirstserveError | None] = []

    def on_settled(fault: FirstserveError | None) -> None:
        faults.append(fault)
        settled.set()

    manager.start(configs, on_settled)
    assert settled.wait(LIMIT_S)
    assert faults == [None]
    yield manager
    manager.stop()


@contextmanager
def serving_rpc(
    manager: ModelManager,
    *,
    admission: Admission | None = None,
    recorder: Recorder | None = None,
    check_method_names: bool = False,
    **settings: Any,
) -> Iterator[Rpc]:
    """A server on a port of its own, with a channel that takes answers of any size."""
    port = free_port()
    server = start(
        GrpcSettings("127.0.0.1", port, **settings),
        manager,
        admission or Admission(64),
        AccessLog(recorder or Recorder()),
        check_method_names=check_method_names,
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_receive_message_length", -1)]) as channel:
            yield Rpc(server, channel, f"127.0.0.1:{port}")
    finally:
        server.stop(0)


class Held(NamedTuple):
    """A server with one method, `/s/Hold`, whose calls run until `released` is set; `running` has one for each."""

    call: Any
    running: list[None]
    released: threading.Event


@contextmanager
def holding_calls(admission: Admission, threads: int, bytes_at_once: int = 2**20) -> Iterator[Held]:
    """Runs such a server; its calls are released at the end."""
    running: list[None] = []
    released = threading.Event()

    def hold(_: Message, __: Call) -> Message:
        running.append(None)
        assert released.wait(LIMIT_S)
        return predict_pb2.PredictResponse()

    method = Method(predict_pb2.PredictRequest, hold, Turns(admission, threads))
    intake = Intake(Limits(bytes_at_once, bytes_at_once, LIMIT_S, LIMIT_S))
    handler = make_handler("/s/Hold", method, AccessLog(Recorder()), intake)
    server = grpc.server(ThreadPoolExecutor(64))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", {"Hold": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield Held(channel.unary_unary("/s/Hold"), running, released)
        finally:
            released.set()
            server.stop(LIMIT_S).wait()


@pytest.fixture(scope="session")
def library(tensorflow_folder: Path) -> Iterator[None]:
    """Makes TensorFlow's library reachable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(tensorflow_c.FOLDER_VARIABLE, str(tensorflow_folder))
        yield


@pytest.fixture(scope="session")
def manager(
    library: None,  # noqa: ARG001 - sets the variable
    shared_data: Path,
    small_models: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ModelManager]:
    """Serves half_plus_two in both versions, of which 123 is `stable`, and everything, whose signatures echo."""
    everything = tmp_path_factory.mktemp("everything")
    (everything / "1").symlink_to(small_models / "everything")
    half_plus_two = ModelConfig("half_plus_two", shared_data / HALF_PLUS_TWO, VersionPolicy())
    with managing(half_plus_two, ModelConfig("everything", everything)) as manager:
        until(lambda: all(status.state is State.AVAILABLE for status in manager.statuses("half_plus_two")))
        manager.reload([half_plus_two._replace(labels={"stable": 123}), ModelConfig("everything", everything)])
        yield manager


@pytest.fixture(scope="session")
def rpc(manager: ModelManager) -> Iterator[Rpc]:
    with serving_rpc(manager) as rpc:
        yield rpc
