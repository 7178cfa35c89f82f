"""Store: modules -> one file, which engine/root/inside/sitecustomize.py imports them from.

The file is 8 bytes with the length of the head, little-endian; the head; and what modules consist of, code objects in
`marshal`'s format and shared libraries. The head is a tuple in that format: the library that unpacks, from the folder
of the file; how many bytes of the content are the dictionary; and a dict from a module's name to (kind, place, length,
length once it is unpacked). What the first answer needs comes first, as it is. It is also the dictionary with which
everything behind it is packed by Zstandard.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.root.zstandard import Compressor

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from types import CodeType

HEAD_BYTES = 8

Kind = Literal["module", "package", "folder", "extension"]
"""A folder is a package that is nothing else."""


class _Entry(NamedTuple):
    kind: Kind
    octets: bytes


class Store:
    """Modules that are to become one file."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def add(self, name: str, code: CodeType, *, is_package: bool) -> None:
        """Adds a module by its code."""
        self._entries[name] = _Entry("package" if is_package else "module", marshal.dumps(code))

    def add_folder(self, name: str) -> None:
        """Adds a package that has no code."""
        self._entries[name] = _Entry("folder", b"")

    def add_extension(self, name: str, library: bytes) -> None:
        """Adds an extension module by its shared library, which may need none but the system's."""
        self._entries[name] = _Entry("extension", library)

    def write(self, file: Path) -> None:
        """Writes the file, with all modules as they are."""
        self._write(file, self._entries, None, "")

    def write_packed(self, file: Path, unpacked: Collection[str], library: Path, path: str) -> None:
        """Writes the file with all modules packed but those that are to lie there `unpacked`.

        `library` is libzstd here, and `path` where it is there, from the folder of the file.
        """
        self._write(file, unpacked, library, path)

    def _write(self, file: Path, unpacked: Collection[str], library: Path | None, path: str) -> None:
        index: dict[str, tuple[Kind, int, int, int]] = {}
        content = bytearray()
        for name, (kind, octets) in self._entries.items():
            if name in unpacked:
                index[name] = kind, len(content), len(octets), len(octets)
                content += octets
        dictionary_bytes = len(content)
        if library is not None:
            compressor = Compressor(library, bytes(content))
            for name, (kind, octets) in self._entries.items():
                if name not in unpacked:
                    packed = compressor.pack(octets)
                    index[name] = kind, len(content), len(packed), len(octets)
                    content += packed
        head = marshal.dumps((path, dictionary_bytes, index))
        file.write_bytes(len(head).to_bytes(HEAD_BYTES, "little") + head + content)
