"""The shared pictures that come with masks, and how well a segmentation agrees with them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

BACKGROUND, BIRD, DOG = 0, 3, 12
VOID = 255
CODES = {
    # Classes of Pascal VOC; the few pixels of 1 and 2 lie on the bird's outline, and are no aeroplane and no bicycle.
    "bird": {0: BACKGROUND, 3: BIRD, 1: VOID, 2: VOID},
    # A trimap of the Oxford-IIIT Pet Dataset, less one: the animal, what is around it, and its outline.
    "dog": {0: DOG, 1: BACKGROUND, 2: VOID},
}


class Labelled(NamedTuple):
    """A picture's file, and the class of each of its pixels, VOID where nobody says."""

    body: bytes
    truth: np.ndarray[Any, Any]


def pictures(shared_data: Path) -> list[Labelled]:
    return [_read(shared_data / "images", name) for name in CODES]


def _read(folder: Path, name: str) -> Labelled:
    codes = np.asarray(Image.open(folder / f"{name}_segmentation_mask.bmp"))
    assert set(np.unique(codes)) == set(CODES[name])
    table = np.full(256, VOID, np.uint8)
    for code, class_id in CODES[name].items():
        table[code] = class_id
    return Labelled((folder / f"{name}_segmentation.bmp").read_bytes(), table[codes])


def class_ids(mask: bytes) -> np.ndarray[Any, Any]:
    """The values of a mask that the gateway has made: a PNG with Pascal VOC's palette."""
    image = Image.open(BytesIO(mask))
    assert image.mode == "P"
    return np.asarray(image)


def mean_iou(labelled: Sequence[Labelled], segment: Callable[[bytes], np.ndarray[Any, Any]]) -> float:
    """Pascal VOC's measure: intersection over union of each class, counted over all pictures, then their mean.

    VOID counts nowhere. The classes are those of the masks; a wrong pixel counts against the class that it should have
    had, and against the one that it has.
    """
    confusion = np.zeros((256, 256), np.int64)
    for picture in labelled:
        answer = segment(picture.body)
        known = picture.truth != VOID
        np.add.at(confusion, (picture.truth[known], answer[known]), 1)
    truth, answers, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
    return float(np.mean([right[each] / (truth[each] + answers[each] - right[each]) for each in np.flatnonzero(truth)]))
