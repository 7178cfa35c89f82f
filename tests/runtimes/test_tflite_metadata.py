"""Labels and normalisation out of .tflite files, and what damaged metadata brings: nothing."""

from __future__ import annotations

import random
import shutil
import struct
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.tflite_metadata import TfliteMetadata, read_metadata
from firstserve.servable import Normalization

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = TfliteMetadata()
ONE = Normalization((127.5,), (127.5,))


@pytest.fixture
def model(shared_data: Path, tmp_path: Path) -> Path:
    """A model with labels and normalisation that a test may change."""
    source = shared_data / "models/mobilenet_v1_0.25_128_quant.tflite"
    return shutil.copyfile(source, tmp_path / "model.tflite")


def test_labels_and_normalisation_of_the_projects_own_model(tflite_model: Path) -> None:
    metadata = read_metadata((tflite_model / "1/model.tflite").read_bytes())
    assert (len(metadata.labels), metadata.labels[285]) == (1000, "Egyptian cat")
    assert metadata.normalizations == (Normalization((0.0,), (1.0,)),)


@pytest.mark.parametrize(
    "name", ["mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant", "tf2_mobilenet_v2_1.0_224_ptq"]
)
def test_labels_and_normalisation_of_others_models(shared_data: Path, name: str) -> None:
    labels = (shared_data / "labels/imagenet_labels.txt").read_text("utf-8").splitlines()
    metadata = read_metadata((shared_data / "models" / f"{name}.tflite").read_bytes())
    assert (len(metadata.labels), metadata.labels[286]) == (1001, labels[286])
    assert metadata.normalizations == (ONE,)


@pytest.mark.parametrize("name", ["deeplabv3_mnv2_pascal_quant", "invalid_model_invoking_error"])
def test_a_model_without_metadata_brings_nothing(shared_data: Path, name: str) -> None:
    assert read_metadata((shared_data / "models" / f"{name}.tflite").read_bytes()) == NOTHING


@pytest.mark.parametrize("content", [b"", b"no", b"no model at all", bytes(1000), b"\xff" * 1000])
def test_what_is_no_model_brings_nothing(content: bytes) -> None:
    assert read_metadata(content) == NOTHING


def test_labels_that_are_cut_off_are_left_out_alone(model: Path) -> None:
    content = model.read_bytes()
    model.write_bytes(content[: content.rindex(b"PK\x05\x06")])
    assert read_metadata(model.read_bytes()) == TfliteMetadata((), (ONE,))


@pytest.mark.parametrize("std", [0.0, 127.5])
def test_a_normalisation_by_zero_is_left_out(model: Path, std: float) -> None:
    content = model.read_bytes()
    once = struct.pack("<If", 1, 127.5)
    assert content.count(once) == 2
    model.write_bytes(content.replace(once, struct.pack("<If", 1, std)))
    assert read_metadata(model.read_bytes()).normalizations == ((ONE,) if std else (None,))


def test_a_model_cut_off_anywhere_brings_what_can_be_read(model: Path) -> None:
    content = model.read_bytes()
    for cut in range(0, len(content), len(content) // 60):
        model.write_bytes(content[:cut])
        assert read_metadata(model.read_bytes()).normalizations in {(), (ONE,)}


def test_wrong_bytes_in_the_metadata_bring_no_other_error(model: Path) -> None:
    content = model.read_bytes()
    place = content.index(b"M001")
    generator = random.Random(5)  # noqa: S311 - the same damage every time
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[generator.randrange(place - 4, place + 800)] = generator.randrange(256)
        model.write_bytes(damaged)
        metadata = read_metadata(model.read_bytes())
        assert len(metadata.labels) in {0, 1001}
