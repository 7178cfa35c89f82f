"""build.sh: models in, version folders and config out; what is no model is refused."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.examples.deeplab_gateway.running import build
from tests.server_process import ROOT, environment_python

if TYPE_CHECKING:
    from pathlib import Path


def test_versions_and_labels_are_in_the_order_of_the_models(served: Path) -> None:
    config = (served / "models.config").read_text()
    assert f'base_path: "{served / "deeplab"}"' in config
    assert "versions: 1 versions: 2" in config
    assert 'version_labels { key: "small" value: 1 }' in config
    assert 'version_labels { key: "large" value: 2 }' in config
    assert json.loads((served / "shares.json").read_text()) == {"small": 50, "large": 50}


def test_a_tflite_gets_the_gateways_signature_and_keeps_its_weights(served: Path, models: dict[str, Path]) -> None:
    before = schema.ModelT.InitFromPackedBuf(models["small"].read_bytes())
    after = schema.ModelT.InitFromPackedBuf((served / "deeplab/1/model.tflite").read_bytes())
    (signature,) = after.signatureDefs
    assert [each.name for each in (*signature.inputs, *signature.outputs)] == [b"image", b"class_ids"]
    assert len(before.buffers) == len(after.buffers)
    for old, new in zip(before.buffers, after.buffers, strict=True):
        assert (old.data is None) == (new.data is None)
        assert old.data is None or (old.data == new.data).all()


def test_the_weights_lie_where_the_format_wants_them(served: Path) -> None:
    content = (served / "deeplab/1/model.tflite").read_bytes()
    model = schema.Model.GetRootAs(content)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    places = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers if not buffer.DataIsNone()]
    assert places
    assert all(place % 16 == 0 for place in places)


def test_building_again_leaves_the_shares_as_they_were_set(models: dict[str, Path], tmp_path: Path) -> None:
    shares = '{\n  "one": 100\n}\n'
    both = [f"{label}={file}" for label, file in models.items()]
    assert build(tmp_path, f"one={models['small']}").returncode == 0
    assert (tmp_path / "shares.json").read_text() == shares
    assert build(tmp_path, *both).returncode == 0
    (tmp_path / "shares.json").write_text('{"small": 99, "large": 1}')
    assert build(tmp_path, *both).returncode == 0
    assert json.loads((tmp_path / "shares.json").read_text()) == {"small": 99, "large": 1}


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("a.tflite", ["small=FILE", "small=FILE"], "two variants have one label"),
        ("a.tflite", ["small=FILE.gone"], "there is no file"),
        ("a.onnx", ["small=FILE"], "cannot make sense of a .onnx: expected .tflite or .pb"),
        ("a.tflite", ["small=FILE"], "is no .tflite: it starts with b'nothing '"),
        ("a.tflite", ["FILE"], "is no LABEL=FILE: expected one such as small=deeplab.tflite"),
    ],
)
def test_what_is_no_model_is_refused_and_named(tmp_path: Path, name: str, arguments: list[str], complaint: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"nothing of use")
    run = build(tmp_path / "out", *(argument.replace("FILE", str(file)) for argument in arguments))
    assert run.returncode != 0
    assert complaint in run.stderr
    assert not list(tmp_path.glob("out/deeplab/[0-9]*"))


def test_a_tflite_that_does_something_else_is_refused_with_its_tensors(shared_data: Path, tmp_path: Path) -> None:
    run = build(tmp_path, f"small={shared_data / 'models/mobilenet_v1_0.25_128_quant.tflite'}")
    assert run.returncode == 1
    assert "takes input (uint8 [1, 128, 128, 3]) and gives" in run.stderr
    assert "expected one input uint8 [1, 513, 513, 3]" in run.stderr


def test_a_tflite_that_is_cut_off_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "half.tflite"
    file.write_bytes(models["small"].read_bytes()[:200_000])
    run = build(tmp_path / "out", f"small={file}")
    assert run.returncode == 1
    assert f"error: {file} is cut off or damaged" in run.stderr


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each graph that graphs.py tries."""
    python = environment_python("export", "generate/requirements.txt")
    program = ROOT / "tests/examples/deeplab_gateway/graphs.py"
    command = [str(python), str(program), str(tmp_path_factory.mktemp("graphs"))]
    run = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    answer: dict[str, str] = json.loads(run.stdout)
    return answer


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        ("other input", "the graph has no tensor ImageTensor:0. Its placeholders: Picture:0; name the right one"),
        (
            "other output",
            "the graph has no tensor SemanticPredictions:0. Its ends: Classes:0, Scores:0; name the right",
        ),
        ("scores", "Scores:0 is float32 (1, None, None): expected integers [1, 513, 513]"),
        ("not frozen", "has 1 variables, such as Weights, without their values: freeze it first"),
        ("no graph", "is no frozen graph: it cannot be read as a GraphDef"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused_with_what_is_in_it(
    said: dict[str, str], graph: str, complaint: str
) -> None:
    assert complaint in said[graph]


def test_a_graph_is_taken_by_the_names_that_the_options_give(said: dict[str, str]) -> None:
    assert said["named"] == ""
