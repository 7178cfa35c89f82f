"""LiteRT by its C library: version folder with model.tflite -> servable -> tensors in, tensors out.

A request takes a compiled model of its shapes from the pool, or has one made, and gives it back.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from firstserve.errors import DeadlineExceeded, InvalidArgument, LoadError
from firstserve.heap import forget_file
from firstserve.runtimes.checks import (
    check_deadline,
    check_inputs,
    find_signature,
    may_be_resized,
    select_outputs,
    time_left_s,
)
from firstserve.runtimes.litert_c import MAX_RANK, VERSION, Library, StatusError
from firstserve.runtimes.litert_compiled_model import CompiledModel, Shapes
from firstserve.runtimes.litert_model import Entry, LiteRtModel
from firstserve.runtimes.tflite_signatures import defs_of, served_signatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from firstserve.runtimes.weight_cache import WeightCache
    from firstserve.servable import RuntimeOptions, Signature, TensorSpec
    from firstserve.tensors import Tensor

WEIGHT_CACHE = "weight_cache"
"""The folder in a version folder that weight caches lie in."""
_KEPT_PER_INSTANCE = 4
"""Idle compiled models kept for each instance of the pool, of whatever shapes: each has packed weights of its own."""


def load(path: Path, options: RuntimeOptions) -> LiteRtServable:
    """Loads `model.tflite` of a version folder.

    Raises LoadError where it is missing or is no model that this library can run. LiteRT does not verify the
    file: one that is cut off or damaged inside can end the process instead.
    """
    model_file = path / "model.tflite"
    if not model_file.is_file():
        raise LoadError(f"no model.tflite in {path}: put the converted model there under that name")
    library = Library()
    try:
        model = LiteRtModel(library, model_file, options.probed)
        return LiteRtServable(model, options, _find_weight_cache(path / WEIGHT_CACHE, model, options))
    except StatusError as error:
        raise LoadError(f"{model_file} is not a model that LiteRT {VERSION} can run: {error}") from error


def _find_weight_cache(folder: Path, model: LiteRtModel, options: RuntimeOptions) -> WeightCache | None:
    if not folder.is_dir():
        return None
    from firstserve.runtimes.weight_cache import find_weight_cache

    return find_weight_cache(folder, model, options.threads, hold=options.probed is not None)


class LiteRtServable:
    """A .tflite model; see Servable for the contract."""

    def __init__(self, model: LiteRtModel, options: RuntimeOptions, weight_cache: WeightCache | None = None) -> None:
        self._model = model
        self._weight_cache = weight_cache
        self._options = options
        self._lock = threading.Lock()
        self._is_held = False
        self._holding = threading.Lock()
        # Most recently used last; at most `instances` more are in use.
        self._idle: list[CompiledModel] = []
        self._instances = threading.Semaphore(options.instances)
        metadata = model.metadata
        own = {name: entry.signature for name, entry in model.entries.items()}
        self._served = served_signatures(own, metadata.signature_defs)
        self.labels: Sequence[str] = metadata.labels
        self.signatures: Mapping[str, Signature] = {name: served.signature for name, served in self._served.items()}
        self.signature_defs = defs_of(self.signatures, metadata.signature_defs)
        try:
            self._compile_first()
        except BaseException:
            self.close()
            raise

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        """Runs one signature; see Servable. Raises Unimplemented for tensors that hold strings."""
        check_deadline(deadline_s)
        signature = find_signature(self.signatures, signature_name)
        check_inputs(signature, inputs, lenient=may_be_resized(signature, inputs))
        wanted = select_outputs(signature, output_filter)
        served = self._served[signature_name]
        entry = self._model.entries[served.runs]
        tensors = {served.inputs[name]: tensor for name, tensor in inputs.items()}
        shapes = tuple(_shape_to_run(tensors[name].shape, spec) for name, spec in entry.signature.inputs.items())
        if not self._instances.acquire(timeout=time_left_s(deadline_s)):
            raise DeadlineExceeded(f"no instance of the model was free in time: {self._options.instances} are at work")
        try:
            compiled = self._take(entry, shapes)
            try:
                outputs = compiled.run(tensors, [served.outputs[name] for name in wanted])
            except BaseException:
                compiled.close()
                raise
            self._give_back(compiled)
            self._check_files()
        except StatusError:
            # Where the shape goes beyond the signature, the request is to blame.
            check_inputs(signature, inputs)
            raise
        finally:
            self._instances.release()
        check_deadline(deadline_s)
        return {name: outputs[served.outputs[name]] for name in wanted}

    def hold_files(self) -> None:
        """See HoldsFiles."""
        with self._holding:
            if self._weight_cache is not None:
                self._weight_cache.hold()
            self._model.file.hold()
            self._is_held = True
        forget_file(self._model.file.descriptor)

    def close(self) -> None:
        """Gives the model's memory back."""
        for compiled in self._idle:
            compiled.close()
        self._idle = []
        if self._weight_cache is not None:
            self._weight_cache.close()
        self._model.close()

    def _compile_first(self) -> None:
        """Finds out at load whether the model can run, at batch size 1 where it takes any."""
        entry = next(iter(self._model.entries.values()))
        if entry.first_shapes is not None:
            self._idle.append(self._compile(entry, entry.first_shapes))

    def _check_files(self) -> None:
        """What ran while somebody wrote to its files gives no answer. Raises FileChanged."""
        if not self._is_held:
            self._model.file.check()
            if self._weight_cache is not None:
                self._weight_cache.check()

    def _compile(self, entry: Entry, shapes: Shapes) -> CompiledModel:
        if self._is_held:
            return self._compile_now(entry, shapes)
        # What is mapped while the copies are put in place would be left out.
        with self._holding:
            return self._compile_now(entry, shapes)

    def _compile_now(self, entry: Entry, shapes: Shapes) -> CompiledModel:
        weights = None if self._weight_cache is None else self._weight_cache.open_for(entry)
        return CompiledModel(self._model, entry, shapes, self._options.threads, weights)

    def _take(self, entry: Entry, shapes: Shapes) -> CompiledModel:
        with self._lock:
            for compiled in reversed(self._idle):
                if compiled.entry is entry and compiled.shapes == shapes:
                    self._idle.remove(compiled)
                    return compiled
        sent = ", ".join(str(list(shape)) for shape in shapes)
        if any(len(shape) > MAX_RANK for shape in shapes):
            raise InvalidArgument(f"LiteRT takes no inputs of shape {sent}: it knows {MAX_RANK} dimensions at most")
        try:
            compiled = self._compile(entry, shapes)
        except StatusError as error:
            raise InvalidArgument(f"the model cannot take inputs of shape {sent}: {error}") from error
        # It has read all weights once more, to pack them.
        forget_file(self._model.file.descriptor)
        return compiled

    def _give_back(self, compiled: CompiledModel) -> None:
        oldest = None
        with self._lock:
            self._idle.append(compiled)
            if len(self._idle) > _KEPT_PER_INSTANCE * self._options.instances:
                oldest = self._idle.pop(0)
        if oldest is not None:
            oldest.close()


def _shape_to_run(shape: tuple[int, ...], spec: TensorSpec) -> tuple[int, ...]:
    # LiteRT resizes no input to a scalar.
    return shape or (1,) * len(spec.shape or ())
