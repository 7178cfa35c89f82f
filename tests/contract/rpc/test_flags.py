"""gRPC's flags, each on a server of its own; no runtime has a part in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc

from firstserve.rpc.generated.tensorflow_serving.config.ssl_config_pb2 import SSLConfig
from tests.certificates import Authority
from tests.contract.rpc.conftest import MODELS, GrpcProcess, serving_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.serving_api import Client

    Start = Callable[..., AbstractContextManager[GrpcProcess]]

PREDICT = "PredictionService/Predict"
REQUEST = """model_spec { name: 'm' }
    inputs { key: 'x' value { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: [1, 2] } }"""
IN_PYTHON = pytest.mark.parametrize("start", ["fast"], indirect=True)
"""Marks what the server in Rust does not do."""


@pytest.fixture(scope="module", params=["fast", "rust"])
def start(request: pytest.FixtureRequest, targets: dict[str, Target], client: Client, shared_data: Path) -> Start:
    """Starts a server with the flags that it is given: one in Python, one in Rust."""

    def started(*flags: str) -> AbstractContextManager[GrpcProcess]:
        model = ("--model_name=m", f"--model_base_path={shared_data / MODELS[request.param]}")
        return serving_grpc(request.param, targets[request.param], client, *model, *flags)

    return started


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secured(start: Start, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcProcess]:
    """A server that wants to see its clients' certificates."""
    issued = authority.issue("server")
    config = SSLConfig(
        server_key=issued.key, server_cert=issued.certificate, custom_ca=authority.certificate, client_verify=True
    )
    file = tmp_path_factory.mktemp("tls") / "ssl.config"
    file.write_text(text_format.MessageToString(config))
    with start(f"--ssl_config_file={file}") as server:
        yield server


@IN_PYTHON
def test_a_client_with_a_certificate_is_answered(secured: GrpcProcess, authority: Authority) -> None:
    issued = authority.issue("client")
    tls = {
        "root_certificates": authority.certificate,
        "private_key": issued.key,
        "certificate_chain": issued.certificate,
    }
    assert secured.call(PREDICT, REQUEST, tls=tls).arrays["y"] == [2.5, 3.0]


@IN_PYTHON
def test_a_client_without_a_certificate_is_not(secured: GrpcProcess, authority: Authority) -> None:
    assert secured.call(PREDICT, REQUEST, tls={"root_certificates": authority.certificate}).code == "UNAVAILABLE"


@IN_PYTHON
def test_a_client_with_a_strangers_certificate_is_not(
    secured: GrpcProcess, authority: Authority, tmp_path: Path
) -> None:
    issued = Authority(tmp_path).issue("client")
    tls = {
        "root_certificates": authority.certificate,
        "private_key": issued.key,
        "certificate_chain": issued.certificate,
    }
    assert secured.call(PREDICT, REQUEST, tls=tls).code == "UNAVAILABLE"


@IN_PYTHON
def test_a_client_without_tls_is_not(secured: GrpcProcess) -> None:
    assert secured.call(PREDICT, REQUEST).code == "UNAVAILABLE"


def test_a_unix_socket(start: Start, client: Client, tmp_path: Path) -> None:
    with start(f"--grpc_socket_path={tmp_path / 'socket'}"):
        assert client.call(f"unix:{tmp_path / 'socket'}", PREDICT, REQUEST).arrays["y"] == [2.5, 3.0]


@IN_PYTHON
def test_channel_arguments(start: Start) -> None:
    with start("--grpc_channel_arguments=grpc.max_receive_message_length=10,unknown=ignored") as server:
        assert server.call(PREDICT, REQUEST).code == "RESOURCE_EXHAUSTED"


def test_answers_as_tensor_content(start: Start) -> None:
    with start("--enable_serialization_as_tensor_content") as server:
        reply = server.call(PREDICT, REQUEST)
    assert reply.arrays["y"] == [2.5, 3.0]
    assert "tensor_content" in reply.response
    assert "float_val" not in reply.response


def test_health(start: Start) -> None:
    with start("--enable_grpc_healthcheck_service") as server, grpc.insecure_channel(server.target) as channel:
        for service in ("", "ModelService", "PredictionService"):
            request = health_pb2.HealthCheckRequest(service=service)
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=60)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
