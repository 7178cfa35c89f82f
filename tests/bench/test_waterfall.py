from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from bench.lab.waterfall import PARTS, draw
from tests.bench.reports import cold_start, cold_starts

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = PARTS["runtime_loaded"][1]
"""Once in the legend, and once for every server with phases under every condition."""


def test_every_condition_has_a_bar_of_parts(tmp_path: Path) -> None:
    _, svg = draw([cold_starts()], tmp_path / "waterfall")
    assert svg.read_text().count(f"fill: {RUNTIME}") == 1 + 2


def test_baselines_and_floors_are_drawn_beside_it(tmp_path: Path) -> None:
    report = cold_starts()
    alone, _ = draw([report], tmp_path / "alone")
    report.coldstarts.extend([cold_start("floor_c", [2.0]), cold_start("floor_python", [15.0])])
    beside, _ = draw([report], tmp_path / "beside")
    with Image.open(alone) as small, Image.open(beside) as large:
        assert large.height > small.height


def test_a_server_that_no_table_knows_is_drawn_as_well(tmp_path: Path) -> None:
    report = cold_starts()
    report.coldstarts[:] = [cold_start("server_of_mine", [900.0], "url")]
    assert len(draw([report], tmp_path / "waterfall")) == 2


def test_without_phases_nothing_is_drawn(tmp_path: Path) -> None:
    report = cold_starts()
    report.coldstarts[:] = report.coldstarts[:1]
    assert draw([report], tmp_path / "waterfall") == ()
    assert not list(tmp_path.iterdir())
