"""What the chart and the waterfall have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bench.lab import chart, waterfall
from tests.bench.reports import cold_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.lab.results import Report

    Draw = Callable[[Sequence[Report], Path], tuple[Path, ...]]

pytestmark = pytest.mark.parametrize("draw", [chart.draw, waterfall.draw], ids=["chart", "waterfall"])


def test_a_picture_is_a_png_and_an_svg(draw: Draw, tmp_path: Path) -> None:
    png, svg = draw([cold_starts()], tmp_path / "new/picture")
    with Image.open(png) as image:
        assert image.format == "PNG"
        assert image.width == 2000
    assert svg.read_text().rstrip().endswith("</svg>")


def test_the_same_reports_give_the_same_bytes(draw: Draw, tmp_path: Path) -> None:
    report = cold_starts()
    first, second = draw([report], tmp_path / "a"), draw([report], tmp_path / "b")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
