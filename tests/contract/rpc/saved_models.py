"""Writes what TensorFlow 2 and Keras export, as TensorFlow Serving's own tests have it: each with an input x, output y.

Run by a Python that has TensorFlow: `python saved_models.py FOLDER` writes any_rank/123 and keras/123.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import tensorflow as tf

ANY_RANK = tf.TensorSpec(None, tf.float32)


class AnyRank(tf.Module):  # type: ignore[misc]
    """Two signatures that take any shape; their factors are variables."""

    def __init__(self) -> None:
        self.two, self.three = tf.Variable(2.0), tf.Variable(3.0)

    @tf.function(input_signature=[ANY_RANK])  # type: ignore[untyped-decorator]
    def six_times(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": self.two * self.three * x}

    @tf.function(input_signature=[ANY_RANK])  # type: ignore[untyped-decorator]
    def twice(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": self.two * x}


def save_any_rank(folder: Path) -> None:
    module = AnyRank()
    signatures = {"serving_default": module.six_times, "twice": module.twice}
    tf.saved_model.save(module, str(folder / "any_rank/123"), signatures)


def save_keras(folder: Path) -> None:
    layers = [keras.Input((1,), name="x"), keras.layers.Dense(1, kernel_initializer="ones", name="y")]
    archive = keras.export.ExportArchive()
    model = keras.Sequential(layers)
    archive.track(model)
    archive.add_endpoint("serving_default", lambda x: {"y": model(x)}, [tf.TensorSpec([None, 1], name="x")])
    archive.write_out(str(folder / "keras/123"), verbose=False)


if __name__ == "__main__":
    save_any_rank(Path(sys.argv[1]))
    save_keras(Path(sys.argv[1]))
