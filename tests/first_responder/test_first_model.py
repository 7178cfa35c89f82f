"""The model that the first responder loads, and the full server takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.config.flags import parse_settings
from firstserve.errors import LoadError
from firstserve.first_responder.first_model import FirstModel
from firstserve.models.load_note import LoadNote
from firstserve.models.source import Version

if TYPE_CHECKING:
    from collections.abc import Callable

MAPS = Path("/proc/self/maps")


@pytest.fixture
def make() -> Callable[[Path], FirstModel]:
    return lambda folder: FirstModel(parse_settings((), {}), "mobilenet", Version(1, folder), LoadNote())


def test_it_is_taken_once(make: Callable[[Path], FirstModel], tflite_model: Path) -> None:
    model = make(tflite_model / "1")
    model.load()
    servable = model.take(model.version)
    assert servable is not None
    assert model.take(model.version) is None
    servable.close()


@pytest.mark.skipif(not MAPS.exists(), reason="what is in memory is read from /proc")
def test_it_is_closed_where_a_newer_version_is_wanted(make: Callable[[Path], FirstModel], tflite_model: Path) -> None:
    model = make(tflite_model / "1")
    model.load()
    file = str((tflite_model / "1/model.tflite").resolve())
    assert file in MAPS.read_text()
    assert model.take(Version(2, tflite_model / "2")) is None
    assert file not in MAPS.read_text()


def test_whoever_takes_it_learns_why_it_could_not_be_loaded(make: Callable[[Path], FirstModel], tmp_path: Path) -> None:
    model = make(tmp_path)
    assert model.load() is None
    with pytest.raises(LoadError, match="no model in"):
        model.take(model.version)
