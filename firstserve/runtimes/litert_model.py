"""A .tflite as LiteRT knows it: model file -> handles, its own signatures with their tensors, metadata."""

from __future__ import annotations

import mmap
import os
from ctypes import byref, c_int, c_void_p
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import LoadError
from firstserve.runtimes import litert_c
from firstserve.runtimes.lazy_file import LazyFile
from firstserve.runtimes.litert_c import DTYPES, Library, PerTensorQuantization, RankedTensorType
from firstserve.runtimes.tflite_metadata import read_metadata
from firstserve.servable import PREDICT_METHOD, Normalization, Quantization, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from firstserve.runtimes.lazy_file import FileState

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

    @property
    def first_shapes(self) -> tuple[tuple[int, ...], ...] | None:
        """The inputs' shapes at batch size 1 where they take any; None where LiteRT cannot know or feed them."""
        inputs, outputs = self.signature.inputs.values(), self.signature.outputs.values()
        if any(spec.shape is None for spec in inputs) or any(spec.dtype == "string" for spec in (*inputs, *outputs)):
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
            with mmap.mmap(self.file.descriptor, 0, access=mmap.ACCESS_READ) as content:
                self.metadata = read_metadata(content)
            self.entries = self._read_entries(model_file, self.metadata.normalizations)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the memory back; no compiled model may be left."""
        for kind, handle in (("Model", self.model), ("Environment", self.environment)):
            if handle.value:
                self.library.destroy(kind, handle)
        self.model = self.environment = c_void_p()
        self.file.close()

    def _read_entries(self, model_file: Path, normalizations: tuple[Normalization | None, ...]) -> Mapping[str, Entry]:
        """By name; a model without a list of signatures has one entry, under the empty string."""
        entries = {}
        for index in range(self.library.count("LiteRtGetNumModelSignatures", self.model)):
            handle = self.library.handle("LiteRtGetModelSignature", self.model, index)
            name = self.library.text("LiteRtGetSignatureKey", handle)
            inputs, outputs = self._tensors(handle, "Input"), self._tensors(handle, "Output")
            signature = Signature(
                PREDICT_METHOD,
                self._read_specs(inputs, normalizations),
                self._read_specs(outputs, ()),
            )
            constants = frozenset(output for output, tensor in outputs.items() if self._has_values(tensor))
            places = {tensor.value: input_name for input_name, tensor in inputs.items()}
            passed = {output: places[tensor.value] for output, tensor in outputs.items() if tensor.value in places}
            entries["" if name == _UNNAMED_SIGNATURE else name] = Entry(index, signature, constants, passed)
        if not entries:
            raise LoadError(f"{model_file} holds no graph: convert the model again")
        return entries

    def _tensors(self, signature: c_void_p, kind: str) -> Mapping[str, c_void_p]:
        tensors = {}
        for index in range(self.library.count(f"LiteRtGetNumSignature{kind}s", signature)):
            name = self.library.text(f"LiteRtGetSignature{kind}Name", signature, index)
            if name in tensors:
                raise LoadError(
                    f"two outputs of a signature are one tensor, of which LiteRT's C library knows one name, {name}: "
                    "serve the model with --runtime=interpreter, or convert it again with tf.identity for one of them"
                )
            tensors[name] = self.library.handle(f"LiteRtGetSignature{kind}TensorByIndex", signature, index)
        return tensors

    def _has_values(self, tensor: c_void_p) -> bool:
        weights = self.library.handle("LiteRtGetTensorWeights", tensor)
        values = c_void_p()
        return self.library.count("LiteRtGetWeightsBytes", weights, byref(values)) > 0

    def _read_specs(
        self, tensors: Mapping[str, c_void_p], normalizations: tuple[Normalization | None, ...]
    ) -> Mapping[str, TensorSpec]:
        return {
            name: self._read_spec(name, tensor, normalizations[index] if index < len(normalizations) else None)
            for index, (name, tensor) in enumerate(tensors.items())
        }

    def _read_spec(self, name: str, tensor: c_void_p, normalization: Normalization | None) -> TensorSpec:
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
        return TensorSpec(name, dtype, shape, self._read_quantization(tensor), normalization, tensor_name)

    def _read_quantization(self, tensor: c_void_p) -> Quantization | None:
        kind = c_int()
        self.library.call("LiteRtGetQuantizationTypeId", tensor, byref(kind))
        if kind.value != litert_c.QUANTIZED_PER_TENSOR:
            return None
        values = PerTensorQuantization()
        self.library.call("LiteRtGetPerTensorQuantization", tensor, byref(values))
        return Quantization(values.scale, values.zero_point)
