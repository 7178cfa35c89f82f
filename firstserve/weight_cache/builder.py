"""Builds the weight cache of a .tflite: version folder -> packed weights and their note in `weight_cache/`.

Both files get their names only once they are whole and have passed the check that a server makes, the note last. What
an interrupted build leaves behind has another ending, and no server looks at it.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from zlib import crc32

from firstserve.errors import FailedPrecondition, LoadError
from firstserve.runtimes.cpu_type import read_cpu_type
from firstserve.runtimes.file_mark import make_mark
from firstserve.runtimes.golden_run import Golden, find_fault, golden_checksum
from firstserve.runtimes.litert import WEIGHT_CACHE, LiteRtServable, load
from firstserve.runtimes.litert_c import VERSION, Library, StatusError
from firstserve.runtimes.litert_compilation import Compilation
from firstserve.runtimes.litert_compiled_model import CompiledModel
from firstserve.runtimes.litert_model import Entry, LiteRtModel
from firstserve.runtimes.weight_cache import CACHE_SUFFIX, NOTE_SUFFIX
from firstserve.runtimes.weight_cache_note import Note
from firstserve.servable import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.runtimes.litert_compilation import Shapes

    Runs = list[tuple[Entry, Shapes]]

_UNFINISHED = ".unfinished"
_THREADS = 1
_TIMED_LOADS = 3
_LEAST_BYTES = 4096
"""A cache without weights is smaller: a header and an empty list."""


def build(version_folder: Path) -> Path:
    """Builds the cache for this machine's type of CPU and gives its file; one for the same model is replaced.

    Raises LoadError for a folder without a model that LiteRT can run, FailedPrecondition where a cache is of no use.
    """
    model_file = version_folder / "model.tflite"
    if not model_file.is_file():
        raise LoadError(f"no model.tflite in {version_folder}: give a version folder, such as models/mobilenet/1")
    cpu = read_cpu_type()
    if not cpu:
        raise FailedPrecondition("/proc/cpuinfo does not tell the type of the CPU, which a weight cache is bound to")
    try:
        model = LiteRtModel(Library(), model_file)
    except StatusError as error:
        raise LoadError(f"{model_file} is not a model that LiteRT {VERSION} can run: {error}") from error
    try:
        return _build(version_folder / WEIGHT_CACHE, model_file, model, cpu)
    except StatusError as error:
        raise LoadError(f"{model_file} cannot run: {error}") from error
    finally:
        model.close()


def load_times_ms(version_folder: Path) -> tuple[float, float]:
    """How long the model takes to load with its cache and without, checks included; the shortest of some loads each."""
    options = RuntimeOptions(instances=1, threads=_THREADS)
    library, model_file = Library(), version_folder / "model.tflite"
    ways: tuple[Callable[[], LiteRtServable], ...] = (
        lambda: load(version_folder, options),
        lambda: LiteRtServable(LiteRtModel(library, model_file), options),
    )
    times_ms: tuple[list[float], list[float]] = ([], [])
    for _ in range(_TIMED_LOADS):
        for way, figures in zip(ways, times_ms, strict=True):
            started_s = time.perf_counter()
            way().close()
            figures.append((time.perf_counter() - started_s) * 1e3)
    return min(times_ms[0]), min(times_ms[1])


def remove(cache_file: Path) -> None:
    """Removes a cache with its note, and the folder where it was the last."""
    for suffix in (NOTE_SUFFIX, CACHE_SUFFIX):
        cache_file.with_suffix(suffix).unlink(missing_ok=True)
    with suppress(OSError):
        cache_file.parent.rmdir()


def _build(folder: Path, model_file: Path, model: LiteRtModel, cpu: str) -> Path:
    runs = [(entry, entry.first_shapes) for entry in model.entries.values() if entry.first_shapes is not None]
    if not runs:
        raise FailedPrecondition(
            "LiteRT's C library can run no signature of this model: no weight cache can be checked"
        )
    goldens = _run(model, runs)
    if goldens != _run(model, runs):
        raise FailedPrecondition("the model gives the same input another answer every time: no cache can be checked")
    folder.mkdir(exist_ok=True)
    with NamedTemporaryFile(dir=folder, suffix=_UNFINISHED, delete=False) as unfinished:
        file = Path(unfinished.name)
    try:
        _pack(file, model, *runs[0])
        return _finish(file, _note(file, model_file, model, goldens, cpu))
    except BaseException:
        file.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
        raise


def _run(model: LiteRtModel, runs: Runs) -> tuple[Golden, ...]:
    return tuple(Golden(entry.place, shapes, _checksum(model, entry, shapes)) for entry, shapes in runs)


def _checksum(model: LiteRtModel, entry: Entry, shapes: Shapes, weights: int | None = None) -> int:
    compiled = CompiledModel(Compilation(model, _THREADS, weights), entry, shapes)
    try:
        return golden_checksum(compiled)
    finally:
        compiled.close()


def _pack(file: Path, model: LiteRtModel, entry: Entry, shapes: Shapes) -> None:
    """XNNPACK packs the weights of all signatures into an empty file that it may write to.

    In a forked process, for XNNPACK ends the one in which it cannot write.
    """
    child = os.fork()
    if child == 0:
        try:
            _checksum(model, entry, shapes, os.open(file, os.O_RDWR))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    free_bytes = shutil.disk_usage(file.parent).free
    is_small = file.stat().st_size < _LEAST_BYTES
    if status or (is_small and free_bytes < _LEAST_BYTES):
        raise FailedPrecondition(
            f"XNNPACK ended its process while it wrote packed weights of {model.file.path}, which take about as much "
            f"room as the model; {free_bytes / 1e6:.1f} MB are free in {file.parent}: make room there"
        )
    if is_small:
        raise FailedPrecondition("XNNPACK packs no weights of this model: it starts as fast without a weight cache")


def _note(file: Path, model_file: Path, model: LiteRtModel, goldens: tuple[Golden, ...], cpu: str) -> Note:
    """Checks the cache as a server does."""
    with model_file.open("rb", buffering=0) as source, file.open("rb", buffering=0) as cache:
        fault = find_fault(model, goldens, _THREADS, cache.fileno())
        if fault:
            raise FailedPrecondition(f"the model cannot have a weight cache: {fault}")
        return Note(VERSION, cpu, make_mark(source), make_mark(cache), goldens)


def _finish(file: Path, note: Note) -> Path:
    stem = f"{note.model.digest[:16]}-litert-{note.library}-cpu-{crc32(note.cpu.encode()):08x}"
    note_file = file.with_name(stem + NOTE_SUFFIX)
    # Until the new one is whole there is none.
    note_file.unlink(missing_ok=True)
    file.chmod(0o644)
    cache_file = file.rename(file.with_name(stem + CACHE_SUFFIX))
    unfinished = note_file.with_suffix(_UNFINISHED)
    unfinished.write_text(note.text(), encoding="ascii")
    unfinished.rename(note_file)
    for other in file.parent.glob(f"*{NOTE_SUFFIX}"):
        # Of another model.tflite that was here before; for other types of CPU the model is the same.
        if not other.name.startswith(f"{note.model.digest[:16]}-"):
            remove(other)
    return cache_file
