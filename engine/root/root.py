"""Root: the parts of a server's image -> a file system that a container can have as its own.

What every server's has: /etc/passwd and /etc/group with the user that it runs as, /tmp/, in /usr/lib/ the shared
libraries of this system that its programs need, with ld.so's cache, and in /usr/share/doc/ their licences, by gzip.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from engine.root.elf import copy_loaded, is_elf
from engine.root.errors import MissingPart
from engine.root.libraries import needed_libraries
from engine.root.licences import licences_of_system
from engine.root.placeholders import ask_libc, is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LIBRARY = "/usr/lib"
_ACCOUNTS = {
    "/etc/passwd": "root:x:0:0:root:/:/bin/false\nnonroot:x:65532:65532:nonroot:/tmp:/bin/false\n",
    "/etc/group": "root:x:0:\nnonroot:x:65532:\n",
}


class Root:
    """A folder that becomes the root of an image."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder. Raises FileExistsError where it is there already."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._binaries: list[Path] = []
        self._copies: list[Path] = []

    def place(self, path: str) -> Path:
        """Where a path of the image is while it is made, in a folder that is there."""
        place = self._folder / path.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def put(self, source: Path, path: str) -> None:
        """Puts a file in; of a program or library what is loaded. Raises MissingPart where it is not there."""
        if not source.is_file():
            raise MissingPart(f"{path} is to come from {source}, which is not there")
        target = self.place(path)
        if is_elf(source):
            copy_loaded(source, target)
            target.chmod(0o755)
            self._binaries.append(source)
            self._copies.append(target)
        else:
            shutil.copyfile(source, target)

    def put_text(self, source: Path, path: str) -> None:
        """Puts a text in: compressed, or of metadata what Python reads, which ends where the description begins."""
        if source.name == "METADATA":
            self.place(path).write_bytes(source.read_bytes().partition(b"\n\n")[0] + b"\n")
        else:
            self.put_compressed(source.read_bytes(), path)

    def put_compressed(self, text: bytes, path: str) -> None:
        """Puts a text in by gzip."""
        self.place(f"{path}.gz").write_bytes(gzip.compress(text, mtime=0))

    def put_needed_libraries(self, packages: Path, packages_path: str) -> list[Path]:
        """Puts in what all programs and libraries need that are in, and gives the system's files among it.

        What lies in `packages` comes to lie in `packages_path`.
        """
        system: list[Path] = []
        placeholders: set[str] = set()
        for name, source in needed_libraries(self._binaries).items():
            inside = source.resolve()
            if is_placeholder(source):
                placeholders.add(name)
            elif inside.is_relative_to(packages):
                self.put(source, f"{packages_path}/{inside.relative_to(packages)}")
            else:
                # ld.so itself is asked for by its full path.
                self.put(source, name if name.startswith("/") else f"{_LIBRARY}/{name}")
                system.append(source)
        for copy in self._copies:
            ask_libc(copy, placeholders)
        self.place("/etc/ld.so.cache")
        subprocess.run(["ldconfig", "-X", "-r", self._folder, "-f", "/dev/null"], check=True)
        return system

    def put_licences_of_system(self, files: Iterable[Path]) -> None:
        """Puts in the licences of the system's files. Raises MissingPart."""
        for text in licences_of_system(files):
            self.put_text(text, str(text))

    def put_system(self) -> None:
        """Puts in what a container's system must have, whatever runs in it."""
        for path, text in _ACCOUNTS.items():
            self.place(path).write_text(text)
        temporary = self.place("/tmp")  # noqa: S108 - where large forms are kept
        temporary.mkdir()
        for folder in (self._folder, *self._folder.rglob("*")):
            if not folder.is_symlink():
                folder.chmod(0o755 if folder.is_dir() or folder.stat().st_mode & 0o100 else 0o644)
        temporary.chmod(0o1777)

    def run(self, program: str, *arguments: str) -> str:
        """What a program prints in it. Raises MissingPart with what it says where that fails, PermissionError."""
        command = ["chroot", str(self._folder), program, *arguments]
        ended = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise MissingPart(f"the root does not do without it: {ended.stderr}")
        return ended.stdout
