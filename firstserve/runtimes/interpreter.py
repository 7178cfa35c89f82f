"""Any package with TensorFlow Lite's Interpreter: version folder with model.tflite -> pool of interpreters -> tensors.

For who needs `tflite-runtime` (or what comes after LiteRT): it uses nothing but the interpreter's public Python
interface, and NumPy, which that interface speaks. Where the start counts, take the runtime `litert`.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing
from importlib import import_module
from io import FileIO
from struct import error as StructError  # noqa: N812 - an exception's name
from typing import TYPE_CHECKING, Any, NamedTuple

from firstserve.errors import DeadlineExceeded, FirstserveError, InvalidArgument, LoadError
from firstserve.runtimes.checks import (
    check_deadline,
    check_inputs,
    find_signature,
    may_be_resized,
    select_outputs,
    time_left_s,
)
from firstserve.runtimes.lazy_file import LazyFile
from firstserve.runtimes.lfs_pointer import check_no_pointer
from firstserve.runtimes.tflite_graph import unranked_tensors, variable_tensors
from firstserve.runtimes.tflite_metadata import read_metadata
from firstserve.runtimes.tflite_signatures import defs_of, served_signatures
from firstserve.servable import PREDICT_METHOD, Normalization, Quantization, Signature, TensorSpec
from firstserve.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy

    from firstserve.runtimes.tflite_metadata import TfliteMetadata
    from firstserve.servable import RuntimeOptions

    Arrays = Mapping[str, numpy.ndarray[Any, Any]]

MODULE_VARIABLE = "FIRSTSERVE_INTERPRETER_MODULE"
"""Environment variable: the module with the class Interpreter (default: the first of MODULES that is installed)."""
MODULES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")


def load(path: Path, options: RuntimeOptions) -> InterpreterServable:
    """Loads `model.tflite` of a version folder. Raises LoadError."""
    model_file = path / "model.tflite"
    if not model_file.is_file():
        raise LoadError(f"no model.tflite in {path}: put the converted model there under that name")
    interpreter_class = _find_interpreter()
    content = _read_whole(model_file)
    check_no_pointer(model_file, content)
    facts = _read_facts(content)

    def new_instance() -> _Instance:
        made = interpreter_class(model_content=content, num_threads=max(options.threads, 1))
        return _Instance(made, facts)

    try:
        first = new_instance()
    except (ValueError, RuntimeError) as error:
        raise LoadError(
            f"{model_file} is not a model that {interpreter_class.__module__} can run: {' '.join(str(error).split())}; "
            "convert it again, or take the runtime litert"
        ) from error
    metadata = read_metadata(content)
    # Variables are an instance's own, and all requests share them.
    return InterpreterServable(first, new_instance, 1 if metadata.assigns_variables else options.instances, metadata)


def _read_whole(model_file: Path) -> bytes:
    """Read at once, as one content: whoever writes to the file later changes nothing. Raises FileChanged."""
    with closing(LazyFile(model_file)) as lazy, FileIO(lazy.descriptor, closefd=False) as file:
        content = file.readall()
        lazy.check()
    return content


class _Facts(NamedTuple):
    """What the interpreter does not tell of a model."""

    graphs_with_state: frozenset[int] = frozenset()
    """The places of those whose operations keep something in their tensors from one run to the next."""
    unranked_tensors: frozenset[str] = frozenset()


def _read_facts(content: bytes) -> _Facts:
    try:
        states = frozenset(place for place, _ in variable_tensors(content))
        return _Facts(states, frozenset(unranked_tensors(content)))
    except (StructError, IndexError, ValueError):
        # The interpreter says what is wrong with it.
        return _Facts()


def _find_interpreter() -> type[Any]:
    named = os.environ.get(MODULE_VARIABLE)
    faults = []
    for module in [named] if named else MODULES:
        try:
            interpreter: type[Any] = import_module(module).Interpreter
        except ImportError as error:
            faults.append(f"{module}: {error}")
            continue
        return interpreter
    remedy = f"install it, or unset {MODULE_VARIABLE}" if named else "install tflite-runtime or ai-edge-litert"
    raise LoadError(f"no interpreter for .tflite models ({'; '.join(faults)}): {remedy}")


class InterpreterServable:
    """A .tflite model; see Servable for the contract."""

    def __init__(
        self,
        first: _Instance,
        new_instance: Callable[[], _Instance],
        instances: int,
        metadata: TfliteMetadata,
    ) -> None:
        self._served = served_signatures(first.read_signatures(metadata.normalizations), metadata.signature_defs)
        self.signatures: Mapping[str, Signature] = {name: served.signature for name, served in self._served.items()}
        self.signature_defs = defs_of(self.signatures, metadata.signature_defs)
        self.labels: Sequence[str] = metadata.labels
        self._new_instance = new_instance
        # One thread at a time uses an instance; those after the first are made when they are needed.
        self._free = threading.Semaphore(instances)
        self._idle = [first]

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        """Runs one signature; see Servable."""
        check_deadline(deadline_s)
        signature = find_signature(self.signatures, signature_name)
        check_inputs(signature, inputs, lenient=may_be_resized(signature, inputs))
        wanted = select_outputs(signature, output_filter)
        served = self._served[signature_name]
        arrays = {served.inputs[name]: tensor.array() for name, tensor in inputs.items()}
        if not self._free.acquire(timeout=time_left_s(deadline_s)):
            raise DeadlineExceeded("no instance of the model was free in time")
        try:
            # An instance that failed is not used again: its tensors may be half resized.
            instance = self._take()
            results = instance.run(served.runs, arrays)
            if not instance.is_for_one_run:
                self._idle.append(instance)
        except ValueError as error:
            raise InvalidArgument(f"the model does not take these inputs: {error}") from error
        except RuntimeError as error:
            # Where the shape goes beyond the signature, the request is to blame.
            check_inputs(signature, inputs)
            raise FirstserveError(f"the model failed: {error}") from error
        finally:
            self._free.release()
        check_deadline(deadline_s)
        return {name: _tensor(signature.outputs[name], results[served.outputs[name]]) for name in wanted}

    def _take(self) -> _Instance:
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_instance()

    def close(self) -> None:
        """Gives the model's memory back."""
        self._idle.clear()


class _Instance:
    """One interpreter, which serves one thread at a time."""

    def __init__(self, interpreter: Any, facts: _Facts) -> None:
        self._interpreter = interpreter
        self._unranked_tensors = facts.unranked_tensors
        self._keeps_state = bool(facts.graphs_with_state)
        self.is_for_one_run = any(facts.graphs_with_state)
        """Whether it keeps state that cannot be set anew: in other graphs than the first."""
        self._interpreter.allocate_tensors()
        self._runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
        self._shapes = [tuple(detail["shape"]) for detail in interpreter.get_input_details()]

    def read_signatures(self, normalizations: Sequence[Normalization | None]) -> dict[str, Signature]:
        """The model's own signatures; one without any has its graph under the empty string.

        Normalisations go by subgraph 0.
        """
        inputs = self._interpreter.get_input_details()
        expected = {
            (detail["index"], detail["name"]): normalization
            for detail, normalization in zip(inputs, normalizations, strict=False)
        }

        def specs(details: Mapping[str, Any]) -> dict[str, TensorSpec]:
            return {
                name: _spec(
                    name,
                    detail,
                    expected.get((detail["index"], detail["name"])),
                    has_rank=detail["name"] not in self._unranked_tensors,
                )
                for name, detail in details.items()
            }

        if self._runners:
            return {
                name: Signature(PREDICT_METHOD, specs(runner.get_input_details()), specs(runner.get_output_details()))
                for name, runner in self._runners.items()
            }
        outputs = self._interpreter.get_output_details()
        by_name = [specs({detail["name"]: detail for detail in details}) for details in (inputs, outputs)]
        return {"": Signature(PREDICT_METHOD, *by_name)}

    def run(self, signature_name: str, arrays: Arrays) -> Arrays:
        """Runs on inputs of any shape that the model can be resized to. Raises ValueError, RuntimeError."""
        if self._keeps_state:
            self._interpreter.reset_all_variables()
        if self._runners:
            # Resizes to the shapes of its arrays itself, which costs nothing while they stay the same.
            results: Arrays = self._runners[signature_name](**arrays)
            return results
        interpreter = self._interpreter
        inputs = interpreter.get_input_details()
        shapes = [arrays[detail["name"]].shape for detail in inputs]
        if shapes != self._shapes:
            for detail, shape in zip(inputs, shapes, strict=True):
                interpreter.resize_tensor_input(detail["index"], shape)
            interpreter.allocate_tensors()
            self._shapes = shapes
        for detail in inputs:
            interpreter.set_tensor(detail["index"], arrays[detail["name"]])
        interpreter.invoke()
        return {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}


def _spec(name: str, detail: Mapping[str, Any], normalization: Normalization | None, *, has_rank: bool) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    return TensorSpec(
        name,
        _dtype_name(detail["dtype"]),
        tuple(int(size) for size in detail["shape_signature"]) if has_rank else None,
        Quantization(float(scale), int(zero_point)) if scale else None,
        normalization,
        detail["name"],
    )


def _dtype_name(dtype: type[numpy.generic]) -> str:
    # NumPy's names for byte strings, in an interpreter's details and in its results.
    return "string" if dtype.__name__ in {"bytes_", "object_"} else dtype.__name__.removesuffix("_")


def _tensor(spec: TensorSpec, array: numpy.ndarray[Any, Any]) -> Tensor:
    if spec.dtype == "string":
        return Tensor(spec.dtype, array.shape, strings=array.ravel().tolist())
    return Tensor(spec.dtype, array.shape, array.tobytes())
