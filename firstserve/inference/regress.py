"""Regress: serialized tf.Examples -> a signature -> one number for each example.

A signature that regresses has the one output `outputs` (float32) of the shape [examples] or [examples, 1].
Checks, their order and their texts are TensorFlow Serving's.
"""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument
from firstserve.inference.examples import SERIALIZED_INPUT, run_on_examples, takes_features
from firstserve.inference.notation import dtype_text, shape_text, signature_text
from firstserve.inference.predict import check_servable, resolve
from firstserve.servable import REGRESS_METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.models.served_model import ServedModel
    from firstserve.servable import Servable
    from firstserve.tensors import Tensor


def regress(
    model: ServedModel,
    signature_name: str,
    examples: Sequence[bytes],
    deadline_s: float | None = None,
    *,
    check_method_name: bool = False,
) -> list[float]:
    """Gives the number for each of the serialized tf.Examples.

    `deadline_s` is on the clock of `time.monotonic()`. `check_method_name` refuses a signature of another method.
    Raises Unimplemented for a signature that the runtime cannot serve, InvalidArgument for an unknown one, one that
    does not regress and examples that do not fit it, DeadlineExceeded past the deadline, FirstserveError where the
    runtime fails.
    """
    name = resolve(signature_name)
    check_servable(model.servable, name)
    if name not in model.servable.signatures:
        raise InvalidArgument(f"No signature was found with the name: {name}")
    check_regresses(model.servable, name, check_method_name=check_method_name)
    return _read(run_on_examples(model.servable, name, examples, ["outputs"], deadline_s), len(examples))


def check_regresses(servable: Servable, name: str, *, check_method_name: bool) -> None:
    """Raises InvalidArgument unless the signature has the inputs and the output of one that regresses."""
    signature = servable.signatures[name]
    if check_method_name and signature.method_name != REGRESS_METHOD:
        raise InvalidArgument(
            f"Expected regression signature method_name to be {REGRESS_METHOD}. Was: {signature.method_name}"
        )
    by_features = takes_features(signature)
    if not by_features and len(signature.inputs) != 1:
        raise InvalidArgument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise InvalidArgument("Expected one output Tensor.")
    if not by_features and SERIALIZED_INPUT not in signature.inputs:
        raise InvalidArgument(f"No regression inputs found in SignatureDef: {signature_text(servable, name)}")
    if "outputs" not in signature.outputs:
        raise InvalidArgument(f"No regression outputs found in SignatureDef: {signature_text(servable, name)}")


def _read(outputs: Mapping[str, Tensor], count: int) -> list[float]:
    """The numbers for `count` examples. Raises InvalidArgument where the output does not have its shape or dtype."""
    tensor = outputs["outputs"]
    if len(tensor.shape) not in {1, 2} or tensor.shape[1:] not in {(), (1,)}:
        raise InvalidArgument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{shape_text(tensor.shape)}"
        )
    if tensor.shape[0] != count:
        raise InvalidArgument(f"Input batch size did not match output batch size: {count} vs. {tensor.shape[0]}")
    if tensor.dtype != "float32":
        raise InvalidArgument(f"Expected output Tensor of DT_FLOAT.  Got: {dtype_text(tensor.dtype)}")
    return list(unpack(f"{count}f", tensor.data))
