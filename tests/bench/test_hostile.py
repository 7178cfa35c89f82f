from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bench.lab.attacks import ATTACKS
from bench.lab.hostile_files import many_scans, thin_png
from tests.bench.conftest import bench, set_up

if TYPE_CHECKING:
    from pathlib import Path


def test_an_honest_client_is_answered_beside_slow_ones(tflite_model: Path, tmp_path: Path) -> None:
    assert (tflite_model / "1/model.tflite").exists()
    set_up("server_python_fast", "server_python_fast/requirements.txt")
    out = tmp_path / "hostile.json"
    done = bench("hostile", "server_python_fast", "--attack=bodies", "--seconds=1", f"--out={out}")
    assert done.returncode == 0, done.stderr
    assert "| server_python_fast | 1,000 bodies that come a byte a second |" in done.stdout
    results = json.loads(out.read_text())["results"]
    assert [each["attack"] for each in results] == ["alone", "bodies"]
    assert all(each["answers"] and not each["failed"] for each in results)


def test_an_unknown_attack_is_refused() -> None:
    done = bench("hostile", "--attack=kindness")
    assert done.returncode == 2
    assert "choose from" in done.stderr


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_sends_something_or_nothing(attack: str) -> None:
    part = next(ATTACKS[attack].parts(), None)
    assert (part is None) == (attack == "idle")


def test_a_thin_image_is_small_and_has_its_pixels() -> None:
    data = thin_png(1, 100_000)
    assert len(data) < 2000
    assert Image.open(BytesIO(data)).size == (1, 100_000)


@pytest.mark.parametrize("side", [8, 100, 2000])
def test_an_image_of_many_scans_can_be_read(side: int) -> None:
    data = many_scans(side, 20)
    assert data.count(b"\xff\xda") == 20
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.size == (side, side)
    assert len(many_scans(2000, 3000)) < 100_000
