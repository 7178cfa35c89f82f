"""Writes what the REST API is tested with: one model for both runtimes, and one with what only TensorFlow can.

Run by a Python that has TensorFlow: `python models.py FOLDER` writes saved_model/1, tflite/1 and tensorflow_only/1.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import tensorflow as tf

v1 = tf.compat.v1
Ends = tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]
"""Inputs and outputs of a signature by name."""
NUMBERS = tf.TensorSpec([None])
DTYPES = (
    *("bool", "uint8", "int8", "uint16", "int16", "float16", "bfloat16", "uint32", "int32", "float32"),
    *("uint64", "int64", "float64", "complex64", "string"),
)


class Both(tf.Module):  # type: ignore[misc]
    """A signature with one input and output, and one with several."""

    @tf.function(input_signature=[NUMBERS])  # type: ignore[untyped-decorator]
    def half_plus_two(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x / 2 + 2}

    @tf.function(input_signature=[NUMBERS, tf.TensorSpec([None, 2], tf.int32)])  # type: ignore[untyped-decorator]
    def several(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"double": a * 2, "negative": -b}


def save_both(folder: Path) -> None:
    module = Both()
    signatures = {"serving_default": module.half_plus_two, "several": module.several}
    saved_model = folder / "saved_model/1"
    tf.saved_model.save(module, str(saved_model), signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=list(signatures))
    (folder / "tflite/1").mkdir(parents=True)
    (folder / "tflite/1/model.tflite").write_bytes(converter.convert())


def odd_outputs() -> dict[str, Ends]:
    """Outputs that go in one format alone, in none, or cannot be read; an endless loop; no input at all; strings."""
    text = v1.placeholder(tf.string, [None])
    x = v1.placeholder(tf.float32, [None])
    steps = v1.placeholder(tf.int32, [])
    count = tf.while_loop(lambda n: n < steps, lambda n: [n + 1], [tf.constant(0)])
    return {
        "scalar": ({"x": x}, {"y": tf.reduce_sum(x)}),
        "uneven": ({"x": x}, {"a": x + 0, "b": tf.concat([x, [0.0]], 0)}),
        "complex": ({"x": x}, {"y": tf.complex(x, x)}),
        "half": ({"x": x}, {"y": tf.cast(x, tf.float16)}),
        "repeated": ({"x": x}, {"y": tf.tile(x[:, None], [1, 1000])}),
        "count": ({"steps": steps}, {"count": count[0]}),
        "ragged": ({"x": x}, {"y": tf.RaggedTensor.from_row_lengths(x, [1, 1])}),
        "int4": ({"x": x}, {"y": tf.cast(x, tf.dtypes.experimental.int4)}),
        "no_inputs": ({}, {"y": tf.constant([1.0])}),
        "text": ({"text": text}, {"text": tf.reverse(text, [0]), "text_bytes": tf.identity(text)}),
    }


def echoes() -> dict[str, Ends]:
    """A signature for each data type that gives back what it gets, of any shape."""
    inputs = {dtype: v1.placeholder(dtype) for dtype in DTYPES}
    return {f"echo_{dtype}": ({"x": x}, {"y": tf.identity(x)}) for dtype, x in inputs.items()}


def on_examples() -> dict[str, Ends]:
    """Signatures that take tf.Examples with the float feature `x`."""
    examples = v1.placeholder(tf.string, [None])
    x = v1.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
    given = {"inputs": examples}
    labels = tf.tile([["low", "high"]], [v1.size(examples), 1])
    return {
        "classify": (given, {"classes": labels, "scores": tf.concat([1 - x, x], 1)}),
        "scores": (given, {"scores": x}),
        "regress": (given, {"outputs": x / 2 + 2}),
    }


def save_tensorflow_only(folder: Path) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = {
            name: v1.saved_model.build_signature_def(
                *({key: v1.saved_model.build_tensor_info(tensor) for key, tensor in end.items()} for end in ends),
                method_name="tensorflow/serving/predict",
            )
            for name, ends in (odd_outputs() | echoes() | on_examples()).items()
        }
        builder = v1.saved_model.Builder(str(folder / "tensorflow_only/1"))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    save_both(target)
    save_tensorflow_only(target)
