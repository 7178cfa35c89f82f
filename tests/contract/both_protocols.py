"""A server that is asked by REST and by gRPC: several models, and a look at whether both still answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import grpc

from firstserve.rpc.generated.tensorflow.core.framework.types_pb2 import DT_FLOAT
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tests.contract.model_config import model_config
from tests.server_process import ServerProcess, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target

CALL_LIMIT_S = 20


class BothProtocols(NamedTuple):
    """A server, and where it speaks gRPC. It serves `add` (a, b: float32 [N]) in versions 1 and 2, and MobileNet."""

    server: ServerProcess
    channel: grpc.Channel

    def check(self) -> None:
        """Asks what has a known answer, by both protocols."""
        request = PredictRequest()
        request.model_spec.name = "add"
        for name, value in (("a", 1.25), ("b", 2.0)):
            request.inputs[name].dtype = DT_FLOAT
            request.inputs[name].float_val.append(value)
            request.inputs[name].tensor_shape.dim.add(size=1)
        predict = self.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        response = PredictResponse.FromString(predict(request.SerializeToString(), timeout=CALL_LIMIT_S))
        assert list(response.outputs["result"].float_val) == [3.25]
        answer = self.server.ask("POST", "/v1/models/add:predict", b'{"instances": [{"a": 1.25, "b": 2.0}]}')
        assert answer.status == 200, answer.body
        assert answer.json == {"predictions": [3.25]}


@contextmanager
def serving_both(target: Target, simple_model: Path, folder: Path) -> Iterator[BothProtocols]:
    """Runs a server with both; `folder` takes its config files."""
    kind = "tflite" if target.model_file == "model.tflite" else "saved_model"
    models = {"add": simple_model / kind / "add", "mobilenet": target.base_path}
    (folder / "models.config").write_text(model_config(models, "add", {"stable": 1}))
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    port = free_port()
    with serving(
        *target.argv(),
        f"--port={port}",
        f"--model_config_file={folder / 'models.config'}",
        f"--monitoring_config_file={folder / 'monitoring.config'}",
        "--allow_version_labels_for_unavailable_models",
        "--log_level=error",
    ) as server:
        server.wait_until_open()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(CALL_LIMIT_S)
            both = BothProtocols(server, channel)
            both.check()
            yield both
