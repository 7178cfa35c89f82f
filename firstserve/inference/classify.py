"""Classify: serialized tf.Examples -> a signature -> labels and scores for each example.

A signature that classifies has the outputs `classes` (string) and `scores` (float32), or one of them, both of the
shape [examples, classes]. Checks, their order and their texts are TensorFlow Serving's.

A .tflite has no string outputs. A signature that takes numbers and gives `scores` alone has the labels that the model
brings with it, where there is one for each score.
"""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING, TypeAlias

from firstserve.errors import InvalidArgument
from firstserve.inference.examples import SERIALIZED_INPUT, run_on_examples, takes_features
from firstserve.inference.notation import dtype_text, shape_text, signature_text
from firstserve.inference.predict import check_servable, resolve
from firstserve.servable import CLASSIFY_METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.models.served_model import ServedModel
    from firstserve.servable import Servable
    from firstserve.tensors import Tensor

Classifications: TypeAlias = "list[list[tuple[bytes, float]]]"
"""For each example its classes: label (empty where the model gives none) and score (0 where it gives none)."""

_OUTPUTS = {"classes": "string", "scores": "float32"}


def classify(
    model: ServedModel,
    signature_name: str,
    examples: Sequence[bytes],
    deadline_s: float | None = None,
    *,
    check_method_name: bool = False,
) -> Classifications:
    """Classifies serialized tf.Examples.

    `deadline_s` is on the clock of `time.monotonic()`. `check_method_name` refuses a signature of another method.
    Raises Unimplemented for a signature that the runtime cannot serve, InvalidArgument for an unknown one, one that
    does not classify and examples that do not fit it, DeadlineExceeded past the deadline, FirstserveError where the
    runtime fails.
    """
    name = resolve(signature_name)
    check_servable(model.servable, name)
    if name not in model.servable.signatures:
        raise InvalidArgument(f"No signature was found with the name: {name}")
    check_classifies(model.servable, name, check_method_name=check_method_name)
    signature = model.servable.signatures[name]
    wanted = [output for output in _OUTPUTS if output in signature.outputs]
    outputs = run_on_examples(model.servable, name, examples, wanted, deadline_s)
    labels = model.servable.labels if takes_features(signature) else ()
    return _read(outputs, len(examples), labels)


def check_classifies(servable: Servable, name: str, *, check_method_name: bool) -> None:
    """Raises InvalidArgument unless the signature has the inputs and outputs of one that classifies."""
    signature = servable.signatures[name]
    if check_method_name and signature.method_name != CLASSIFY_METHOD:
        raise InvalidArgument(
            f"Expected classification signature method_name to be {CLASSIFY_METHOD}. Was: {signature.method_name}"
        )
    by_features = takes_features(signature)
    if not by_features and len(signature.inputs) != 1:
        raise InvalidArgument("Expected one input Tensor.")
    if len(signature.outputs) not in {1, 2}:
        raise InvalidArgument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if not by_features and SERIALIZED_INPUT not in signature.inputs:
        raise InvalidArgument(f"No classification inputs found in SignatureDef: {signature_text(servable, name)}")
    if not signature.outputs.keys() & _OUTPUTS.keys():
        raise InvalidArgument(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Signature was: {signature_text(servable, name)}"
        )


def _read(outputs: Mapping[str, Tensor], count: int, model_labels: Sequence[str]) -> Classifications:
    """The answers for `count` examples. Raises InvalidArgument where the outputs do not have their shape or dtype."""
    sizes = []
    for name, dtype in _OUTPUTS.items():
        if name not in outputs:
            continue
        tensor = outputs[name]
        if len(tensor.shape) != 2:
            raise InvalidArgument(f"Expected Tensor shape: [batch_size num_classes] but got {shape_text(tensor.shape)}")
        if tensor.dtype != dtype:
            raise InvalidArgument(f"Expected {name} Tensor of {dtype_text(dtype)}. Got: {dtype_text(tensor.dtype)}")
        if tensor.shape[0] != count:
            raise InvalidArgument(f"Expected {name} output batch size of {count}. Got: {tensor.shape[0]}")
        sizes.append(tensor.shape[1])
    size = sizes[0]
    if sizes[-1] != size:
        raise InvalidArgument(f"Tensors class and score should match in dim_size(1). Got {size} vs. {sizes[-1]}")
    labels: Sequence[bytes] = [b""] * (count * size)
    scores: Sequence[float] = [0.0] * (count * size)
    if "classes" in outputs:
        labels = outputs["classes"].strings
    elif len(model_labels) == size:
        labels = [label.encode() for label in model_labels] * count
    if "scores" in outputs:
        scores = unpack(f"{count * size}f", outputs["scores"].data)
    pairs = list(zip(labels, scores, strict=True))
    return [pairs[index * size : (index + 1) * size] for index in range(count)]
