"""scikit-learn's 1,797 handwritten digits -> what is learnt from, and what is held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT = 0.2
"""The share of each class that training never sees."""
SEED = 0
"""Which ones these are."""


class Digits(NamedTuple):
    """`instances` are ink counts, float32 [N,8,8,1], 0 to 16; `classes` the digits that they are, int64 [N]."""

    instances: NDArray[np.float32]
    classes: NDArray[np.int64]


def load() -> tuple[Digits, Digits]:
    """Those to learn from and those held out, the same ones each time."""
    flat, classes = load_digits(return_X_y=True)
    instances = flat.reshape(-1, 8, 8, 1).astype(np.float32)
    learnt, held_out, learnt_classes, held_out_classes = train_test_split(
        instances, classes, test_size=HELD_OUT, stratify=classes, random_state=SEED
    )
    return Digits(learnt, learnt_classes), Digits(held_out, held_out_classes)
