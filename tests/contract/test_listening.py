"""Where servers listen: IPv4 and IPv6, by both protocols, and what they say of an address that is none."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import grpc
import pytest

from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tests.server_process import ANSWER_LIMIT_S, free_port, serving

if TYPE_CHECKING:
    from tests.contract.conftest import Target

STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
OFF = "HandleReloadConfigRequest is switched off here: --enable_reload_config=true allows it"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def versions(address: str) -> list[int]:
    """Of the model, by gRPC, once the server is up."""
    request = GetModelStatusRequest()
    request.model_spec.name = "mobilenet"
    with grpc.insecure_channel(address) as channel:
        status = channel.unary_unary(STATUS)
        answer = status(request.SerializeToString(), timeout=ANSWER_LIMIT_S, wait_for_ready=True)
    return [each.version for each in GetModelStatusResponse.FromString(answer).model_version_status]


def reload_refusal(port: int) -> tuple[str, str]:
    """How a list without models is refused."""
    request = ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(RELOAD)(request.SerializeToString(), timeout=ANSWER_LIMIT_S, wait_for_ready=True)
    return refused.value.code().name, refused.value.details()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("flags", [(), ("--bind_address=[::]",)])
def test_both_protocols_are_spoken_by_ipv6_and_ipv4(target: Target, flags: tuple[str, ...]) -> None:
    port = free_port()
    with serving(*target.argv(), f"--port={port}", *flags) as server:
        assert versions(f"ipv6:[::1]:{port}") == [1]
        assert versions(f"ipv4:127.0.0.1:{port}") == [1]
        for host in ("::1", "127.0.0.1"):
            socket.create_connection((host, server.port), timeout=ANSWER_LIMIT_S).close()


def test_an_address_of_another_machine_is_told_as_that(target: Target) -> None:
    with serving(*target.argv(), "--bind_address=192.0.2.1") as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 3
        assert (
            f"cannot listen on 192.0.2.1:{server.port}: Cannot assign requested address; --bind_address" in server.log
        )


def test_models_cannot_be_replaced_where_that_is_switched_off(target: Target) -> None:
    port = free_port()
    with serving(*target.argv(), f"--port={port}", "--enable_reload_config=false"):
        assert reload_refusal(port) == ("PERMISSION_DENIED", OFF)


def test_models_cannot_be_replaced_on_a_port_that_is_http_s_as_well(targets: dict[str, Target]) -> None:
    with serving(*targets["rust"].argv()) as server:
        assert reload_refusal(server.port) == ("PERMISSION_DENIED", OFF)
        assert versions(f"127.0.0.1:{server.port}") == [1]
