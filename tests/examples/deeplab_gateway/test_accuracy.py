"""The gateway's masks against those of people."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples.deeplab_gateway.labelled import Labelled, class_ids, mean_iou
from tests.examples.deeplab_gateway.running import built, gateway, model_server, user_of
from tests.server_process import ROOT, ServerProcess, environment_python, free_port

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

LEAST = 0.6


def mean_iou_of(gateway: ServerProcess, variant: str, labelled: list[Labelled]) -> float:
    user = user_of(gateway, variant)

    def segment(body: bytes) -> np.ndarray[Any, Any]:
        answer = gateway.ask("POST", "/segment?format=mask", body, user)
        assert answer.status == 200, answer.body
        assert answer.headers["X-Variant"] == variant
        return class_ids(answer.body)

    return mean_iou(labelled, segment)


@pytest.mark.parametrize("variant", ["small", "large"])
def test_each_variant_agrees_with_the_masks(running: ServerProcess, variant: str, labelled: list[Labelled]) -> None:
    measured = mean_iou_of(running, variant, labelled)
    print(f"{variant}: mean IoU {measured:.3f}")
    assert measured >= LEAST


def test_a_saved_model_of_a_frozen_graph_agrees_with_the_masks(
    models: dict[str, Path], labelled: list[Labelled], tmp_path: Path
) -> None:
    """The graph is the .tflite's network, with the names of DeepLab's own export."""
    graph = tmp_path / "frozen_inference_graph.pb"
    python = environment_python("export", "generate/requirements.txt")
    program = ROOT / "tests/examples/deeplab_gateway/frozen_model.py"
    subprocess.run([python, program, models["large"], graph], check=True, capture_output=True)
    served = built(tmp_path / "served", {"float": graph})
    port = free_port()
    with model_server(served, port, "server_python_slow"), gateway(served / "shares.json", port) as process:
        measured = mean_iou_of(process, "float", labelled)
    print(f"SavedModel: mean IoU {measured:.3f}")
    assert measured >= LEAST
