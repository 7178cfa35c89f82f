"""Image options: how `POST /predict` reads pictures and labels answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.image.memory import ImageMemory
    from firstserve.servable import Normalization


class ImageOptions(NamedTuple):
    """How pictures are read and answers are labelled."""

    limit_pixels: int
    memory: ImageMemory
    """Of all pictures that are decoded at once."""
    size: int
    """Width and height for a model that takes any."""
    normalization: Normalization | None
    """In place of what the model says; None leaves it to the model."""
    labels: Sequence[str]
    """In place of the model's own; empty leaves them to the model."""
    scores_output: str
    """The name of the output that holds the class scores; empty leaves it to the model's signature."""
    pictures_at_once: int
    """Decoded and run at once, the others wait. One more than there are CPUs keeps them busy while a thread waits for
    Python's lock; many more would only take caches and memory."""
