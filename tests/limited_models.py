"""Writes .tflite models that LiteRT's C library runs in part, in another way or not at all, as `<name>/1/model.tflite`.

Run by a Python that has TensorFlow: `python limited_models.py FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = tf.TensorSpec([None, 2], name="x")
SQUARES = tf.TensorSpec([None, 2, 2], name="x")
NUMBERS = tf.TensorSpec([None], tf.int32)


class Several(tf.Module):  # type: ignore[misc]
    """Signatures to be put into one model."""

    def __init__(self) -> None:
        super().__init__()
        self.total = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[SQUARES])  # type: ignore[untyped-decorator]
    def double(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * 2.0}

    @tf.function(input_signature=[SQUARES])  # type: ignore[untyped-decorator]
    def determinant(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": tf.linalg.det(x)}

    @tf.function(input_signature=[PAIRS])  # type: ignore[untyped-decorator]
    def twice(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        y = x * 2.0
        return {"first": y, "second": y}

    @tf.function(input_signature=[PAIRS])  # type: ignore[untyped-decorator]
    def plus_one(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"z": x + 1.0}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], name="x")])  # type: ignore[untyped-decorator]
    def add(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        self.total.assign_add(tf.reduce_sum(x, 0))
        return {"total": self.total.read_value()}

    @tf.function(input_signature=[PAIRS])  # type: ignore[untyped-decorator]
    def read(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"total": self.total.read_value() + 0.0 * tf.reduce_sum(x)}


def with_signatures(folder: Path, *names: str) -> bytes:
    module = Several()
    tf.saved_model.save(module, str(folder), {name: getattr(module, name).get_concrete_function() for name in names})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=list(names))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    converter.experimental_enable_resource_variables = True
    return bytes(converter.convert())


def of(function: Callable[..., object], *specs: tf.TensorSpec) -> bytes:
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module()).convert())


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def of_a_newer_operation() -> bytes:
    """A multiplication in a version of the operation that nobody has."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(of(lambda x: x * 2.0, PAIRS)), 0))
    model.operatorCodes[0].version = 99
    return packed(model)


def with_state() -> bytes:
    """An SVDF, which adds up its last three inputs."""

    def buffer(values: object = None) -> Any:
        made = schema.BufferT()
        made.data = None if values is None else np.frombuffer(np.asarray(values, "float32").tobytes(), "uint8")
        return made

    def tensor(name: str, shape: list[int], buffer: int = 0, *, is_variable: bool = False) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, shape, schema.TensorType.FLOAT32, buffer
        made.isVariable, made.hasRank = is_variable, True
        return made

    options = schema.SVDFOptionsT()
    options.rank = 1
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, 2, -1, 3], [4]
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.SVDFOptions, options
    graph = schema.SubGraphT()
    graph.name, graph.inputs, graph.outputs, graph.operators = "main", [0], [4], [operator]
    graph.tensors = [
        *(tensor("x", [1, 2]), tensor("features", [1, 2], 1), tensor("times", [1, 3], 2)),
        *(tensor("svdf/state", [1, 3], is_variable=True), tensor("y", [1, 1])),
    ]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SVDF
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [buffer(), buffer([[1, 1]]), buffer([[1, 1, 1]])]
    return packed(model)


def write_all(folder: Path) -> None:
    models = {
        "tensorflow_operation_second": with_signatures(folder / "second", "double", "determinant"),
        "tensorflow_operation_first": with_signatures(folder / "first", "determinant", "double"),
        "tensorflow_operation": with_signatures(folder / "alone", "determinant"),
        "two_names": with_signatures(folder / "names", "twice", "plus_one"),
        "variable": with_signatures(folder / "variable_saved", "add", "read"),
        "positions": of(lambda x: tf.where(x > 0), PAIRS),
        "lookup": of(lambda x: tf.gather(tf.constant([10.0, 20.0, 30.0]), x), NUMBERS),
        "division": of(lambda x, y: {"quotient": x // y}, NUMBERS, NUMBERS),
        "any_rank": of(lambda x: x * 2.0, tf.TensorSpec(None)),
        "newer_operation": of_a_newer_operation(),
        "state": with_state(),
        "git_lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 17000000\n",
    }
    for name, content in models.items():
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "1" / "model.tflite").write_bytes(content)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
