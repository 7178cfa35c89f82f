"""LiteRT's C library: finding libLiteRt.so, its structures and functions, statuses -> errors.

Declared by hand from LiteRT's public headers `litert/c/*.h` for the version below; sizes and offsets of the
structures are those that the headers assert as stable. The package around the library is never imported:
it would bring NumPy and a second copy of the runtime.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError, LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2.3.0"
"""The release whose binary interface this file declares."""

CPU = 1
"""kLiteRtHwAcceleratorCpu."""
HOST_MEMORY = 1
"""kLiteRtTensorBufferTypeHostMemory."""
LOCK_READ, LOCK_WRITE = 0, 1
"""LiteRtTensorBufferLockMode."""
RANKED = 0
"""kLiteRtRankedTensorType."""
MAX_RANK = 8
"""LITERT_TENSOR_MAX_RANK, the most dimensions that a layout can have."""
QUANTIZED_PER_TENSOR = 1
"""kLiteRtQuantizationPerTensor."""

DTYPES: Mapping[int, str] = {
    1: "float32",
    2: "int32",
    3: "uint8",
    4: "int64",
    5: "string",
    6: "bool",
    7: "int16",
    8: "complex64",
    9: "int8",
    10: "float16",
    11: "float64",
    12: "complex128",
    13: "uint64",
    16: "uint32",
    17: "uint16",
    19: "bfloat16",
}
"""LiteRtElementType -> dtype; what is missing here (int4, resources, variants) cannot be fed or read."""

_STATUS_NAMES: Mapping[int, str] = {
    1: "invalid argument",
    2: "out of memory",
    3: "runtime failure",
    4: "missing input tensor",
    5: "unsupported",
    6: "not found",
    8: "wrong version",
    500: "file cannot be read",
    501: "invalid flatbuffer",
    502: "library cannot be loaded",
    504: "compilation failed",
}
"""LiteRtStatus; the library has no function that names them."""


class Layout(ctypes.Structure):
    """LiteRtLayout, 68 bytes: the rank in the low 7 bits of the first word, dimensions below 0 are dynamic."""

    _fields_ = (("_rank", c_uint32), ("_dimensions", c_int32 * MAX_RANK), ("_strides", c_uint32 * MAX_RANK))

    @property
    def rank(self) -> int:
        """How many dimensions there are, of which the first MAX_RANK are known."""
        return int(self._rank & 0x7F)

    @property
    def shape(self) -> tuple[int, ...]:
        """The dimensions, -1 where any size goes."""
        return tuple(max(size, -1) for size in self._dimensions[: self.rank])

    @shape.setter
    def shape(self, shape: tuple[int, ...]) -> None:
        self._rank = len(shape)
        self._dimensions[: len(shape)] = shape


class RankedTensorType(ctypes.Structure):
    """LiteRtRankedTensorType, 72 bytes."""

    _fields_ = (("element_type", c_int), ("layout", Layout))


class PerTensorQuantization(ctypes.Structure):
    """LiteRtQuantizationPerTensor, 16 bytes."""

    _fields_ = (("scale", ctypes.c_float), ("zero_point", c_int64))


class EnvironmentOption(ctypes.Structure):
    """LiteRtEnvOption, 24 bytes, with an integer as its value (kLiteRtAnyTypeInt = 2)."""

    _fields_ = (("tag", c_int), ("value_type", c_int64), ("value", c_int64))


_AUTO_REGISTER_ACCELERATORS = 24
_MIN_LOGGER_SEVERITY = 25
_INTEGER = 2
_PRINTS_ERRORS, _PRINTS_NOTHING = 3, 4
"""LiteRtLogSeverity, the least that is printed."""
_REPORTS_PRINTED, _REPORTS_KEPT = 1, 2
"""LiteRtErrorReporterMode."""
_printed = False


def print_reports() -> None:
    """From now on all that LiteRT reports goes to stderr, also of what it has not made, and has nowhere to keep it for.

    For processes whose stderr is read; elsewhere it is in StatusError.
    """
    global _printed  # noqa: PLW0603 - the library has one stderr as well
    _printed = True


def environment_options() -> ctypes.Array[EnvironmentOption]:
    """CPU only (looking for GPU libraries costs 3 ms)."""
    severity = _PRINTS_ERRORS if _printed else _PRINTS_NOTHING
    return (EnvironmentOption * 2)(
        EnvironmentOption(_AUTO_REGISTER_ACCELERATORS, _INTEGER, CPU),
        EnvironmentOption(_MIN_LOGGER_SEVERITY, _INTEGER, severity),
    )


def report_settings() -> bytes:
    """What becomes of what a compiled model reports, as lines of `name = value`."""
    return b"error_reporter_mode = %d\n" % (_REPORTS_PRINTED if _printed else _REPORTS_KEPT)


_FUNCTIONS: Mapping[str, tuple[object, ...]] = {
    "LiteRtCreateEnvironment": (c_int, c_void_p, c_void_p),
    "LiteRtCreateModelFromFd": (c_void_p, c_int, c_size_t, c_size_t, c_void_p),
    "LiteRtGetNumModelSignatures": (c_void_p, c_void_p),
    "LiteRtGetModelSignature": (c_void_p, c_size_t, c_void_p),
    "LiteRtGetSignatureKey": (c_void_p, c_void_p),
    "LiteRtGetNumSignatureInputs": (c_void_p, c_void_p),
    "LiteRtGetNumSignatureOutputs": (c_void_p, c_void_p),
    "LiteRtGetSignatureInputName": (c_void_p, c_size_t, c_void_p),
    "LiteRtGetSignatureOutputName": (c_void_p, c_size_t, c_void_p),
    "LiteRtGetSignatureInputTensorByIndex": (c_void_p, c_size_t, c_void_p),
    "LiteRtGetSignatureOutputTensorByIndex": (c_void_p, c_size_t, c_void_p),
    "LiteRtGetTensorTypeId": (c_void_p, c_void_p),
    "LiteRtGetRankedTensorType": (c_void_p, c_void_p),
    "LiteRtGetUnrankedTensorType": (c_void_p, c_void_p),
    "LiteRtGetQuantizationTypeId": (c_void_p, c_void_p),
    "LiteRtGetPerTensorQuantization": (c_void_p, c_void_p),
    "LiteRtCreateOptions": (c_void_p,),
    "LiteRtSetOptionsHardwareAccelerators": (c_void_p, c_int),
    "LiteRtCreateOpaqueOptions": (c_char_p, c_void_p, c_void_p, c_void_p),
    "LiteRtAddOpaqueOptions": (c_void_p, c_void_p),
    "LiteRtCreateCompiledModel": (c_void_p, c_void_p, c_void_p, c_void_p),
    "LiteRtGetTensorName": (c_void_p, c_void_p),
    "LiteRtGetTensorWeights": (c_void_p, c_void_p),
    "LiteRtGetWeightsBytes": (c_void_p, c_void_p, c_void_p),
    "LiteRtCompiledModelResizeInputTensorNonStrict": (c_void_p, c_size_t, c_size_t, POINTER(c_int), c_size_t),
    "LiteRtGetCompiledModelOutputTensorLayouts": (c_void_p, c_size_t, c_size_t, c_void_p, c_bool),
    "LiteRtCreateManagedTensorBuffer": (c_void_p, c_int, c_void_p, c_size_t, c_void_p),
    "LiteRtCreateTensorBufferFromHostMemory": (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p),
    "LiteRtLockTensorBuffer": (c_void_p, c_void_p, c_int),
    "LiteRtUnlockTensorBuffer": (c_void_p,),
    "LiteRtCompiledModelGetErrorMessages": (c_void_p, c_void_p),
    "LiteRtCompiledModelClearErrors": (c_void_p,),
    "LiteRtRunCompiledModel": (c_void_p, c_size_t, c_size_t, c_void_p, c_size_t, c_void_p),
}
"""Arguments of every function that answers with a status."""

_DESTROYERS = ("Environment", "Model", "Options", "CompiledModel", "TensorBuffer")


class StatusError(FirstserveError):
    """A LiteRT function answered with a status other than OK."""

    def __init__(self, function: str, status: int) -> None:
        super().__init__(f"{function}: {_STATUS_NAMES.get(status, 'failed')} (LiteRT status {status})")
        self.code = status
        self.reports = ""
        """What LiteRT has reported beside the status."""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}: {self.reports}" if self.reports else text


class Library:
    """libLiteRt.so with its functions declared."""

    def __init__(self) -> None:
        path = library_path()
        try:
            self._library = ctypes.CDLL(path)
        except OSError as error:
            raise LoadError(f"{path} cannot be loaded: {error}") from error
        for name, arguments in _FUNCTIONS.items():
            getattr(self._library, name).argtypes = arguments
        for name in _DESTROYERS:
            destroyer = getattr(self._library, f"LiteRtDestroy{name}")
            destroyer.argtypes = (c_void_p,)
            destroyer.restype = None

    def call(self, function: str, *arguments: object) -> None:
        """Calls a function of `litert/c`. Raises StatusError unless it answers OK."""
        status = getattr(self._library, function)(*arguments)
        if status:
            raise StatusError(function, status)

    def handle(self, function: str, *arguments: object) -> c_void_p:
        """Calls a function whose last argument takes the handle that it makes or finds."""
        result = c_void_p()
        self.call(function, *arguments, byref(result))
        return result

    def lock(self, buffer: int | None, mode: int) -> c_void_p:
        """Locks a tensor buffer and gives the address of its bytes, valid until it is unlocked."""
        address = c_void_p()
        self.call("LiteRtLockTensorBuffer", buffer, byref(address), mode)
        return address

    def count(self, function: str, *arguments: object) -> int:
        """Calls a function whose last argument takes a count."""
        result = c_size_t()
        self.call(function, *arguments, byref(result))
        return result.value

    def text(self, function: str, *arguments: object) -> str:
        """Calls a function whose last argument takes a C string that the model owns."""
        result = c_char_p()
        self.call(function, *arguments, byref(result))
        return (result.value or b"").decode("utf-8", "replace")

    def destroy(self, kind: str, handle: c_void_p) -> None:
        """Destroys a handle of a kind such as `Model`."""
        getattr(self._library, f"LiteRtDestroy{kind}")(handle)


def library_path() -> str:
    """The path of libLiteRt in the installed `ai-edge-litert`, or in the folder FIRSTSERVE_LITERT_DIR.

    Raises LoadError where it is missing, or of another version than the one declared here.
    """
    name = "libLiteRt.dylib" if sys.platform == "darwin" else "libLiteRt.so"
    folder = os.environ.get("FIRSTSERVE_LITERT_DIR")
    if folder:
        return f"{folder}/{name}"
    for place in sys.path:
        path = f"{place}/ai_edge_litert/{name}"
        if os.path.exists(path):  # noqa: PTH110 - pathlib is slower, and this is the cold path
            _check_version(place)
            return path
    raise LoadError(f"{name} is not installed: install it with pip install ai-edge-litert=={VERSION}")


def _check_version(place: str) -> None:
    # The library cannot be asked for its version; the folder of the wheel's metadata carries it.
    if os.path.exists(f"{place}/ai_edge_litert-{VERSION}.dist-info"):  # noqa: PTH110
        return
    found = [name for name in os.listdir(place) if name.startswith("ai_edge_litert-")]  # noqa: PTH208
    version = found[0].removeprefix("ai_edge_litert-").removesuffix(".dist-info") if found else "of unknown version"
    raise LoadError(
        f"ai-edge-litert {version} is installed, but firstserve reaches the C library of {VERSION}: "
        f"install it with pip install ai-edge-litert=={VERSION}, or serve with --runtime=interpreter"
    )
