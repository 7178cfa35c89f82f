"""A compilation: LiteRT's compiled model of all signatures, with weights packed; one thread at a time.

What LiteRT reports while one of its functions fails is kept in the compiled model, and is in the error.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_int, c_void_p
from typing import TYPE_CHECKING

from firstserve.errors import Unimplemented
from firstserve.runtimes import litert_c
from firstserve.runtimes.litert_c import Layout, StatusError
from firstserve.runtimes.litert_reserve import Reserve

if TYPE_CHECKING:
    from firstserve.runtimes.litert_model import LiteRtModel

Shapes = tuple[tuple[int, ...], ...]
"""One fully known shape per input, in the signature's order."""

_KEEP_PAYLOAD = ctypes.CFUNCTYPE(None, c_void_p)(lambda _payload: None)
"""The payload of an opaque option is ours; LiteRT insists on a function that frees it."""


class Compilation:
    """See the module. Raises StatusError where LiteRT cannot compile the model.

    `weights` is an open file of packed weights, XNNPACK's weight cache; LiteRT closes it.
    """

    def __init__(self, model: LiteRtModel, threads: int, weights: int | None = None) -> None:
        self.model = model
        self._library = model.library
        self._has_run: set[int] = set()
        # LiteRT writes all dimensions of an output, however few a layout has room for, and as many as a request says.
        self._layouts = Reserve()
        settings = f"num_threads = {max(threads, 1)}\n"
        if weights is not None:
            settings += f"weight_cache_file_descriptor = {weights}\n"
        options = self._library.handle("LiteRtCreateOptions")
        payloads = [ctypes.create_string_buffer(text) for text in (settings.encode(), litert_c.report_settings())]
        try:
            self._library.call("LiteRtSetOptionsHardwareAccelerators", options, litert_c.CPU)
            for part, payload in zip((b"xnnpack", b"runtime_options_string"), payloads, strict=True):
                opaque = self._library.handle("LiteRtCreateOpaqueOptions", part, payload, _KEEP_PAYLOAD)
                self._library.call("LiteRtAddOpaqueOptions", options, opaque)
            self._handle = self._library.handle("LiteRtCreateCompiledModel", model.environment, model.model, options)
        except BaseException:
            self._layouts.close()
            raise
        finally:
            self._library.destroy("Options", options)

    def resize(self, place: int, index: int, shape: tuple[int, ...]) -> None:
        """Gives an input of the signature at a place another shape; also where it is fixed."""
        sizes = (c_int * len(shape))(*shape)
        self._call("LiteRtCompiledModelResizeInputTensorNonStrict", place, index, sizes, len(shape))

    def output_shapes(self, place: int, count: int) -> Shapes:
        """The outputs' shapes: those of the last run, or before it what is known of them."""
        # Allocated first, for otherwise the shapes are those from before a resize; after a run not any more, for then
        # what is made ready again is held against the buffers of that run, which may be too small.
        allocate = place not in self._has_run
        self._call("LiteRtGetCompiledModelOutputTensorLayouts", place, count, self._layouts.address, allocate)
        told = (Layout * count).from_buffer_copy(self._layouts.read(count * ctypes.sizeof(Layout)))
        if any(layout.rank > litert_c.MAX_RANK for layout in told):
            raise Unimplemented(f"an output has more than {litert_c.MAX_RANK} dimensions, which LiteRT cannot tell")
        return tuple(layout.shape for layout in told)

    def run(self, place: int, inputs: ctypes.Array[c_void_p], outputs: ctypes.Array[c_void_p]) -> None:
        """Runs a signature on tensor buffers."""
        self._has_run.add(place)
        self._call("LiteRtRunCompiledModel", place, len(inputs), inputs, len(outputs), outputs)

    def close(self) -> None:
        """Gives the memory back."""
        if self._handle.value:
            self._library.destroy("CompiledModel", self._handle)
            self._layouts.close()
        self._handle = c_void_p()

    def _call(self, function: str, *arguments: object) -> None:
        try:
            self._library.call(function, self._handle, *arguments)
        except StatusError as error:
            error.reports = self._take_reports()
            raise

    def _take_reports(self) -> str:
        text = ctypes.c_char_p()
        try:
            self._library.call("LiteRtCompiledModelGetErrorMessages", self._handle, byref(text))
            self._library.call("LiteRtCompiledModelClearErrors", self._handle)
        except StatusError:
            # They were printed.
            return ""
        lines = (text.value or b"").decode("utf-8", "replace").splitlines()
        ctypes.CDLL(None).free(text)
        return "; ".join(line.strip() for line in lines if line.strip())
