"""A .tflite as LiteRT knows it: model file -> handles, its own signatures with their tensors, metadata."""

from __future__ import annotations

import mmap
import os
from ctypes import byref, c_int, c_void_p
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import LoadError, Unimplemented
from firstserve.runtimes import litert_c
from firstserve.runtimes.lazy_file import LazyFile
from firstserve.runtimes.litert_c import DTYPES, Library, PerTensorQuantization, RankedTensorType
from firstserve.runtimes.tflite_metadata import read_metadata
from firstserve.servable import DEFAULT_SIGNATURE, PREDICT_METHOD, Quantization, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from firstserve.runtimes.lazy_file import FileState
    from firstserve.runtimes.tflite_graph import Port
    from firstserve.runtimes.tflite_metadata import Buffer

_UNNAMED_SIGNATURE = "<placeholder signature>"
"""The key that LiteRT gives to the graph of a model without signatures."""


class Entry(NamedTuple):
    """A signature with its place in the model."""

    place: int
    signature: Signature
    constants: frozenset[str]
    """The outputs that are the same whatever comes in, because the model holds their values."""
    passed: Mapping[str, str]
    """Outputs that are inputs, unchanged: output -> input."""
    repeated: Mapping[str, str]
    """Outputs that are the same tensor as one before them: output -> that one."""

    @property
    def first_shapes(self) -> tuple[tuple[int, ...], ...] | None:
        """The inputs' shapes at batch size 1 where they take any; None where LiteRT cannot feed them."""
        inputs, outputs = self.signature.inputs.values(), self.signature.outputs.values()
        if any(spec.dtype == "string" for spec in (*inputs, *outputs)):
            return None
        return tuple(tuple(abs(size) for size in spec.shape or ()) for spec in inputs)


class LiteRtModel:
    """The environment and the model: shared by all compiled models, read-only once made."""

    def __init__(self, library: Library, model_file: Path, probed: FileState | None = None) -> None:
        """Raises OSError, LoadError and StatusError; for `probed` see LazyFile."""
        self.library = library
        self.file = LazyFile(model_file, probed)
        self.environment = c_void_p()
        self.model = c_void_p()
        options = litert_c.environment_options()
        try:
            self.environment = library.handle("LiteRtCreateEnvironment", len(options), options)
            size_bytes = os.fstat(self.file.descriptor).st_size
            self.model = library.handle(
                "LiteRtCreateModelFromFd", self.environment, self.file.descriptor, 0, size_bytes
            )
            with self.content() as content:
                self.metadata = read_metadata(content)
                self.refused: dict[str, Unimplemented] = {}
                """Why signatures of the model are none of these, by name."""
                self.entries = self._read_entries(content)
        except BaseException:
            self.close()
            raise

    def content(self) -> mmap.mmap:
        """What is in the file, mapped until it is closed."""
        return mmap.mmap(self.file.descriptor, 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Gives the memory back; no compiled model may be left."""
        for kind, handle in (("Model", self.model), ("Environment", self.environment)):
            if handle.value:
                self.library.destroy(kind, handle)
        self.model = self.environment = c_void_p()
        self.file.close()

    def _read_entries(self, content: Buffer) -> Mapping[str, Entry]:
        """By name; a model without a list of signatures has one entry, under the empty string."""
        entries = {}
        for index in range(self.library.count("LiteRtGetNumModelSignatures", self.model)):
            handle = self.library.handle("LiteRtGetModelSignature", self.model, index)
            name = self.library.text("LiteRtGetSignatureKey", handle)
            name = "" if name == _UNNAMED_SIGNATURE else name
            try:
                entries[name] = self._read_entry(index, handle, content)
            except LoadError as error:
                named = name or DEFAULT_SIGNATURE
                self.refused[named] = Unimplemented(f'signature "{named}" cannot be served: {error}')
        if not entries:
            fault = next(iter(self.refused.values()), "it holds no graph: convert the model again")
            raise LoadError(f"{self.file.path} cannot be served: {fault}")
        return entries

    def _read_entry(self, index: int, handle: c_void_p, content: Buffer) -> Entry:
        inputs, outputs = self._tensors(handle, "Input"), self._tensors(handle, "Output")
        input_specs = [self._read_spec(*tensor) for tensor in inputs]
        output_specs = [self._read_spec(*tensor) for tensor in outputs]
        if len({name for name, _ in outputs}) < len(outputs) or any(
            spec.shape == () for spec in (*input_specs, *output_specs)
        ):
            # Few models have either, and this is the cold path.
            from firstserve.runtimes.tflite_graph import read_graph

            graph = read_graph(content, index)
            input_specs, output_specs = _told(input_specs, graph.inputs), _told(output_specs, graph.outputs)
        normalizations = self.metadata.normalizations
        input_specs = [
            spec._replace(normalization=normalizations[place] if place < len(normalizations) else None)
            for place, spec in enumerate(input_specs)
        ]
        signature = Signature(
            PREDICT_METHOD,
            {spec.name: spec for spec in input_specs},
            {spec.name: spec for spec in output_specs},
        )
        places = {tensor.value: spec.name for spec, (_, tensor) in zip(input_specs, inputs, strict=True)}
        constants, passed, repeated = set(), {}, {}
        first_names: dict[int | None, str] = {}
        for spec, (_, tensor) in zip(output_specs, outputs, strict=True):
            if tensor.value in places:
                passed[spec.name] = places[tensor.value]
            elif first_names.setdefault(tensor.value, spec.name) != spec.name:
                repeated[spec.name] = first_names[tensor.value]
            elif self._has_values(tensor):
                constants.add(spec.name)
        return Entry(index, signature, frozenset(constants), passed, repeated)

    def _tensors(self, signature: c_void_p, kind: str) -> list[tuple[str, c_void_p]]:
        return [
            (
                self.library.text(f"LiteRtGetSignature{kind}Name", signature, index),
                self.library.handle(f"LiteRtGetSignature{kind}TensorByIndex", signature, index),
            )
            for index in range(self.library.count(f"LiteRtGetNumSignature{kind}s", signature))
        ]

    def _has_values(self, tensor: c_void_p) -> bool:
        weights = self.library.handle("LiteRtGetTensorWeights", tensor)
        values = c_void_p()
        return self.library.count("LiteRtGetWeightsBytes", weights, byref(values)) > 0

    def _read_spec(self, name: str, tensor: c_void_p) -> TensorSpec:
        library = self.library
        kind = c_int()
        library.call("LiteRtGetTensorTypeId", tensor, byref(kind))
        tensor_type = RankedTensorType()
        shape: tuple[int, ...] | None = None
        if kind.value == litert_c.RANKED:
            library.call("LiteRtGetRankedTensorType", tensor, byref(tensor_type))
            shape = tensor_type.layout.shape
        else:
            # An unranked type is the first field of a ranked one.
            library.call("LiteRtGetUnrankedTensorType", tensor, byref(tensor_type))
        dtype = DTYPES.get(tensor_type.element_type)
        if dtype is None:
            raise LoadError(
                f'tensor "{name}" has elements of LiteRT\'s type {tensor_type.element_type}, which cannot be fed '
                "or read: convert the model with inputs and outputs of a plain type, such as float32 or uint8"
            )
        tensor_name = library.text("LiteRtGetTensorName", tensor)
        return TensorSpec(name, dtype, shape, self._read_quantization(tensor), None, tensor_name)

    def _read_quantization(self, tensor: c_void_p) -> Quantization | None:
        kind = c_int()
        self.library.call("LiteRtGetQuantizationTypeId", tensor, byref(kind))
        if kind.value != litert_c.QUANTIZED_PER_TENSOR:
            return None
        values = PerTensorQuantization()
        self.library.call("LiteRtGetPerTensorQuantization", tensor, byref(values))
        return Quantization(values.scale, values.zero_point)


def _told(specs: Sequence[TensorSpec], ports: Sequence[Port]) -> list[TensorSpec]:
    """With the names and ranks that the file tells."""
    if len(specs) != len(ports):
        return list(specs)
    return [
        spec._replace(name=port.name or spec.name, shape=spec.shape if spec.shape or port.has_rank else None)
        for spec, port in zip(specs, ports, strict=True)
    ]
