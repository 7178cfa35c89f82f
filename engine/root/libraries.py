"""Libraries: a program or shared library -> the shared libraries that ld.so gives it, by ldd."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from engine.root.errors import MissingPart

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = re.compile(r"\t(?:(?P<name>\S+) => )?(?P<path>/\S+|not found)")
"""`name => path (address)`; ld.so itself has no name but the path that programs ask for."""


def needed_libraries(files: Iterable[Path]) -> dict[str, Path]:
    """All libraries that these files come to load, by the names that are looked for. Raises MissingPart."""
    libraries: dict[str, Path] = {}
    for file in files:
        listed = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
        for line in listed.splitlines():
            match = _LINE.match(line)
            if match is None:
                continue
            name, path = match["name"], match["path"]
            if path == "not found":
                raise MissingPart(f"{file} needs the library {name}, which is not installed")
            libraries[name or path] = Path(path)
    return libraries
