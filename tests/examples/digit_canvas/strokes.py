"""Digits as the strokes of a hand: paths of points, and pictures of them as the canvas has them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Stroke = NDArray[np.float64]  # points [N,2], to the right and down

SIDE_PIXELS = 280
STEP = 0.04


def arc(left: float, top: float, radii: tuple[float, float], start: float, end: float) -> Stroke:
    """A part of an ellipse around a point, between angles in degrees: 0 is right, 90 is down."""
    angles = np.radians(np.linspace(start, end, 24))
    return np.stack([left + radii[0] * np.cos(angles), top + radii[1] * np.sin(angles)], axis=1)


def line(*points: tuple[float, float]) -> Stroke:
    return np.array(points, np.float64)


def joined(*strokes: Stroke) -> Stroke:
    return np.concatenate(strokes)


# Within a box of 1 x 1, in several manners each.
MANNERS: dict[int, list[list[Stroke]]] = {
    0: [
        [arc(0.5, 0.5, (0.5, 0.5), -100, 270)],
        [arc(0.5, 0.5, (0.38, 0.5), -60, -430)],
        [arc(0.5, 0.5, (0.45, 0.5), -90, -430)],
    ],
    1: [
        [line((0.5, 0), (0.5, 1))],
        [line((0.1, 0.3), (0.5, 0), (0.5, 1))],
        [line((0.6, 0), (0.4, 1))],
        [line((0.15, 0.25), (0.5, 0), (0.5, 1)), line((0.1, 1), (0.9, 1))],
    ],
    2: [
        [joined(arc(0.5, 0.3, (0.45, 0.3), -170, 40), line((0, 1), (1, 1)))],
        [
            joined(
                arc(0.5, 0.28, (0.4, 0.28), -160, 50),
                arc(0.3, 0.85, (0.25, 0.15), -30, -300),
                line((0.4, 0.85), (1, 1)),
            )
        ],
        [joined(arc(0.45, 0.3, (0.45, 0.3), -190, 30), line((0.1, 0.95), (0.05, 1), (1, 0.95)))],
    ],
    3: [
        [joined(arc(0.4, 0.26, (0.45, 0.26), -160, 90), arc(0.4, 0.75, (0.5, 0.25), -90, 160))],
        [joined(line((0.05, 0), (0.95, 0), (0.4, 0.4)), arc(0.4, 0.7, (0.5, 0.3), -90, 150))],
        [joined(arc(0.4, 0.25, (0.4, 0.25), -140, 80), arc(0.4, 0.74, (0.45, 0.26), -80, 140))],
    ],
    4: [
        [line((0.3, 0), (0, 0.6), (1, 0.6)), line((0.75, 0.1), (0.75, 1))],
        [line((0.7, 1), (0.7, 0), (0, 0.68), (1, 0.68))],
        [line((0.1, 0), (0.1, 0.5), (0.9, 0.5)), line((0.85, 0), (0.85, 1))],
    ],
    5: [
        [joined(line((0.9, 0), (0.15, 0), (0.1, 0.45)), arc(0.4, 0.7, (0.5, 0.3), -120, 140))],
        [joined(line((0.15, 0), (0.1, 0.42)), arc(0.42, 0.7, (0.48, 0.3), -110, 150)), line((0.15, 0), (0.95, 0))],
        [joined(line((0.95, 0.02), (0.2, 0), (0.15, 0.4)), arc(0.45, 0.68, (0.45, 0.32), -100, 160))],
    ],
    6: [
        [joined(arc(0.9, 0.6, (0.9, 0.6), -110, -180), arc(0.5, 0.7, (0.5, 0.3), 180, -180))],
        [joined(line((0.75, 0), (0.25, 0.4)), arc(0.5, 0.7, (0.45, 0.3), -150, -510))],
        [joined(arc(0.8, 0.55, (0.75, 0.55), -90, -190), arc(0.48, 0.72, (0.44, 0.28), 170, -170))],
    ],
    7: [
        [line((0, 0), (1, 0), (0.35, 1))],
        [line((0, 0), (1, 0), (0.4, 1)), line((0.3, 0.5), (0.9, 0.5))],
        [line((0, 0.1), (0, 0), (1, 0), (0.45, 1))],
        [joined(line((0, 0.05), (0.95, 0)), arc(1.3, 1, (0.9, 1), -115, -180))],
    ],
    8: [
        [
            joined(
                arc(0.5, 0.25, (0.4, 0.25), -45, -270),
                arc(0.5, 0.75, (0.5, 0.25), -90, 270),
                arc(0.5, 0.25, (0.4, 0.25), 90, -45),
            )
        ],
        [arc(0.5, 0.25, (0.42, 0.25), 0, 360), arc(0.5, 0.75, (0.5, 0.25), -90, 270)],
        [
            joined(
                arc(0.5, 0.26, (0.4, 0.26), 0, -250),
                arc(0.5, 0.76, (0.46, 0.24), -70, 250),
                arc(0.5, 0.26, (0.4, 0.26), 70, 0),
            )
        ],
    ],
    9: [
        [joined(arc(0.45, 0.28, (0.45, 0.28), -10, -350), line((0.9, 0.2), (0.85, 1)))],
        [joined(arc(0.45, 0.28, (0.45, 0.28), -30, -360), line((0.9, 0.5)), arc(0.4, 0.7, (0.5, 0.3), 0, 130))],
        [joined(arc(0.5, 0.27, (0.42, 0.27), 0, -360), line((0.92, 0.25), (0.6, 1)))],
    ],
}


class Drawn(NamedTuple):
    """Strokes on the canvas, in pixels, and the pen's width in pixels."""

    strokes: list[Stroke]
    pen: float


def without_gaps(stroke: Stroke) -> Stroke:
    """A point every 0.04 or so at most."""
    points = [stroke[:1]]
    for start, end in itertools.pairwise(stroke):
        number = max(1, int(np.hypot(*(end - start)) / STEP))
        points.append(start + (end - start) * np.linspace(0, 1, number + 1)[1:, None])
    return np.concatenate(points)


def neat(digit: int, manner: int = 0) -> Drawn:
    """In the middle of the canvas, upright."""
    strokes = [without_gaps(each) for each in MANNERS[digit][manner]]
    return Drawn([np.array([80, 40]) + each * np.array([120, 200]) for each in strokes], 20)


def by_hand(digit: int, manner: int, generator: np.random.Generator) -> Drawn:
    """Somewhere on the canvas, of some size and slant, by a hand that shakes, with some pen."""
    height = SIDE_PIXELS * generator.uniform(0.35, 0.9)
    width = height * generator.uniform(0.45, 0.9) * (0.6 if digit == 1 else 1)
    slant, angle = generator.uniform(-0.15, 0.35), np.radians(generator.uniform(-10, 10))
    pen = generator.uniform(10, 28)
    pace, phase = generator.uniform(3, 9, 4), generator.uniform(0, 2 * np.pi, 4)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    strokes = []
    for stroke in MANNERS[digit][manner]:
        # The corners of straight lines are where a hand is least exact.
        corners = generator.normal(0, 0.03, stroke.shape) if len(stroke) <= 6 else 0
        points = without_gaps(stroke + corners)
        waves = 0.03 * np.sin(points[:, [1, 0, 0, 1]] * pace + phase)
        shaken = points - 0.5 + waves[:, :2] + waves[:, 2:]
        slanted = np.stack([shaken[:, 0] * width - shaken[:, 1] * slant * height, shaken[:, 1] * height], axis=1)
        strokes.append(slanted @ turn.T)
    every = np.concatenate(strokes)
    first, last = every.min(axis=0) - pen / 2, every.max(axis=0) + pen / 2
    scale = min(1, (SIDE_PIXELS - 2) / (last - first).max())
    place = generator.uniform(-first * scale, SIDE_PIXELS - last * scale)
    return Drawn([each * scale + place for each in strokes], pen)


def picture(drawn: Drawn) -> NDArray[np.uint8]:
    """The ink, [280,280], 255 where the pen went: drawn at twice the size, so that its edges are smooth."""
    paper = Image.new("L", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))
    pen = ImageDraw.Draw(paper)
    for stroke in drawn.strokes:
        points = [(2 * left, 2 * top) for left, top in stroke]
        pen.line(points, fill=255, width=round(2 * drawn.pen))
        for left, top in points:
            pen.circle((left, top), drawn.pen, fill=255)
    return np.asarray(paper.resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.BOX))
