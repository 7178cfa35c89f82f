"""Fuzzing HandleReloadConfigRequest, on a server of its own: whatever it was told, the next right config counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstserve.rpc.generated.tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tests.contract.awaited import wait_for_state
from tests.contract.both_protocols import CALL_LIMIT_S, BothProtocols
from tests.contract.fuzz.conftest import CASES, GROWTH_LIMIT_BYTES
from tests.contract.fuzz.test_rpc import is_message
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target

METHOD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
SHORT_S = 0.25
"""A config may name a folder that is not there, which the server waits for."""
ALLOWED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
pytestmark = pytest.mark.parametrize("both", ["fast", "rust"], indirect=True)


@pytest.fixture
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """The server that is looked after, as one of its own."""
    return targets[request.node.callspec.params["both"]]


def right_config(base_path: Path, **labels: int) -> bytes:
    """`add` with labels, and the same model once more as `subtract`."""
    request = ReloadConfigRequest()
    for name in ("add", "subtract"):
        config = request.config.model_config_list.config.add(
            name=name, base_path=str(base_path), model_platform="tensorflow"
        )
        config.model_version_policy.latest.num_versions = 1
    request.config.model_config_list.config[0].version_labels.update(labels)
    request.metric_names.append("/tensorflow/serving/model_load_count")
    data: bytes = request.SerializeToString()
    return data


def test_configs_that_were_right(target: Target, simple_model: Path) -> None:
    base_path, port = simple_model / "tflite/add", free_port()
    flags = (f"--port={port}", "--model_name=add", f"--model_base_path={base_path}")
    right = right_config(base_path, stable=2)
    with serving(*target.argv(), *flags) as server:
        server.wait_until_open()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(CALL_LIMIT_S)
            reload = channel.unary_unary(METHOD)
            before = server.memory_bytes()

            @settings(CASES, max_examples=300)
            @given(changes=st.lists(st.tuples(st.integers(0, len(right) - 1), st.integers(0, 255)), max_size=3))
            def send(changes: list[tuple[int, int]]) -> None:
                data = right
                for place, value in changes:
                    tried = data[:place] + bytes([value]) + data[place + 1 :]
                    data = tried if is_message(ReloadConfigRequest, tried) else data
                ended = reload.future(data, timeout=SHORT_S)
                assert ended.code() in ALLOWED, ended.details()

            send()
            # The last of them may have unloaded what the label stands for, and a reload waits for new models only.
            assert reload.future(right_config(base_path), timeout=CALL_LIMIT_S).code() is grpc.StatusCode.OK
            wait_for_state(server, "add", {"2": "AVAILABLE"})
            assert reload.future(right, timeout=CALL_LIMIT_S).code() is grpc.StatusCode.OK
            BothProtocols(server, channel).check()
            assert server.memory_bytes() - before < GROWTH_LIMIT_BYTES
