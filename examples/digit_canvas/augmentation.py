"""Digits -> copies of them as other hands and other pens might have drawn them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from examples.digit_canvas.drawing import BLOCK_PIXELS, SIDE_PIXELS, counts, upright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from examples.digit_canvas.digits import Digits

# All are the largest, in one direction and in the other; pixels are those of the bitmap, 32 x 32.
SLANT = 0.3
ROTATION_RADIANS = 0.15
STRETCH_ACROSS, STRETCH_DOWN = 0.18, 0.08
SHIFT_ACROSS_PIXELS, SHIFT_DOWN_PIXELS = 1.5, 0.75
WAVES_PIXELS = 1.6
"""How far the strokes go astray: a standard deviation."""
THINNEST, THICKEST = 11, 5
"""Ink counts at which paper ends and a stroke begins: the lower, the thicker the strokes."""
FEET = 0.4
"""The share of the ones that get a foot: few of the data set's have one, and many people draw it."""
MOST_SQUEEZE = 1.8
INK = 16
MIDDLE = (SIDE_PIXELS - 1) / 2
_WAVES = 4


def copies(learnt: Digits, number: int, generator: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Gives the digits, [N,8,8,1], so many times, each of them in its own way another time."""
    finer = (1, BLOCK_PIXELS, BLOCK_PIXELS)
    pictures = ndimage.zoom(learnt.instances[..., 0], finer, order=3, mode="grid-constant", grid_mode=True)
    for _ in range(number):
        with_foot = (learnt.classes == 1) & (generator.random(len(pictures)) < FEET)
        drawn = pictures.copy()
        for index in np.flatnonzero(with_foot):
            _put_on_foot(drawn[index], generator)
        across, down = _places(len(pictures), generator)
        # What stands on a foot takes less of the width.
        squeeze = generator.uniform(1, MOST_SQUEEZE, (with_foot.sum(), 1, 1))
        across[with_foot] = MIDDLE + squeeze * (across[with_foot] - MIDDLE)
        which = np.broadcast_to(np.arange(len(pictures))[:, None, None], across.shape)
        moved = ndimage.map_coordinates(drawn, [which, down, across], order=1)
        bitmaps = moved > generator.uniform(THICKEST, THINNEST, (len(pictures), 1, 1))
        # A foot's left end is below a flag's, or a stem's: that is what the slant is told by.
        for index in np.flatnonzero(with_foot):
            bitmaps[index] = upright(bitmaps[index])
        yield counts(bitmaps)


def _put_on_foot(picture: NDArray[np.float32], generator: np.random.Generator) -> None:
    bottom = np.flatnonzero(picture[-BLOCK_PIXELS:].max(axis=0) > THINNEST)
    middle = bottom.mean() if bottom.size else MIDDLE
    left, right = middle - generator.uniform(8, 16), middle + generator.uniform(8, 16)
    picture[-generator.integers(4, 9) :, max(0, round(left)) : round(right)] = INK


def _places(number: int, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each pixel of each copy comes from: columns and rows, [N,32,32] each."""

    def up_to(most: float) -> NDArray[np.float64]:
        return generator.uniform(-most, most, (number, 1, 1))

    row, column = np.mgrid[:SIDE_PIXELS, :SIDE_PIXELS] - MIDDLE
    angle, slant = up_to(ROTATION_RADIANS), up_to(SLANT)
    across = (1 + up_to(STRETCH_ACROSS)) * (column + slant * row)
    down = (1 + up_to(STRETCH_DOWN)) * row
    across, down = across * np.cos(angle) - down * np.sin(angle), across * np.sin(angle) + down * np.cos(angle)
    # Few random numbers, and smooth between them.
    distances = np.linspace(0, _WAVES - 1, SIDE_PIXELS)[:, None] - np.arange(_WAVES)
    weights = np.exp(-(distances**2) / 0.7)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    waves = weights @ generator.normal(0, WAVES_PIXELS, (2, number, _WAVES, _WAVES)) @ weights.T
    across += MIDDLE + up_to(SHIFT_ACROSS_PIXELS) + waves[0]
    down += MIDDLE + up_to(SHIFT_DOWN_PIXELS) + waves[1]
    return across, down
