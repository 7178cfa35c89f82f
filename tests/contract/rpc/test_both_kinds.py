"""One server for SavedModels and .tflite models, as TensorFlow Serving's own tests ask it: server_python_slow."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf import text_format

from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictResponse
from firstserve.rpc.pool import POOL
from tests.contract.awaited import wait_for_line
from tests.contract.rpc.conftest import GrpcProcess, serving_grpc
from tests.server_process import environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.contract.conftest import Target
    from tests.serving_api import Client

SHARED = {
    "tf1": "saved_model_half_plus_two_2_versions",
    "tf2": "saved_model_half_plus_two_tf2_cpu",
    "tflite": "saved_model_half_plus_two_tflite",
    "tflite_with_signature": "saved_model_half_plus_two_tflite_with_sigdef",
}
"""The models that TensorFlow Serving is tested with, by the names they are served as here."""
HALF_PLUS_TWO, HALF_PLUS_THREE = 3.0, 4.0
"""What these models make of 2."""
X = "inputs { key: 'x' value { dtype: DT_FLOAT tensor_shape { %s } float_val: 2 } }"
ONE, ONE_BY_ONE = "dim { size: 1 }", "dim { size: 1 } dim { size: 1 }"


@pytest.fixture(scope="module")
def base_paths(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The models of SHARED, what saved_models.py writes, and one version that is of both kinds and differs in them."""
    folder = tmp_path_factory.mktemp("models")
    python = environment_python("export", "generate/requirements.txt")
    script = Path(__file__).with_name("saved_models.py")
    subprocess.run([python, script, folder], check=True, capture_output=True)
    shared = {name: shared_data / "tfserving" / source for name, source in SHARED.items()}
    shutil.copytree(shared_data / "tfserving/saved_model_half_plus_three", folder / "of_both_kinds")
    shutil.copy(next(shared["tflite"].glob("*/model.tflite")), folder / "of_both_kinds/00000123")
    return shared | {name: folder / name for name in ("any_rank", "keras", "of_both_kinds")}


@pytest.fixture(scope="module")
def config(base_paths: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("config") / "models.config"
    models = "".join(
        f"config {{ name: '{name}' base_path: '{path}' model_platform: 'tensorflow' }}\n"
        for name, path in base_paths.items()
    )
    file.write_text(f"model_config_list {{ {models} }}")
    return file


@pytest.fixture(scope="module")
def server(targets: dict[str, Target], client: Client, config: Path) -> Iterator[GrpcProcess]:
    """The slow server, which prefers a .tflite as TensorFlow Serving does where it is told to."""
    flags = (f"--model_config_file={config}", "--prefer_tflite_model=true")
    with serving_grpc("slow", targets["slow"], client, *flags) as server:
        server.process.wait_until_open()
        yield server


def predict(
    server: GrpcProcess, model: str, shape: str, *, signature: str = "serving_default", more: str = ""
) -> PredictResponse:
    """The model's answer to 2, as a tensor of this shape."""
    spec = f"model_spec {{ name: '{model}' signature_name: '{signature}' }}"
    reply = server.call("PredictionService/Predict", f"{spec} {X % shape} {more}")
    assert reply.code == "OK", reply.details
    response = PredictResponse()
    text_format.Parse(reply.response, response, descriptor_pool=POOL)
    return response


@pytest.mark.parametrize("output_filter", ["", "output_filter: 'y'"])
@pytest.mark.parametrize("model", SHARED)
def test_predict(server: GrpcProcess, model: str, output_filter: str) -> None:
    response = predict(server, model, ONE, more=output_filter)
    assert list(response.outputs["y"].float_val) == [HALF_PLUS_TWO]
    assert response.model_spec.name == model
    assert response.model_spec.signature_name == "serving_default"
    assert response.model_spec.version.value == (124 if model == "tf1" else 123)


@pytest.mark.parametrize(("signature", "expected"), [("serving_default", 12.0), ("twice", 4.0)])
def test_signatures_of_unknown_rank(server: GrpcProcess, signature: str, expected: float) -> None:
    for shape in ("", ONE, ONE_BY_ONE):
        response = predict(server, "any_rank", shape, signature=signature)
        assert list(response.outputs["y"].float_val) == [expected]
        assert response.model_spec.signature_name == signature


def test_a_model_of_keras(server: GrpcProcess) -> None:
    assert list(predict(server, "keras", ONE_BY_ONE).outputs["y"].float_val) == [2.0]


@pytest.mark.parametrize("model", SHARED)
def test_predict_by_rest(server: GrpcProcess, model: str) -> None:
    path = f"/v1/models/{model}:predict"
    assert server.process.ask("POST", path, b'{"instances": [2.0, 3.0, 4.0]}').json == {"predictions": [3.0, 3.5, 4.0]}
    assert server.process.ask("POST", path, b'{"inputs": [2.0, 3.0, 4.0]}').json == {"outputs": [3.0, 3.5, 4.0]}


@pytest.mark.parametrize("model", SHARED)
def test_status_by_rest(server: GrpcProcess, model: str) -> None:
    version = "124" if model == "tf1" else "123"
    status = {"version": version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert server.process.ask("GET", f"/v1/models/{model}").json == {"model_version_status": [status]}


@pytest.mark.parametrize("model", ["tf1", "tf2"])
@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_classify_and_regress_by_rest(server: GrpcProcess, model: str, verb: str) -> None:
    body = b'{"signature_name": "%s_x_to_y", "examples": [{"x": 2.0}]}' % verb.encode()
    expected = {"results": [[["", HALF_PLUS_TWO]] if verb == "classify" else HALF_PLUS_TWO]}
    assert server.process.ask("POST", f"/v1/models/{model}:{verb}", body).json == expected


def test_a_tflite_is_preferred_where_that_is_asked_for(server: GrpcProcess) -> None:
    assert list(predict(server, "of_both_kinds", ONE).outputs["y"].float_val) == [HALF_PLUS_TWO]


@pytest.mark.parametrize("environment", [{}, {"FIRSTSERVE_PREFER_TFLITE_MODEL": "true"}])
def test_a_saved_model_is_preferred_otherwise(
    targets: dict[str, Target], base_paths: Mapping[str, Path], environment: dict[str, str]
) -> None:
    flags = ("--model_name=m", f"--model_base_path={base_paths['of_both_kinds']}")
    with serving(*targets["slow"].argv(), *flags, environment=environment) as server:
        server.wait_until_open()
        expected = HALF_PLUS_TWO if environment else HALF_PLUS_THREE
        answer = server.ask("POST", "/v1/models/m:predict", b'{"instances": [2.0]}')
        assert answer.json == {"predictions": [expected]}


@pytest.mark.parametrize("kind", ["tf1", "tflite", "tflite_with_signature"])
def test_predict_on_a_unix_socket_and_with_channel_arguments(
    targets: dict[str, Target], base_paths: Mapping[str, Path], client: Client, kind: str, tmp_path: Path
) -> None:
    socket = tmp_path / "socket"
    flags = (
        "--model_name=default",
        f"--model_base_path={base_paths[kind]}",
        f"--grpc_socket_path={socket}",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb",
        "--prefer_tflite_model=true",
    )
    with serving(*targets["slow"].argv(), f"--port={free_port()}", *flags) as server:
        server.wait_until_open()
        wait_for_line(server, "Running gRPC ModelServer at UNIX socket ")
        reply = client.call(
            f"unix:{socket}", "PredictionService/Predict", f"model_spec {{ name: 'default' }} {X % ONE}"
        )
        assert reply.arrays == {"y": [HALF_PLUS_TWO]}, reply.details
