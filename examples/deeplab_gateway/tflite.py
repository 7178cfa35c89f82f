"""A .tflite of DeepLabV3 -> the same with a signature, so that its tensors go by the gateway's names.

Models of TensorFlow 1's time have no signature list. Format: tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from pathlib import Path
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from examples.deeplab_gateway.signature import INPUT, OUTPUT, SIDE
from generate.errors import UserError

IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""Of the weights in the file; the schema asks for it, the generated writer does not see to it."""
INTEGERS = (schema.TensorType.INT64, schema.TensorType.INT32, schema.TensorType.UINT8)
TYPE_NAMES = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}


class _Writer(flatbuffers.Builder):
    def CreateNumpyVector(self, x: Any) -> int:  # noqa: N802 - the library's name
        self.Prep(ALIGNMENT, x.nbytes)
        return int(super().CreateNumpyVector(x))


def write(file: Path, folder: Path) -> None:
    """Write `folder`/model.tflite from `file`. Raises UserError where that is no DeepLab for the gateway."""
    content = file.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise UserError(f"{file} is no .tflite: it starts with {content[:8]!r}")
    try:
        model = schema.ModelT.InitFromPackedBuf(content)
    except Exception as error:  # the reader follows offsets to wherever they lead
        raise UserError(f"{file} is cut off or damaged ({error}): get it again") from error
    graph = model.subgraphs[0]
    taken, given = ([_describe(graph.tensors[index]) for index in side] for side in (graph.inputs, graph.outputs))
    if not (
        len(taken) == len(given) == 1
        and _is(graph.tensors[graph.inputs[0]], (schema.TensorType.UINT8,), [1, SIDE, SIDE, 3])
        and _is(graph.tensors[graph.outputs[0]], INTEGERS, [1, SIDE, SIDE])
    ):
        raise UserError(
            f"{file} takes {', '.join(taken)} and gives {', '.join(given)}: expected one input uint8 "
            f"[1, {SIDE}, {SIDE}, 3] and one output of integers [1, {SIDE}, {SIDE}], the class of each pixel"
        )
    signature = schema.SignatureDefT(
        inputs=[schema.TensorMapT(INPUT, graph.inputs[0])],
        outputs=[schema.TensorMapT(OUTPUT, graph.outputs[0])],
        signatureKey="serving_default",
    )
    model.signatureDefs = [signature]
    writer = _Writer(len(content))
    writer.Finish(model.Pack(writer), IDENTIFIER)
    (folder / "model.tflite").write_bytes(writer.Output())


def _is(tensor: Any, types: tuple[int, ...], shape: list[int]) -> bool:
    return tensor.type in types and list(tensor.shape) == shape


def _describe(tensor: Any) -> str:
    return f"{tensor.name.decode()} ({TYPE_NAMES[tensor.type]} {[int(size) for size in tensor.shape]})"
