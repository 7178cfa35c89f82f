"""Git LFS pointer: what Git leaves in place of a file whose content it keeps elsewhere -> an error that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path

    from firstserve.runtimes.tflite_metadata import Buffer

_BEGINNING = b"version https://git-lfs.github.com/spec/"


def check_no_pointer(file: Path, content: Buffer | None = None) -> None:
    """Raises LoadError where the file, or its content where that was read already, is a pointer."""
    if content is None:
        with file.open("rb") as opened:
            content = opened.read(len(_BEGINNING))
    if content[: len(_BEGINNING)] == _BEGINNING:
        raise LoadError(
            f"{file} cannot be loaded: it is a Git LFS pointer, and no model: fetch the model with git lfs pull"
        )
