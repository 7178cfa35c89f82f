"""Writes small models under a folder: a SavedModel with every data type, one of TensorFlow 1's kind, a .tflite.

Run by a Python that has TensorFlow: `python small_models.py FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

DTYPES = (
    *("bool", "uint8", "int8", "uint16", "int16", "float16", "bfloat16", "uint32", "int32", "float32"),
    *("uint64", "int64", "float64", "complex64", "complex128", "string"),
)


class Everything(tf.Module):  # type: ignore[misc]
    """A signature for each data type that gives back what it gets, two that keep a string, and some of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = tf.Variable(tf.constant([], tf.string), shape=[None])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])  # type: ignore[untyped-decorator]
    def keep(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        self.kept.assign(text)
        return {"count": tf.size(text)}

    @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
    def kept_text(self) -> dict[str, tf.Tensor]:
        return {"text": self.kept.read_value()}

    @tf.function(input_signature=[tf.TensorSpec([None], name="numbers")])  # type: ignore[untyped-decorator]
    def extremes(self, numbers: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"smallest": tf.reduce_min(numbers), "largest": tf.reduce_max(numbers)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="steps")])  # type: ignore[untyped-decorator]
    def count(self, steps: tf.Tensor) -> dict[str, tf.Tensor]:
        """As long as one wants: about a million steps a second."""
        count = tf.constant(0)
        while count < steps:
            count += 1
        return {"count": count}


def save_everything(folder: Path) -> None:
    module = Everything()
    signatures = {"keep": module.keep, "kept": module.kept_text, "extremes": module.extremes, "count": module.count}
    for dtype in DTYPES:
        echo = tf.function(lambda x: {"y": tf.identity(x)})
        signatures[dtype] = echo.get_concrete_function(tf.TensorSpec(None, dtype, name="x"))
    tf.saved_model.save(module, str(folder), signatures)


def signature(inputs: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor]) -> object:
    """A SignatureDef of tensors of TensorFlow 1's kind."""
    v1 = tf.compat.v1
    inputs = {name: v1.saved_model.build_tensor_info(tensor) for name, tensor in inputs.items()}
    outputs = {name: v1.saved_model.build_tensor_info(tensor) for name, tensor in outputs.items()}
    return v1.saved_model.build_signature_def(inputs, outputs, "tensorflow/serving/predict")


def save_graph(folder: Path) -> None:
    """A queue whose `take` waits for `put`, one that is closed, and a signature over a sparse tensor."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        queue = v1.FIFOQueue(8, [tf.float32], [[]])
        value = v1.placeholder(tf.float32, [])
        with tf.control_dependencies([queue.enqueue(value)]):
            put = tf.identity(value)
        closed = v1.FIFOQueue(8, [tf.float32], [[]])
        with tf.control_dependencies([closed.close()]):
            taken = closed.dequeue()
        sparse = v1.sparse_placeholder(tf.float32)
        total = v1.sparse_reduce_sum(sparse)
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "put": signature({"value": value}, {"value": put}),
                "take": signature({}, {"value": queue.dequeue()}),
                "take_from_closed": signature({}, {"value": taken}),
                "total": signature({"sparse": sparse}, {"total": total}),
            },
        )
        builder.save()


def save_shapes(folder: Path) -> None:
    """Inputs whose declared shapes say less, or more, than what is done with them; with convolutions, and without."""
    v1 = tf.compat.v1
    filters = [1.0, 1.0, 1.0, 1.0]
    for name, convolutions in (("shapes", False), ("convolutions", True)):
        with tf.Graph().as_default(), v1.Session() as session:
            row, image = v1.placeholder(tf.float32, [None, 4]), v1.placeholder(tf.float32, [None, 4, 4, 1])
            square, other = tf.reshape(row, [-1, 2, 2, 1]), v1.placeholder(tf.float32, [None, 4])
            signatures = {"twice": signature({"x": other}, {"y": other * 2})}
            if convolutions:
                kernel = tf.reshape(tf.constant(filters), [2, 2, 1, 1])
                for end, tensor in {"reshaped": (row, square), "image": (image, image)}.items():
                    convolved = tf.nn.conv2d(tensor[1], kernel, 1, "VALID")
                    signatures[end] = signature({"x": tensor[0]}, {"y": convolved})
            else:
                signatures["product"] = signature({"x": row}, {"y": row @ tf.reshape(tf.constant(filters), [4, 1])})
                signatures["reshaped"] = signature({"x": row}, {"y": square})
                signatures["longer"] = signature({"x": row}, {"y": row[:, None]})
            builder = v1.saved_model.Builder(str(folder / name))
            builder.add_meta_graph_and_variables(session, ["serve"], signatures)
            builder.save()


class Several(tf.Module):  # type: ignore[misc]
    """Signatures with two inputs, with a fixed dimension and with strings."""

    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([None, 2])])  # type: ignore[untyped-decorator]
    def subtract(self, left: tf.Tensor, right: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"difference": left - right}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
    def swap(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"text": tf.gather(text, [1, 0])}


def save_tflite(folder: Path) -> None:
    module = Several()
    functions = [module.subtract.get_concrete_function(), module.swap.get_concrete_function()]
    tf.saved_model.save(module, str(folder), {"subtract": functions[0], "swap": functions[1]})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=["subtract", "swap"])
    (folder / "model.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    save_everything(Path(sys.argv[1]) / "everything")
    save_graph(Path(sys.argv[1]) / "graph")
    save_shapes(Path(sys.argv[1]))
    save_tflite(Path(sys.argv[1]) / "several")
