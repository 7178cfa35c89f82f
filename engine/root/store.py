"""Store: the bytecode of many modules -> one file, which engine/root/inside/sitecustomize.py imports them from.

The file is 8 bytes with the length of the index, little-endian; the index, a dict in `marshal`'s format, from a
module's name to whether it is a package, where its code begins and its length in bytes; and the code objects, in that
format too.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

HEAD_BYTES = 8


class Store:
    """Modules that are to become one file."""

    def __init__(self) -> None:
        self._index: dict[str, tuple[bool, int, int]] = {}
        self._code = bytearray()

    def add(self, name: str, code: CodeType | None, *, is_package: bool) -> None:
        """Adds a module; a package that is nothing but folders has no code."""
        octets = b"" if code is None else marshal.dumps(code)
        self._index[name] = is_package, len(self._code), len(octets)
        self._code += octets

    def write(self, file: Path) -> None:
        """Writes the file."""
        index = marshal.dumps(self._index)
        file.write_bytes(len(index).to_bytes(HEAD_BYTES, "little") + index + self._code)
