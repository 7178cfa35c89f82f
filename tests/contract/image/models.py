"""Writes models that take images under a folder: `saved_model/NAME/1` and `tflite/NAME/1`, of the same function.

Run by a Python that has TensorFlow: `python models.py FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIDE = 8


def pixels(image: tf.Tensor) -> tf.Tensor:
    return tf.reshape(image * 1.0, [-1, SIDE * SIDE * 3])


def mean(image: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(image, [1, 2])


OUTPUTS: Mapping[str, Callable[[tf.Tensor], dict[str, tf.Tensor]]] = {
    "pixels": lambda image: {"values": pixels(image)},
    "colours": lambda image: {"values": mean(image)},
    "two_heads": lambda image: {"box": pixels(image)[:, :4], "cls": mean(image)},
    "named": lambda image: {"features": pixels(image)[:, :4], "probabilities": mean(image)},
    "mask": lambda image: {"mask": image[:, :, :, :2] * 1.0},
    "boxes": lambda image: {"boxes": tf.reshape(image * 1.0, [-1, SIDE * 3, SIDE])},
    "argmax": lambda image: {"best": tf.argmax(mean(image), 1)},
}


def save(name: str, folder: Path) -> None:
    """Saves one model in both formats."""
    image = tf.TensorSpec([None, SIDE, SIDE, 3], name="image")
    module = tf.Module()
    function = tf.function(OUTPUTS[name], input_signature=[image])
    saved = folder / "saved_model" / name / "1"
    tf.saved_model.save(module, str(saved), {"serving_default": function})
    converted = folder / "tflite" / name / "1"
    converted.mkdir(parents=True)
    (converted / "model.tflite").write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())


if __name__ == "__main__":
    for name in OUTPUTS:
        save(name, Path(sys.argv[1]))
