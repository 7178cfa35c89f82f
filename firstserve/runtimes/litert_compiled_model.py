"""A compiled model: one signature made ready for inputs of fixed shapes, with buffers; one thread at a time."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_int, c_void_p
from typing import TYPE_CHECKING

from firstserve.errors import Unimplemented
from firstserve.runtimes import litert_c
from firstserve.runtimes.litert_c import Layout, RankedTensorType, StatusError
from firstserve.runtimes.litert_reserve import Reserve
from firstserve.tensors import ITEM_BYTES, Tensor, element_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.runtimes.litert_model import Entry, LiteRtModel
    from firstserve.servable import Signature, TensorSpec

Shapes = tuple[tuple[int, ...], ...]
"""One fully known shape per input, in the signature's order."""

_CODES = {dtype: code for code, dtype in litert_c.DTYPES.items()}

_UNWRITTEN = bytes.fromhex("5f1d8e22c7a94b06913ae07d5cb8f264")

_KEEP_PAYLOAD = ctypes.CFUNCTYPE(None, c_void_p)(lambda _payload: None)
"""The payload of an opaque option is ours; LiteRT insists on a function that frees it."""


class CompiledModel:
    """See the module. Raises StatusError where the model cannot take inputs of these shapes.

    `weights` is an open file of packed weights, XNNPACK's weight cache; LiteRT closes it.
    """

    def __init__(
        self, model: LiteRtModel, entry: Entry, shapes: Shapes, threads: int, weights: int | None = None
    ) -> None:
        self.entry = entry
        self.shapes = shapes
        self._library = model.library
        self._handle = c_void_p()
        self._buffers: list[c_void_p] = []
        self._reserves: dict[int, Reserve] = {}
        # LiteRT writes all dimensions of an output, however few a layout has room for, and as many as a request says.
        self._layouts = Reserve()
        try:
            _refuse_strings(entry.signature)
            self._compile(model, threads, weights)
            self._resize()
            self._output_shapes = self._read_output_shapes(allocate=True)
            inputs = [
                self._managed_buffer(model, spec, shape)
                for spec, shape in zip(entry.signature.inputs.values(), shapes, strict=True)
            ]
            outputs = [
                self._output_buffer(model, place, name, dict(zip(entry.signature.inputs, inputs, strict=True)))
                for place, name in enumerate(entry.signature.outputs)
            ]
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
        self._invoke()
        self._measure_outputs()
        places = {name: place for place, name in enumerate(signature.outputs)}
        return {name: self._read(signature.outputs[name], places[name]) for name in wanted}

    def close(self) -> None:
        """Gives the memory back."""
        for buffer in self._buffers:
            self._library.destroy("TensorBuffer", buffer)
        self._buffers = []
        if self._handle.value:
            self._library.destroy("CompiledModel", self._handle)
            self._handle = c_void_p()
        for reserve in (self._layouts, *self._reserves.values()):
            reserve.close()
        self._reserves = {}

    def _invoke(self) -> None:
        self._library.call(
            "LiteRtRunCompiledModel",
            self._handle,
            self.entry.place,
            len(self._inputs),
            self._inputs,
            len(self._outputs),
            self._outputs,
        )

    def _measure_outputs(self) -> None:
        self._output_shapes = self._read_output_shapes(allocate=False)
        specs = self.entry.signature.outputs.values()
        sizes = [_size_bytes(spec, shape) for spec, shape in zip(specs, self._output_shapes, strict=True)]
        if any(sizes[place] > reserve.size_bytes for place, reserve in self._reserves.items()):
            # LiteRT has written past the end of the buffer: nothing in this process can be trusted any more.
            os.abort()
        if any(self._is_unwritten(place, sizes[place]) for place in self._unproven):
            # Either these are the values, or LiteRT has kept the output to itself; then it refuses a second run.
            try:
                self._invoke()
            except StatusError as error:
                raise Unimplemented(
                    "an output has a size that is known only after a run, and LiteRT's C library does not hand it out: "
                    "serve the model with --runtime=interpreter"
                ) from error
        self._unproven = []

    def _is_unwritten(self, place: int, size: int) -> bool:
        length = min(size, len(_UNWRITTEN))
        return self._copy(place, length) == _UNWRITTEN[:length]

    def _compile(self, model: LiteRtModel, threads: int, weights: int | None) -> None:
        library = self._library
        options = library.handle("LiteRtCreateOptions")
        try:
            library.call("LiteRtSetOptionsHardwareAccelerators", options, litert_c.CPU)
            settings = f"num_threads = {max(threads, 1)}\n"
            if weights is not None:
                settings += f"weight_cache_file_descriptor = {weights}\n"
            payload = ctypes.create_string_buffer(settings.encode())
            opaque = library.handle("LiteRtCreateOpaqueOptions", b"xnnpack", payload, _KEEP_PAYLOAD)
            library.call("LiteRtAddOpaqueOptions", options, opaque)
            self._handle = library.handle("LiteRtCreateCompiledModel", model.environment, model.model, options)
        finally:
            library.destroy("Options", options)

    def _resize(self) -> None:
        for index, (spec, shape) in enumerate(zip(self.entry.signature.inputs.values(), self.shapes, strict=True)):
            if spec.shape != shape:
                sizes = (c_int * len(shape))(*shape)
                # Not strict: dimensions and a rank that are fixed change as well.
                self._library.call(
                    "LiteRtCompiledModelResizeInputTensorNonStrict",
                    *(self._handle, self.entry.place, index),
                    *(sizes, len(shape)),
                )

    def _read_output_shapes(self, *, allocate: bool) -> Shapes:
        count = len(self.entry.signature.outputs)
        # Without allocating first, the layouts are those of the last run, or from before the resize.
        self._library.call(
            "LiteRtGetCompiledModelOutputTensorLayouts",
            *(self._handle, self.entry.place, count, self._layouts.address, allocate),
        )
        told = (Layout * count).from_buffer_copy(self._layouts.read(count * ctypes.sizeof(Layout)))
        if any(layout.rank > litert_c.MAX_RANK for layout in told):
            raise Unimplemented(f"an output has more than {litert_c.MAX_RANK} dimensions, which LiteRT cannot tell")
        return tuple(layout.shape for layout in told)

    def _managed_buffer(self, model: LiteRtModel, spec: TensorSpec, shape: tuple[int, ...]) -> c_void_p:
        buffer = self._library.handle(
            "LiteRtCreateManagedTensorBuffer",
            *(model.environment, litert_c.HOST_MEMORY, byref(_tensor_type(spec, shape)), _size_bytes(spec, shape)),
        )
        self._buffers.append(buffer)
        return buffer

    def _output_buffer(self, model: LiteRtModel, place: int, name: str, inputs: Mapping[str, c_void_p]) -> c_void_p:
        spec, shape = self.entry.signature.outputs[name], self._output_shapes[place]
        if name in self.entry.passed:
            # LiteRT gives a tensor one buffer only, the last that it hears of.
            return inputs[self.entry.passed[name]]
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
