"""TensorFlow's C library: the folder of the wheel -> two shared libraries -> functions that know their types.

Declared here is what serving needs of tensorflow/c/c_api.h, tf_tensor.h, tf_tstring.h, tf_status.h and
tf_buffer.h. The functions are called through a CDLL, which releases Python's lock for the time of a call.
The package `tensorflow` is never imported: its Python modules take ten times as long as the library.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING

from firstserve.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    FirstserveError,
    InvalidArgument,
    LoadError,
    NotFound,
    Unavailable,
    Unimplemented,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2.21.0"
"""The version whose binary interface is declared here."""
FOLDER_VARIABLE = "FIRSTSERVE_TENSORFLOW_DIR"
"""Environment variable: the folder that holds the two libraries (default: `tensorflow` on Python's search path)."""
STRING_BYTES = 24
"""sizeof(TF_TString), the element of a string tensor."""

_SUFFIX = "2.dylib" if sys.platform == "darwin" else "so.2"
_FRAMEWORK = f"libtensorflow_framework.{_SUFFIX}"
_WHOLE = f"libtensorflow_cc.{_SUFFIX}"


class Output(ctypes.Structure):
    """TF_Output: one output of an operation of the graph, which is what is fed and fetched."""

    _fields_ = (("operation", c_void_p), ("index", c_int))


class Input(ctypes.Structure):
    """TF_Input: one input of an operation of the graph."""

    _fields_ = (("operation", c_void_p), ("index", c_int))


class Buffer(ctypes.Structure):
    """TF_Buffer: bytes that the library owns."""

    _fields_ = (("data", c_void_p), ("length", c_size_t), ("deallocator", c_void_p))


Deallocator = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)
"""What TF_NewTensor calls with the data once nobody refers to it any more."""

_FUNCTIONS: Mapping[str, tuple[object, tuple[object, ...]]] = {
    "TF_NewStatus": (c_void_p, ()),
    "TF_DeleteStatus": (None, (c_void_p,)),
    "TF_GetCode": (c_int, (c_void_p,)),
    "TF_Message": (c_char_p, (c_void_p,)),
    "TF_NewBuffer": (POINTER(Buffer), ()),
    "TF_DeleteBuffer": (None, (POINTER(Buffer),)),
    "TF_NewSessionOptions": (c_void_p, ()),
    "TF_SetConfig": (None, (c_void_p, c_char_p, c_size_t, c_void_p)),
    "TF_DeleteSessionOptions": (None, (c_void_p,)),
    "TF_NewGraph": (c_void_p, ()),
    "TF_DeleteGraph": (None, (c_void_p,)),
    "TF_GraphOperationByName": (c_void_p, (c_void_p, c_char_p)),
    "TF_OperationOpType": (c_char_p, (c_void_p,)),
    "TF_OperationOutputNumConsumers": (c_int, (Output,)),
    "TF_OperationOutputConsumers": (c_int, (Output, POINTER(Input), c_int)),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        (c_void_p, c_void_p, c_char_p, POINTER(c_char_p), c_int, c_void_p, POINTER(Buffer), c_void_p),
    ),
    "TF_CloseSession": (None, (c_void_p, c_void_p)),
    "TF_DeleteSession": (None, (c_void_p, c_void_p)),
    "TF_SessionRun": (
        None,
        (
            *(c_void_p, c_void_p),
            *(POINTER(Output), POINTER(c_void_p), c_int),
            *(POINTER(Output), POINTER(c_void_p), c_int),
            *(c_void_p, c_int),
            *(c_void_p, c_void_p),
        ),
    ),
    "TF_AllocateTensor": (c_void_p, (c_int, POINTER(c_int64), c_int, c_size_t)),
    "TF_NewTensor": (c_void_p, (c_int, POINTER(c_int64), c_int, c_void_p, c_size_t, Deallocator, c_void_p)),
    "TF_DeleteTensor": (None, (c_void_p,)),
    "TF_TensorType": (c_int, (c_void_p,)),
    "TF_NumDims": (c_int, (c_void_p,)),
    "TF_Dim": (c_int64, (c_void_p, c_int)),
    "TF_TensorByteSize": (c_size_t, (c_void_p,)),
    "TF_TensorData": (c_void_p, (c_void_p,)),
    "TF_StringInit": (None, (c_void_p,)),
    "TF_StringCopy": (None, (c_void_p, c_char_p, c_size_t)),
    "TF_StringDealloc": (None, (c_void_p,)),
    "TF_StringGetDataPointer": (c_void_p, (c_void_p,)),
    "TF_StringGetSize": (c_size_t, (c_void_p,)),
}

_ERRORS: Mapping[int, type[FirstserveError]] = {
    3: InvalidArgument,
    4: DeadlineExceeded,
    5: NotFound,
    9: FailedPrecondition,
    12: Unimplemented,
    14: Unavailable,
}
"""TSL_Code -> the error that says the same."""
_OTHER_CODES: Mapping[int, tuple[str, int]] = {
    1: ("CANCELLED", 499),
    2: ("UNKNOWN", 500),
    6: ("ALREADY_EXISTS", 409),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    10: ("ABORTED", 409),
    11: ("OUT_OF_RANGE", 400),
    13: ("INTERNAL", 500),
    15: ("DATA_LOSS", 500),
    16: ("UNAUTHENTICATED", 401),
}
"""TSL_Code -> the gRPC code of the same number, and the HTTP status that TensorFlow Serving gives it."""


class RunError(FirstserveError):
    """A call failed with a code that no other error has."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.grpc, self.http = _OTHER_CODES.get(code, ("UNKNOWN", 500))


class StatusError(Exception):
    """A call that failed, with the library's own code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def answer(self) -> FirstserveError:
        """The error that a client gets for it."""
        error = _ERRORS.get(self.code)
        return RunError(self.code, str(self)) if error is None else error(str(self))


class Status:
    """A TF_Status for the calls within a `with` block, which ends with StatusError where the last one failed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def __enter__(self) -> int:
        handle: int = self._library.TF_NewStatus()
        self._handle = handle
        return handle

    def __exit__(self, kind: object, *_: object) -> None:
        code: int = self._library.TF_GetCode(self._handle)
        message: bytes = self._library.TF_Message(self._handle)
        self._library.TF_DeleteStatus(self._handle)
        if kind is None and code:
            raise StatusError(code, message.decode(errors="replace"))


_lock = threading.Lock()
_loaded: dict[str, ctypes.CDLL] = {}


def load_library() -> ctypes.CDLL:
    """The library, loaded by the first call. Raises LoadError where it is missing or of another version."""
    with _lock:
        if VERSION not in _loaded:
            _loaded[VERSION] = _load(find_folder())
        return _loaded[VERSION]


def find_folder() -> Path:
    """The folder of the two libraries. Raises LoadError with what to install or to set."""
    named = os.environ.get(FOLDER_VARIABLE)
    for folder in [Path(named)] if named else [Path(entry, "tensorflow") for entry in sys.path]:
        if all((folder / name).exists() for name in (_FRAMEWORK, _WHOLE)):
            return folder
    where = f"{FOLDER_VARIABLE}={named}" if named else "any folder of Python's search path"
    raise LoadError(
        f"no TensorFlow library in {where}: install tensorflow=={VERSION}, or set {FOLDER_VARIABLE} "
        f"to the folder that holds {_FRAMEWORK} and {_WHOLE}"
    )


def _load(folder: Path) -> ctypes.CDLL:
    _open_framework(folder / _FRAMEWORK)
    library = _open(folder / _WHOLE)
    library.TF_Version.restype = c_char_p
    version: bytes = library.TF_Version()
    if version.decode() != VERSION:
        raise LoadError(
            f"the TensorFlow library in {folder} is {version.decode()}, but {VERSION} is expected: "
            f"install tensorflow=={VERSION}"
        )
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def _open_framework(path: Path) -> None:
    """Loads the first library, and keeps the notes of the C++ side off stderr unless TF_CPP_MIN_LOG_LEVEL is 0.

    Errors come back as a status. The one note that this library writes while it is loaded, before it has read
    that variable, goes nowhere because stderr does, for those 10 ms.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0" or sys.stderr is None:
        _open(path)
        return
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        _open(path)
    finally:
        os.dup2(stderr, 2)
        os.close(nowhere)
        os.close(stderr)


def _open(path: Path) -> ctypes.CDLL:
    """Loads a library, with its symbols to itself and bound as they are first called.

    RTLD_LOCAL, because the library exports a BoringSSL, and Python's `hashlib` and `ssl` would crash in it.
    RTLD_LAZY takes 0.13 s for 2.21.0, where the RTLD_NOW of ctypes.CDLL takes 0.2 s.
    """
    process = ctypes.CDLL(None)
    dlopen, dlerror = process.dlopen, process.dlerror
    dlopen.restype, dlopen.argtypes = c_void_p, (c_char_p, c_int)
    dlerror.restype = c_char_p
    handle: int | None = dlopen(os.fsencode(path), os.RTLD_LAZY | os.RTLD_LOCAL)
    if handle is None:
        fault = (dlerror() or b"").decode(errors="replace")
        raise LoadError(f"cannot load {path}: {fault}; install tensorflow=={VERSION} for this machine again")
    return ctypes.CDLL(str(path), handle=handle)
