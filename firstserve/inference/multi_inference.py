"""MultiInference: the same serialized tf.Examples -> several signatures of one model -> an answer from each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import InvalidArgument, Unimplemented
from firstserve.inference.classify import check_classifies, classify
from firstserve.inference.predict import check_servable, resolve
from firstserve.inference.regress import check_regresses, regress
from firstserve.servable import CLASSIFY_METHOD, REGRESS_METHOD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.inference.classify import Classifications
    from firstserve.models.served_model import ServedModel


class Task(NamedTuple):
    """A signature, and how it is meant: `tensorflow/serving/classify` or `tensorflow/serving/regress`."""

    signature_name: str
    method_name: str


def multi_inference(
    model: ServedModel,
    tasks: Sequence[Task],
    examples: Sequence[bytes],
    deadline_s: float | None = None,
    *,
    check_method_name: bool = False,
) -> list[Classifications | list[float]]:
    """The answer of each task, in their order; none runs before all are found to be right.

    `deadline_s` is on the clock of `time.monotonic()`, for all tasks together.
    Raises InvalidArgument for a signature that is named twice, unknown, or not of its method's form, and for
    examples that do not fit; Unimplemented for another method, and for a signature that the runtime cannot serve;
    DeadlineExceeded past the deadline; FirstserveError where the runtime fails.
    """
    _check(model, tasks, check_method_name=check_method_name)
    if not examples:
        raise InvalidArgument("Input is empty.")
    return [
        (classify if task.method_name == CLASSIFY_METHOD else regress)(model, task.signature_name, examples, deadline_s)
        for task in tasks
    ]


def _check(model: ServedModel, tasks: Sequence[Task], *, check_method_name: bool) -> None:
    names: set[str] = set()
    for task in tasks:
        name = resolve(task.signature_name)
        if name in names:
            raise InvalidArgument(f"Duplicate evaluation of signature: {name}")
        names.add(name)
        check_servable(model.servable, name)
        if name not in model.servable.signatures:
            raise InvalidArgument(f"Requested signature not found in model graph: {name}")
        if task.method_name == CLASSIFY_METHOD:
            check_classifies(model.servable, name, check_method_name=check_method_name)
        elif task.method_name == REGRESS_METHOD:
            check_regresses(model.servable, name, check_method_name=check_method_name)
        else:
            raise Unimplemented(f"Unsupported signature method_name: {task.method_name}")
