"""A drawing becomes 8 x 8 ink counts: in the form of the data set, wherever and however large it was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from examples.digit_canvas import drawing
from tests.examples.digit_canvas import strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

each_digit = pytest.mark.parametrize("digit", strokes.MANNERS)


def instance_of(drawn: strokes.Drawn) -> NDArray[np.float32]:
    instance = drawing.instance(strokes.picture(drawn))
    assert instance is not None
    return instance


@each_digit
def test_instance_has_the_form_of_the_data_set(digit: int) -> None:
    counts = instance_of(strokes.neat(digit))
    assert counts.shape == (8, 8, 1)
    assert counts.dtype == np.float32
    assert set(np.unique(counts)) <= set(range(17))
    rows = counts[..., 0].sum(axis=1)
    assert rows[0] > 0
    assert rows[-1] > 0
    assert drawing.LEAST_INK_PIXELS * 0.9 <= counts.sum() <= drawing.MOST_INK_PIXELS * 1.1


@each_digit
def test_place_does_not_matter(digit: int) -> None:
    drawn = strokes.neat(digit)
    moved = strokes.Drawn([each + np.array([37, -21]) for each in drawn.strokes], drawn.pen)
    np.testing.assert_array_equal(instance_of(drawn), instance_of(moved))


@each_digit
def test_size_hardly_matters(digit: int) -> None:
    drawn = strokes.neat(digit)
    small = strokes.Drawn([each / 2 for each in drawn.strokes], drawn.pen / 2)
    # Edges of small pictures are coarser: a pixel more or less at either side of a stroke.
    assert np.abs(instance_of(drawn) - instance_of(small)).mean() < 1


@each_digit
def test_pens_of_all_widths_give_as_much_ink(digit: int) -> None:
    for pen in (10, 20, 30):
        ink = instance_of(strokes.neat(digit)._replace(pen=pen)).sum()
        assert drawing.LEAST_INK_PIXELS * 0.9 <= ink <= drawing.MOST_INK_PIXELS * 1.1


def test_slant_is_taken_out() -> None:
    leaning = strokes.Drawn([strokes.line((180, 40), (110, 240))], 20)
    columns = instance_of(leaning)[..., 0].sum(axis=0)
    assert np.count_nonzero(columns) <= 4


def test_straight_one_stays_narrow() -> None:
    columns = instance_of(strokes.neat(1))[..., 0].sum(axis=0)
    assert np.count_nonzero(columns) <= 4


def test_counts_are_ink_pixels_in_blocks_of_four_by_four() -> None:
    bitmap = np.zeros((32, 32), np.bool_)
    bitmap[0:4, 0:4] = True
    bitmap[5, 9:11] = True
    expected = np.zeros((8, 8, 1))
    expected[0, 0], expected[1, 2] = 16, 2
    np.testing.assert_array_equal(drawing.counts(bitmap), expected)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((280, 280), np.uint8),
        strokes.picture(strokes.Drawn([strokes.line((100, 100), (101, 101))], 20)),
    ],
    ids=["nothing", "a dot"],
)
def test_what_is_no_digit_yet_gives_none(picture: NDArray[np.uint8]) -> None:
    assert drawing.instance(picture) is None


def test_blot_gives_an_instance_too() -> None:
    assert drawing.instance(np.full((280, 280), 255, np.uint8)) is not None


def test_line_across_gives_an_instance_too() -> None:
    assert instance_of(strokes.Drawn([strokes.line((20, 140), (260, 140))], 10)).max() == 16


def test_ink_is_what_is_dark_on_white_paper() -> None:
    colours = np.array([[[0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 0]]], np.uint8)
    np.testing.assert_array_equal(drawing.ink_on_white(colours), [[255, 0, 0]])
