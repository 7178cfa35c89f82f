"""XNNPACK's weight cache: files beside a model -> the one that is surely the model's own, mapped in place of packing.

XNNPACK packs the weights of a model at load, into memory of its own: 0.3 s and 200 MB for a model of 200 MB. Packed
weights in a file are mapped within milliseconds, but XNNPACK knows them by the places of tensors alone, and takes those
of another model. So each cache has a note, and is used only where library, CPU, the model's file and the cache's own
file are those of the note, and where a golden run gives with it what the model gave without.
`firstserve weight_cache build` makes both; serving never writes to them: LiteRT gets a descriptor that is open for
reading only.
"""

from __future__ import annotations

import os
from io import FileIO
from typing import TYPE_CHECKING

from firstserve.runtimes.cpu_type import read_cpu_type
from firstserve.runtimes.golden_run import find_fault
from firstserve.runtimes.lazy_file import FileChanged, LazyFile
from firstserve.runtimes.litert_c import VERSION
from firstserve.runtimes.weight_cache_note import read_note

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from firstserve.runtimes.file_mark import FileMark
    from firstserve.runtimes.litert_model import Entry, LiteRtModel
    from firstserve.runtimes.weight_cache_note import Note

CACHE_SUFFIX, NOTE_SUFFIX = ".xnnpack", ".note"


class WeightCache:
    """A cache that has passed all checks, for the signatures that it was checked with."""

    def __init__(self, file: LazyFile, note: Note) -> None:
        self._file = file
        self._places = {golden.place for golden in note.goldens}

    def open_for(self, entry: Entry) -> int | None:
        """A descriptor for one compiled model, which LiteRT closes; None for a signature that was not checked."""
        return os.dup(self._file.descriptor) if entry.place in self._places else None

    def check(self) -> None:
        """Raises FileChanged where somebody has written to the cache."""
        self._file.check()

    def hold(self) -> None:
        """Puts a copy in the file's place. Raises FileChanged."""
        self._file.hold()

    def close(self) -> None:
        """What has been compiled stays as it is."""
        self._file.close()


def find_weight_cache(folder: Path, model: LiteRtModel, threads: int, *, hold: bool = False) -> WeightCache | None:
    """The cache in this folder that is the model's own; None, and a line in the log that tells why, without one.

    `hold` copies it first, so that nobody can write to what is checked.
    """
    faults = []
    for note_file in sorted(folder.glob(f"*{NOTE_SUFFIX}")):
        try:
            note = read_note(note_file)
            cache = LazyFile(note_file.with_suffix(CACHE_SUFFIX))
            if hold:
                cache.hold()
            fault = _fault(note, cache, model.file) or find_fault(model, note.goldens, threads, cache.descriptor)
            if not fault:
                return WeightCache(cache, note)
            cache.close()
        except (OSError, ValueError, FileChanged) as error:
            fault = str(error)
        faults.append(f"{note_file.stem}: {fault}")
    _log().warning(
        "%s: no weight cache is used, so the model starts slower: %s", folder, "; ".join(faults) or "there is none"
    )
    return None


def _fault(note: Note, cache: LazyFile, model: LazyFile) -> str:
    """What shows that a cache is not for this model here; empty where all is as noted."""
    if note.library != VERSION:
        return f"it was built by LiteRT {note.library}, and this is {VERSION}"
    if note.cpu != read_cpu_type():
        return f"it was built on another type of CPU: {note.cpu}"
    if not _is_same(note.model, model):
        return "it was built from another model.tflite"
    return "" if _is_same(note.cache, cache) else "its file is damaged"


def _is_same(mark: FileMark, lazy: LazyFile) -> bool:
    with FileIO(lazy.descriptor, closefd=False) as file:
        if not mark.looks_like(file):
            return False
        if mark.has_time_of(file):
            return True
        _log().info("%s is read in full: the weight cache's note has another time of change", lazy.path)
        return mark.is_digest_of(file)


def _log() -> logging.Logger:
    # Imported here: nothing is logged where all is well, and this is the cold path.
    import logging

    return logging.getLogger(__name__)
