"""Predict: named tensors -> a signature -> named tensors."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from firstserve.errors import FailedPrecondition, FirstserveError
from firstserve.servable import CLASSIFY_METHOD, DEFAULT_SIGNATURE, PREDICT_METHOD, REGRESS_METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.models.served_model import ServedModel
    from firstserve.servable import Servable
    from firstserve.tensors import Tensor

_METHODS = (PREDICT_METHOD, CLASSIFY_METHOD, REGRESS_METHOD)


def resolve(signature_name: str) -> str:
    """The signature that a request means: `serving_default` where it names none."""
    return signature_name or DEFAULT_SIGNATURE


def check_servable(servable: Servable, name: str) -> None:
    """Raises Unimplemented, with the runtime's own words, for a signature that the model has and it cannot serve."""
    if name not in servable.signatures:
        with suppress(FailedPrecondition):
            servable.run(name, {})


def predict(
    model: ServedModel,
    signature_name: str,
    inputs: Mapping[str, Tensor],
    output_filter: Sequence[str] = (),
    deadline_s: float | None = None,
    *,
    check_method_name: bool = False,
) -> dict[str, Tensor]:
    """Runs a signature and gives its outputs (those of `output_filter`, where any are named).

    An input that is left out has the default that the SavedModel gives for it, if any.
    `deadline_s` is on the clock of `time.monotonic()`. `check_method_name` refuses a signature whose method is none
    of TensorFlow Serving's three.
    Raises FailedPrecondition for an unknown signature, Unimplemented for one that the runtime cannot serve,
    InvalidArgument for inputs or outputs that do not fit it, DeadlineExceeded past the deadline, FirstserveError where
    the runtime fails.
    """
    name = resolve(signature_name)
    signature = model.servable.signatures.get(name)
    if check_method_name and signature is not None and signature.method_name not in _METHODS:
        raise FirstserveError(
            f"Expected prediction signature method_name to be one of {{{', '.join(_METHODS)}}}. "
            f"Was: {signature.method_name}"
        )
    if signature is not None and inputs.keys() < signature.inputs.keys():
        inputs = _with_defaults(model.servable, name, inputs)
    return model.servable.run(name, inputs, output_filter, deadline_s)


def _with_defaults(servable: Servable, name: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Adds the missing inputs for which the model itself brings a value."""
    from firstserve.models.metadata import signature_def
    from firstserve.rpc.tensor_proto import decode

    defaults = signature_def(servable, name).defaults
    return {key: decode(key, tensor) for key, tensor in defaults.items()} | dict(inputs)
