"""The note beside a weight cache: lines of text <-> what the cache was made from, and what it must give.

A line has a name and its values; `golden` comes once for every signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.runtimes.file_mark import FileMark
from firstserve.runtimes.golden_run import Golden

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "1"


class Note(NamedTuple):
    """`library` is a release of LiteRT, `cpu` what read_cpu_type() gave."""

    library: str
    cpu: str
    model: FileMark
    cache: FileMark
    goldens: tuple[Golden, ...]

    def text(self) -> str:
        """The note as a file's text."""
        lines = [("format", _FORMAT), ("library", self.library), ("cpu", self.cpu)]
        lines += [(name, " ".join(map(str, mark))) for name, mark in (("model", self.model), ("cache", self.cache))]
        for place, shapes, checksum in self.goldens:
            lines.append(("golden", f"{place} {checksum} {' '.join(','.join(map(str, s)) or '-' for s in shapes)}"))
        return "".join(f"{name} {value}\n" for name, value in lines)


def read_note(file: Path) -> Note:
    """Raises OSError, and ValueError for a text that is no note of this format."""
    values: dict[str, list[str]] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(" ")
        values.setdefault(name, []).append(value)
    try:
        if values["format"] != [_FORMAT]:
            raise ValueError(f"it has format {values['format']}")
        model, cache = (_mark(values[name][0]) for name in ("model", "cache"))
        goldens = tuple(map(_golden, values["golden"]))
        return Note(values["library"][0], values["cpu"][0], model, cache, goldens)
    except KeyError as error:
        raise ValueError(f"it has no line {error}") from error


def _mark(text: str) -> FileMark:
    size_bytes, changed_ns, sample, digest = text.split()
    return FileMark(int(size_bytes), int(changed_ns), int(sample), digest)


def _golden(text: str) -> Golden:
    place, checksum, *shapes = text.split()
    return Golden(
        int(place),
        tuple(() if shape == "-" else tuple(map(int, shape.split(","))) for shape in shapes),
        int(checksum),
    )
