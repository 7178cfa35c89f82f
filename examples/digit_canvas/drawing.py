"""A drawing of any size -> 8 x 8 ink counts in the form of the digits that the model has learnt from.

Those come from NIST's form-based handprint recognition system (NISTIR 5469), by way of the UCI data set "Optical
Recognition of Handwritten Digits": each is a bitmap of 32 x 32 pixels, as high as the digit is and 20 pixels wide, its
strokes thickened or thinned until there is about as much ink as in any other one, its rows moved sideways until the
left ends of the top and of the bottom stand above each other. A value is the ink pixels in a block of 4 x 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_PIXELS = 40
"""A drawing that is neither as wide nor as high is a dot, and no digit."""
SIDE_PIXELS = 32
BLOCK_PIXELS = 4
WIDTH_PIXELS = 20
WIDEST_STRETCH = 2
"""How much wider than it is a narrow digit becomes at most: a straight 1 stays one."""
LEAST_INK_PIXELS, MOST_INK_PIXELS = 280, 360
"""Most of the data set's digits have so much: 312 in the mean, and from 261 to 368 in nine of ten."""
_STEPS_SIDE_PIXELS = 128
"""The longer side of the picture in which strokes grow and shrink: a quarter of a pixel of the bitmap at a time."""
_MOST_STEPS = 40


def ink_on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours [H,W,4] over white paper -> how dark each pixel is, [H,W], 0 for paper."""
    picture = Image.fromarray(rgba, "RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return 255 - np.asarray(Image.alpha_composite(paper, picture).convert("L"))


def instance(ink: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Ink [H,W], uint8, 255 where it is darkest -> counts [8,8,1], 0 to 16; None where no digit is drawn yet."""
    drawn = _black_and_white(Image.fromarray(ink))
    box = drawn.getbbox()
    if box is None or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_PIXELS:
        return None
    return counts(upright(_as_inked_as_others(drawn.crop(box))))


def counts(bitmaps: NDArray[np.bool_]) -> NDArray[np.float32]:
    """[...,32,32] -> the number of pixels that are set in each block, [...,8,8,1]."""
    side = SIDE_PIXELS // BLOCK_PIXELS
    blocks = bitmaps.reshape(*bitmaps.shape[:-2], side, BLOCK_PIXELS, side, BLOCK_PIXELS, 1)
    # With the axis of the one channel at the end, those within the blocks are the fourth and the second from it.
    number: NDArray[np.float32] = blocks.sum(axis=(-4, -2), dtype=np.float32)
    return number


def upright(fitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[32,W] without its slant, in the middle of [32,32]; what is too wide even so loses its sides."""
    # Of a block's rows and not of one: who draws with a mouse draws no straight lines.
    top, bottom = (rows.any(axis=0).argmax() for rows in (fitted[:BLOCK_PIXELS], fitted[-BLOCK_PIXELS:]))
    moves = np.round(np.linspace(bottom - top, 0, SIDE_PIXELS)).astype(int)
    wide = np.zeros((SIDE_PIXELS, 3 * SIDE_PIXELS), np.bool_)
    for row, move in enumerate(moves):
        left = SIDE_PIXELS + move
        wide[row, left : left + fitted.shape[1]] = fitted[row]
    (inked,) = np.nonzero(wide.any(axis=0))
    left = (inked[0] + inked[-1] + 1 - SIDE_PIXELS) // 2
    return wide[:, left : left + SIDE_PIXELS]


def _black_and_white(picture: Image.Image) -> Image.Image:
    return picture.point(lambda value: 255 if value >= 128 else 0)


def _fitted(drawn: Image.Image) -> NDArray[np.bool_]:
    """The drawing without its margins, 32 high and 20 wide or less."""
    drawn = drawn.crop(drawn.getbbox())
    width = round(WIDEST_STRETCH * SIDE_PIXELS * drawn.width / drawn.height)
    size = (min(WIDTH_PIXELS, max(1, width)), SIDE_PIXELS)
    return np.asarray(_black_and_white(drawn.resize(size, Image.Resampling.BOX))) > 0


def _as_inked_as_others(drawn: Image.Image) -> NDArray[np.bool_]:
    """Thickens or thins the strokes, and fits them."""
    scale = _STEPS_SIDE_PIXELS / max(drawn.size)
    size = (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale)))
    grown = Image.new("L", (size[0] + 2 * _MOST_STEPS, size[1] + 2 * _MOST_STEPS))
    grown.paste(_black_and_white(drawn.resize(size, Image.Resampling.BILINEAR)), (_MOST_STEPS, _MOST_STEPS))
    fitted = _fitted(grown)
    for _ in range(_MOST_STEPS):
        if fitted.sum() >= LEAST_INK_PIXELS:
            break
        grown = grown.filter(ImageFilter.MaxFilter(3))
        fitted = _fitted(grown)
    while fitted.sum() > MOST_INK_PIXELS:
        grown = grown.filter(ImageFilter.MinFilter(3))
        # A blot becomes no digit by being thinned.
        if grown.getbbox() is None or (thinner := _fitted(grown)).sum() >= fitted.sum():
            break
        fitted = thinner
    return fitted
