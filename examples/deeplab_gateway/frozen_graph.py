"""A frozen graph of DeepLabV3, as DeepLab's own export_model.py writes it -> a SavedModel with a signature."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from examples.deeplab_gateway.signature import INPUT, OUTPUT, SIDE
from generate.errors import UserError

SHOWN = 8
"""So many tensors of the graph are named where the one asked for is not in it."""


def write(file: Path, folder: Path, taken: str, given: str) -> None:
    """Write a SavedModel to `folder` that feeds the graph's tensor `taken` and gives its tensor `given`.

    Raises UserError where `file` is no frozen graph, where it has no such tensors, or where they do not fit.
    """
    graph = _load(file)
    picture = _find(graph, taken, "--input", _names(graph, lambda node: node.type == "Placeholder"))
    class_ids = _find(graph, given, "--output", _names(graph, _is_end))
    _check(picture, "--input", picture.dtype == tf.uint8, [1, SIDE, SIDE, 3], "uint8")
    _check(class_ids, "--output", class_ids.dtype.is_integer, [1, SIDE, SIDE], "integers")
    folder.rmdir()  # the builder wants to make it
    with tf.compat.v1.Session(graph=graph) as session:
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        signature = tf.compat.v1.saved_model.predict_signature_def({INPUT: picture}, {OUTPUT: class_ids})
        builder.add_meta_graph_and_variables(
            session, [tf.saved_model.SERVING], signature_def_map={"serving_default": signature}
        )
        builder.save()


def _load(file: Path) -> tf.Graph:
    graph_def = tf.compat.v1.GraphDef()
    try:
        graph_def.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise UserError(f"{file} is no frozen graph: it cannot be read as a GraphDef ({error})") from error
    if variables := [node.name for node in graph_def.node if node.op in {"VariableV2", "VarHandleOp"}]:
        raise UserError(
            f"{file} has {len(variables)} variables, such as {variables[0]}, without their values: "
            "freeze it first, as DeepLab's export_model.py does (frozen_inference_graph.pb)"
        )
    with tf.Graph().as_default() as graph:
        try:
            tf.import_graph_def(graph_def, name="")
        except ValueError as error:
            raise UserError(f"TensorFlow cannot load the graph in {file}: {error}") from error
    return graph


def _find(graph: tf.Graph, name: str, option: str, candidates: list[str]) -> tf.Tensor:
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError) as error:
        kind = "placeholders" if option == "--input" else "ends"
        more = f" and {len(candidates) - SHOWN} more" if len(candidates) > SHOWN else ""
        raise UserError(
            f"the graph has no tensor {name}. Its {kind}: {', '.join(candidates[:SHOWN]) or 'none'}{more}; "
            f"name the right one with {option}"
        ) from error


def _check(tensor: tf.Tensor, option: str, has_type: bool, shape: list[int], types: str) -> None:
    if not (has_type and tensor.shape.is_compatible_with(shape)):
        raise UserError(
            f"{tensor.name} is {tensor.dtype.name} {tensor.shape}: expected {types} {shape}; "
            f"name another one with {option}"
        )


def _names(graph: tf.Graph, wanted: Any) -> list[str]:
    return [tensor.name for node in graph.get_operations() if wanted(node) for tensor in node.outputs]


def _is_end(node: tf.Operation) -> bool:
    """Tell a result from the constants that nothing uses any more, of which graphs have many."""
    return len(node.inputs) > 0 and not any(tensor.consumers() for tensor in node.outputs)
