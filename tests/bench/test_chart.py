from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from bench.lab.canvas import format_time
from bench.lab.chart import draw
from tests.bench.reports import cold_start, cold_starts

if TYPE_CHECKING:
    from pathlib import Path


def test_several_reports_share_one_chart(tmp_path: Path) -> None:
    one, _ = draw([cold_starts()], tmp_path / "one")
    two, _ = draw([cold_starts(), cold_starts()], tmp_path / "two")
    with Image.open(one) as small, Image.open(two) as large:
        assert large.height > small.height


def test_a_server_that_no_table_knows_is_drawn_as_well(tmp_path: Path) -> None:
    report = cold_starts()
    report.coldstarts.append(cold_start("my-service", [900.0], "url"))
    assert draw([report], tmp_path / "chart")[0].exists()


def test_floors_are_drawn_as_well(tmp_path: Path) -> None:
    report = cold_starts()
    report.coldstarts.append(cold_start("floor_c", [2.0]))
    assert "stroke-dasharray" in draw([report], tmp_path / "chart")[1].read_text()


def test_times_change_their_unit_at_a_second() -> None:
    assert [format_time(time_s) for time_s in (0.0834, 0.9994, 0.9996, 6.818)] == [
        "83 ms",
        "999 ms",
        "1.00 s",
        "6.82 s",
    ]
