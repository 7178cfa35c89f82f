"""Which files somebody can write into."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.private_copy import can_be_written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file systems are told by /proc")


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Path]:
    """A container's file system over an image's layer, which holds `model.tflite`."""
    for name in ("lower", "work", "merged"):
        (tmp_path / name).mkdir()
    model = tmp_path / "lower/model.tflite"
    model.write_bytes(b"model")
    upper = tmp_path / "upper"
    upper.mkdir()
    # The clock of a file system ticks some hundred times a second.
    while upper.stat().st_ctime_ns == model.stat().st_ctime_ns:
        upper.rmdir()
        upper.mkdir()
    places = ",".join(f"{name}dir={tmp_path / name}" for name in ("lower", "upper", "work"))
    merged = tmp_path / "merged"
    mount = ["mount", "-t", "overlay", "overlay", "-o", places, str(merged)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("overlayfs cannot be mounted here")
    yield merged
    subprocess.run(["umount", str(merged)], check=True)


def test_a_usual_file_can_be_written_into(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.touch()
    assert can_be_written(file)


def test_a_file_that_has_gone_may_still_be_written_into(tmp_path: Path) -> None:
    assert can_be_written(tmp_path / "model.tflite")


def test_nobody_writes_into_a_layer_of_an_image(overlay: Path) -> None:
    assert not can_be_written(overlay / "model.tflite")


def test_a_file_that_the_container_made_can_be_written_into(overlay: Path) -> None:
    (overlay / "new.tflite").touch()
    assert can_be_written(overlay / "new.tflite")


def test_a_file_of_the_image_that_was_written_to_can_be_written_into(overlay: Path) -> None:
    (overlay / "model.tflite").write_bytes(b"another")
    assert can_be_written(overlay / "model.tflite")
