"""Golden run: a signature -> inputs that are always the same -> a checksum of its outputs.

Where packed weights come from a file, the checksum must be the one that the model gave with weights that it packed
itself. The check runs in a forked process, for a file that does not fit can end the process that uses it.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from firstserve.parent import end_with_parent
from firstserve.runtimes.litert_compilation import Compilation
from firstserve.runtimes.litert_compiled_model import CompiledModel
from firstserve.tensors import ITEM_BYTES, STRUCT_FORMAT, Tensor, element_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.runtimes.litert_compilation import Shapes
    from firstserve.runtimes.litert_model import LiteRtModel
    from firstserve.servable import TensorSpec

_TIME_LIMIT_MS = 10_000
"""Of the whole check; a forked process may wait for ever for a lock that another thread held."""
_PERIOD = 251
"""A prime, so that no two rows of an input are alike."""


class Golden(NamedTuple):
    """A run, and what it gives: `place` is the signature's in the model, `checksum` a CRC-32 of all outputs."""

    place: int
    shapes: Shapes
    checksum: int


def golden_checksum(compiled: CompiledModel) -> int:
    """Runs a compiled model. Raises StatusError or Unimplemented for one that cannot run."""
    signature = compiled.entry.signature
    specs = zip(signature.inputs.items(), compiled.shapes, strict=True)
    inputs = {name: _input(spec, shape) for (name, spec), shape in specs}
    return _checksum(compiled.run(inputs, list(signature.outputs)))


def find_fault(model: LiteRtModel, goldens: Sequence[Golden], threads: int, weights: int) -> str:
    """Runs all with packed weights from an open file; what is wrong with them, or nothing."""
    reader, writer = os.pipe()
    own_pid = os.getpid()
    child = os.fork()
    if child == 0:
        end_with_parent(own_pid)
        _answer(model, goldens, threads, weights, writer)
    os.close(writer)
    try:
        return _read_verdict(reader)
    finally:
        os.close(reader)
        # The kernel takes milliseconds to clear a large process away.
        Thread(target=_end, args=(child,), daemon=True).start()


def _answer(model: LiteRtModel, goldens: Sequence[Golden], threads: int, weights: int, writer: int) -> None:
    """In the forked process: writes the verdict and ends."""
    try:
        _close_all_but(writer, weights)
        entries = {entry.place: entry for entry in model.entries.values()}
        verdict = b"right"
        for place, shapes, checksum in goldens:
            # Not closed: that takes time, and this process ends.
            compiled = CompiledModel(Compilation(model, threads, os.dup(weights)), entries[place], shapes)
            if golden_checksum(compiled) != checksum:
                verdict = b"the golden run gives another answer"
                break
        os.write(writer, verdict)
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Clients wait for the end of a connection that this process holds as well."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only
        if int(name) > 2 and int(name) not in kept:
            with suppress(OSError):
                os.close(int(name))


def _read_verdict(reader: int) -> str:
    import select

    poll = select.poll()
    poll.register(reader, select.POLLIN)
    if not poll.poll(_TIME_LIMIT_MS):
        return f"the golden run took more than {_TIME_LIMIT_MS / 1000:.0f} s"
    verdict = os.read(reader, 1024).decode()
    return "" if verdict == "right" else verdict or "the golden run failed"


def _end(child: int) -> None:
    import signal

    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _input(spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
    """Small numbers: floats from -1 to 1, all bytes, other integers 0 and 1, which most vocabularies have."""
    letter = STRUCT_FORMAT.get(spec.dtype, "")
    steps = [index * 37 % _PERIOD for index in range(_PERIOD)]
    if letter in set("efd"):
        pattern = struct.pack(f"{_PERIOD}{letter}", *(step / (_PERIOD // 2) - 1 for step in steps))
    elif letter in set("bB"):
        pattern = bytes(steps)
    else:
        pattern = struct.pack(f"{_PERIOD}{letter}", *(step % 2 for step in steps)) if letter else bytes(_PERIOD)
    size = element_count(shape) * ITEM_BYTES[spec.dtype]
    return Tensor(spec.dtype, shape, (pattern * (size // len(pattern) + 1))[:size])


def _checksum(outputs: Mapping[str, Tensor]) -> int:
    value = 0
    for name, tensor in sorted(outputs.items()):
        value = zlib.crc32(f"{name} {tensor.dtype} {tensor.shape}".encode(), value)
        value = zlib.crc32(tensor.data, value)
    return value
