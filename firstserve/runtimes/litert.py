"""LiteRT by its C library: version folder with model.tflite -> servable -> tensors in, tensors out.

A request takes a compiled model of its shapes from the pool, or has one made, and gives it back.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from struct import error as StructError  # noqa: N812 - an exception's name
from typing import TYPE_CHECKING

from firstserve.errors import DeadlineExceeded, InvalidArgument, LoadError, Unimplemented
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
from firstserve.runtimes.litert_compilation import Compilation, Shapes
from firstserve.runtimes.litert_compiled_model import CompiledModel
from firstserve.runtimes.litert_model import Entry, LiteRtModel
from firstserve.runtimes.litert_pool import Pool
from firstserve.runtimes.tflite_signatures import defs_of, served_signatures
from firstserve.servable import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from firstserve.runtimes.weight_cache import WeightCache
    from firstserve.servable import RuntimeOptions, Signature, TensorSpec
    from firstserve.tensors import Tensor

WEIGHT_CACHE = "weight_cache"
"""The folder in a version folder that weight caches lie in."""


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
        raise LoadError(_explained(model_file, error)) from error


def _explained(model_file: Path, error: StatusError) -> str:
    """LiteRT's words, where the file does not tell better what is wrong."""
    from firstserve.runtimes.lfs_pointer import check_no_pointer
    from firstserve.runtimes.tflite_graph import variable_tensors

    check_no_pointer(model_file)
    told = f"{model_file} is not a model that LiteRT {VERSION} can run: "
    with suppress(ValueError, IndexError, StructError):
        for _, tensor in variable_tensors(model_file.read_bytes()):
            return (
                f'{told}it keeps state in its tensor "{tensor}", which LiteRT\'s C library cannot: serve it with a '
                "server that has another runtime, such as server_python_fast with --runtime=interpreter"
            )
    return f"{told}{error}"


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
        self._pool = Pool(options.instances)
        self._is_held = False
        self._holding = threading.Lock()
        metadata = model.metadata
        # What assigns variables has one compilation, so that they are the same for all signatures and shapes.
        self._has_variables = metadata.assigns_variables
        self._shared: Compilation | None = None
        self._instances = threading.Semaphore(1 if self._has_variables else options.instances)
        # Why signatures cannot be run, by their own names; None once one has been found to be sound.
        self._verdicts: dict[str, Unimplemented | None] = {}
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
        if signature_name in self._model.refused:
            raise self._model.refused[signature_name]
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
            compiled = self._take(served.runs, entry, shapes)
            try:
                outputs = compiled.run(tensors, [served.outputs[name] for name in wanted])
            except BaseException:
                compiled.close()
                raise
            self._pool.keep(compiled)
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
        self._pool.close()
        if self._shared is not None:
            self._shared.close()
        if self._weight_cache is not None:
            self._weight_cache.close()
        self._model.close()

    def _compile_first(self) -> None:
        """Finds out at load whether the model can run, at batch size 1 where it takes any.

        One signature that can is enough.
        """
        faults: list[StatusError] = []
        for name, entry in self._model.entries.items():
            if entry.first_shapes is None:
                return
            try:
                self._pool.keep(self._compile(entry, entry.first_shapes))
            except StatusError as error:
                faults.append(error)
                self._refuse(name, entry, error)
            else:
                self._verdicts[name] = None
                return
        first, entry = next(iter(self._model.entries.items()))
        if self._tensorflow_operations(entry):
            raise LoadError(f"{self._model.file.path} cannot be served: {self._verdicts[first]}") from faults[0]
        raise faults[0]

    def _refuse(self, name: str, entry: Entry, error: StatusError) -> Unimplemented:
        """Notes why a signature cannot be run, whatever comes in."""
        told = f'signature "{name or DEFAULT_SIGNATURE}"'
        operations = self._tensorflow_operations(entry)
        refusal = Unimplemented(
            f"{told} needs TensorFlow's own {', '.join(operations)}, which LiteRT does not have: convert the model "
            "without Select TF ops, or serve its SavedModel with server_python_slow"
            if operations
            else f"{told} is none that LiteRT {VERSION} can run: {error}"
        )
        self._verdicts[name] = refusal
        return refusal

    def _tensorflow_operations(self, entry: Entry) -> tuple[str, ...]:
        from firstserve.runtimes.tflite_graph import read_graph

        with suppress(ValueError, IndexError, StructError), self._model.content() as content:
            return read_graph(content, entry.place).tensorflow_operations
        return ()

    def _refusal_of(self, name: str, entry: Entry) -> Unimplemented | None:
        """Why a signature cannot be run whatever comes in, if it cannot."""
        if name not in self._verdicts and entry.first_shapes is not None:
            try:
                self._compile(entry, entry.first_shapes).close()
            except StatusError as error:
                return self._refuse(name, entry, error)
            self._verdicts[name] = None
        return self._verdicts.get(name)

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
        if self._shared is not None:
            return CompiledModel(self._shared, entry, shapes, shared=True)
        weights = None if self._weight_cache is None else self._weight_cache.open_for(entry)
        compilation = Compilation(self._model, self._options.threads, weights)
        if self._has_variables:
            self._shared = compilation
        return CompiledModel(compilation, entry, shapes, shared=self._has_variables)

    def _take(self, name: str, entry: Entry, shapes: Shapes) -> CompiledModel:
        kept = self._pool.take(entry, shapes)
        if kept is not None:
            return kept
        sent = ", ".join(str(list(shape)) for shape in shapes)
        if any(len(shape) > MAX_RANK for shape in shapes):
            raise InvalidArgument(f"LiteRT takes no inputs of shape {sent}: it knows {MAX_RANK} dimensions at most")
        refusal = self._verdicts.get(name)
        if refusal is not None:
            raise refusal
        # The first shapes are compiled at load, on the cold path.
        from firstserve.runtimes.allocated import allocated_bytes

        allocated_bytes_before = allocated_bytes()
        try:
            compiled = self._compile(entry, shapes)
        except StatusError as error:
            refusal = self._refusal_of(name, entry)
            if refusal is not None:
                raise refusal from error
            raise InvalidArgument(f"the model cannot take inputs of shape {sent}: {error}") from error
        self._verdicts[name] = None
        compiled.measure_from(allocated_bytes_before)
        # It has read all weights once more, to pack them.
        forget_file(self._model.file.descriptor)
        return compiled


def _shape_to_run(shape: tuple[int, ...], spec: TensorSpec) -> tuple[int, ...]:
    # LiteRT resizes no input to a scalar.
    return shape or (1,) * len(spec.shape or ())
