"""A large model, the same every time: layers that each multiply by a square matrix -> model.tflite in a folder.

Run by a Python that has TensorFlow: `python -m bench.lab.large_model FOLDER MEGABYTES`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from generate.quiet import quiet

WIDTH = 2048
"""Float32 values in and out of a layer; its matrix has 16.8 MB."""


def write(folder: Path, size_bytes: int) -> None:
    """Writes a model of at least this size: float32 [n, 2048] -> [n, 2048]."""
    generator = np.random.default_rng(5)
    layers = -(-size_bytes // (WIDTH * WIDTH * 4))
    # Scaled so that values neither grow nor vanish from layer to layer.
    matrices = [
        tf.constant(generator.standard_normal((WIDTH, WIDTH), np.float32) * (2 / WIDTH) ** 0.5) for _ in range(layers)
    ]

    def run(x: tf.Tensor) -> tf.Tensor:
        for matrix in matrices:
            x = tf.nn.relu(x @ matrix)
        return x

    concrete = tf.function(run, input_signature=[tf.TensorSpec([None, WIDTH], name="x")]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "model.unfinished"
    unfinished.write_bytes(converter.convert())
    unfinished.rename(folder / "model.tflite")


if __name__ == "__main__":
    with quiet(verbose=False):
        write(Path(sys.argv[1]), int(sys.argv[2]) * 1_000_000)
