"""A compiled model: one signature made ready for inputs of fixed shapes, with buffers; one thread at a time."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_void_p
from typing import TYPE_CHECKING

from firstserve.errors import Unimplemented
from firstserve.runtimes import litert_c
from firstserve.runtimes.litert_c import RankedTensorType, StatusError
from firstserve.runtimes.litert_reserve import Reserve
from firstserve.tensors import ITEM_BYTES, Tensor, element_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.runtimes.litert_compilation import Compilation, Shapes
    from firstserve.runtimes.litert_model import Entry, LiteRtModel
    from firstserve.servable import Signature, TensorSpec

_CODES = {dtype: code for code, dtype in litert_c.DTYPES.items()}

_UNWRITTEN = bytes.fromhex("5f1d8e22c7a94b06913ae07d5cb8f264")
_OF_UNKNOWN_SIZE = "allocation_type == kTfLiteArenaRw"
"""What LiteRT reports of an output that it has no place for, because its size is known only after a run."""


class CompiledModel:
    """See the module. Raises StatusError where the model cannot take inputs of these shapes.

    One that shares its compilation with others has them all at work one after another.
    """

    def __init__(self, compilation: Compilation, entry: Entry, shapes: Shapes, *, shared: bool = False) -> None:
        self.entry = entry
        self.shapes = shapes
        self.size_bytes = 0
        """What it takes beyond the first compiled model of its servable, once it has run."""
        self.used_s = 0.0
        """When it was last used, on the clock of `time.monotonic()`; for its pool."""
        self._allocated_bytes_before: int | None = None
        self._compilation = compilation
        self._shared = shared
        self._library = compilation.model.library
        self._buffers: list[c_void_p] = []
        self._reserves: dict[int, Reserve] = {}
        model = compilation.model
        try:
            _refuse_strings(entry.signature)
            self._resize()
            self._output_shapes = compilation.output_shapes(entry.place, len(entry.signature.outputs))
            inputs = [
                self._managed_buffer(model, spec, shape)
                for spec, shape in zip(entry.signature.inputs.values(), shapes, strict=True)
            ]
            outputs: list[c_void_p] = []
            for place, name in enumerate(entry.signature.outputs):
                outputs.append(self._output_buffer(model, place, name, inputs, outputs))
            self._inputs = (c_void_p * len(inputs))(*(buffer.value for buffer in inputs))
            self._outputs = (c_void_p * len(outputs))(*(buffer.value for buffer in outputs))
            self._unproven = list(self._reserves)
            for place in self._unproven:
                self._write(self._outputs[place], _UNWRITTEN)
        except BaseException:
            self.close()
            raise

    def run(self, inputs: Mapping[str, Tensor], wanted: Sequence[str]) -> dict[str, Tensor]:
        """Runs on inputs of this model's shapes and copies the wanted outputs out. Raises StatusError."""
        signature = self.entry.signature
        for name, buffer in zip(signature.inputs, self._inputs, strict=True):
            self._write(buffer, inputs[name].data)
        if self._shared:
            self._resize()
        try:
            self._invoke()
        except StatusError as error:
            if _OF_UNKNOWN_SIZE in error.reports:
                raise self._unknown_size(self._reserves) from error
            raise
        self._measure_outputs()
        if self._allocated_bytes_before is not None:
            from firstserve.runtimes.allocated import allocated_bytes

            # Others allocate as well; what comes out is near enough to choose by.
            self.size_bytes = max(allocated_bytes() - self._allocated_bytes_before, 0)
            self._allocated_bytes_before = None
        first_names = {name: self.entry.repeated.get(name, name) for name in wanted}
        places = {name: place for place, name in enumerate(signature.outputs)}
        # A tensor that goes by several names is read once: what is large is not there any more then.
        tensors = {name: self._read(signature.outputs[name], places[name]) for name in {*first_names.values()}}
        return {name: tensors[first] for name, first in first_names.items()}

    def measure_from(self, allocated_bytes_before: int) -> None:
        """Has the first run find out what it takes; the argument is what was allocated before it was made."""
        self._allocated_bytes_before = allocated_bytes_before

    def close(self) -> None:
        """Gives the memory back."""
        for buffer in self._buffers:
            self._library.destroy("TensorBuffer", buffer)
        self._buffers = []
        if not self._shared:
            self._compilation.close()
        for reserve in self._reserves.values():
            reserve.close()
        self._reserves = {}

    def _invoke(self) -> None:
        self._compilation.run(self.entry.place, self._inputs, self._outputs)

    def _measure_outputs(self) -> None:
        specs = self.entry.signature.outputs.values()
        self._output_shapes = self._compilation.output_shapes(self.entry.place, len(specs))
        sizes = [_size_bytes(spec, shape) for spec, shape in zip(specs, self._output_shapes, strict=True)]
        if any(sizes[place] > reserve.size_bytes for place, reserve in self._reserves.items()):
            # LiteRT has written past the end of the buffer: nothing in this process can be trusted any more.
            os.abort()
        unwritten = [place for place in self._unproven if self._is_unwritten(place, sizes[place])]
        if unwritten:
            # Either these are the values, or LiteRT has kept the output to itself; then it refuses a second run, which
            # what assigns variables must not have.
            if self._shared:
                raise self._unknown_size(unwritten)
            try:
                self._invoke()
            except StatusError as error:
                raise self._unknown_size(unwritten) from error
        self._unproven = []

    def _unknown_size(self, places: Sequence[int] | Mapping[int, object]) -> Unimplemented:
        """LiteRT does not say for which output it has no place."""
        names = [f'"{list(self.entry.signature.outputs)[place]}"' for place in places]
        which = f"output {names[0]}" if len(names) == 1 else f"one of the outputs {', '.join(names)}"
        return Unimplemented(
            f"{which} has a size that is known only after a run, and LiteRT's C library does not hand it out: serve "
            "the model with a server that has another runtime, such as server_python_fast with --runtime=interpreter"
        )

    def _is_unwritten(self, place: int, size: int) -> bool:
        length = min(size, len(_UNWRITTEN))
        return length > 0 and self._copy(place, length) == _UNWRITTEN[:length]

    def _resize(self) -> None:
        for index, (spec, shape) in enumerate(zip(self.entry.signature.inputs.values(), self.shapes, strict=True)):
            # One of any rank has that of a scalar in the file.
            if self._shared or (spec.shape or ()) != shape:
                self._compilation.resize(self.entry.place, index, shape)

    def _managed_buffer(self, model: LiteRtModel, spec: TensorSpec, shape: tuple[int, ...]) -> c_void_p:
        buffer = self._library.handle(
            "LiteRtCreateManagedTensorBuffer",
            *(model.environment, litert_c.HOST_MEMORY, byref(_tensor_type(spec, shape)), _size_bytes(spec, shape)),
        )
        self._buffers.append(buffer)
        return buffer

    def _output_buffer(
        self, model: LiteRtModel, place: int, name: str, inputs: Sequence[c_void_p], outputs: Sequence[c_void_p]
    ) -> c_void_p:
        spec, shape = self.entry.signature.outputs[name], self._output_shapes[place]
        # LiteRT gives a tensor one buffer only, the last that it hears of.
        if name in self.entry.passed:
            return inputs[list(self.entry.signature.inputs).index(self.entry.passed[name])]
        if name in self.entry.repeated:
            return outputs[list(self.entry.signature.outputs).index(self.entry.repeated[name])]
        if name in self.entry.constants:
            # LiteRT copies a constant in the size of its buffer.
            return self._managed_buffer(model, spec, shape)
        reserve = self._reserves[place] = Reserve()
        buffer = self._library.handle(
            "LiteRtCreateTensorBufferFromHostMemory",
            *(byref(_tensor_type(spec, shape)), reserve.address, reserve.size_bytes, None),
        )
        self._buffers.append(buffer)
        return buffer

    def _write(self, buffer: int | None, data: bytes | bytearray | memoryview) -> None:
        octets = data if isinstance(data, bytes) else bytes(data)
        address = self._library.lock(buffer, litert_c.LOCK_WRITE)
        ctypes.memmove(address, octets, len(octets))
        self._library.call("LiteRtUnlockTensorBuffer", buffer)

    def _read(self, spec: TensorSpec, place: int) -> Tensor:
        shape = self._output_shapes[place]
        size = _size_bytes(spec, shape)
        reserve = self._reserves.get(place)
        return Tensor(spec.dtype, shape, self._copy(place, size) if reserve is None else reserve.read(size))

    def _copy(self, place: int, size: int) -> bytes:
        address = self._library.lock(self._outputs[place], litert_c.LOCK_READ)
        octets = ctypes.string_at(address, size)
        self._library.call("LiteRtUnlockTensorBuffer", self._outputs[place])
        return octets


def _refuse_strings(signature: Signature) -> None:
    for spec in (*signature.inputs.values(), *signature.outputs.values()):
        if spec.dtype == "string":
            raise Unimplemented(
                f'"{spec.name}" holds strings, which LiteRT\'s C library cannot take or give: '
                "serve the model with --runtime=interpreter, or its SavedModel with --runtime=tensorflow"
            )


def _tensor_type(spec: TensorSpec, shape: tuple[int, ...]) -> RankedTensorType:
    tensor_type = RankedTensorType(element_type=_CODES[spec.dtype])
    tensor_type.layout.shape = shape
    return tensor_type


def _size_bytes(spec: TensorSpec, shape: tuple[int, ...]) -> int:
    return element_count(shape) * ITEM_BYTES.get(spec.dtype, 0)
