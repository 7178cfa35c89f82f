"""Root: the parts of a server's image -> a file system that a container can have as its own.

/usr/bin/python3                  the interpreter of this system
/usr/lib/python3.11/              all modules in one folder, the standard library's, the packages' and firstserve:
                                  bytecode in the file `modules`, extension modules, the libraries that packages bring
/usr/lib/                         the shared libraries of this system that any of those needs, and ld.so's cache
/usr/share/doc/                   their licences, by gzip; those of packages are in their *.dist-info
/app/main.py                      the server, which is /usr/bin/tensorflow_model_server as well
/etc/passwd, /etc/group, /tmp/
"""

from __future__ import annotations

import gzip
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import decode_source
from pathlib import Path
from typing import TYPE_CHECKING

from engine.root.contents import FIRST_ANSWER, LEFT_OUT, NAMED
from engine.root.elf import copy_loaded, is_elf
from engine.root.errors import MissingPart
from engine.root.libraries import needed_libraries
from engine.root.licences import licences_of_packages, licences_of_system
from engine.root.modules import Modules
from engine.root.store import Store
from engine.root.zstandard import find_library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.root.modules import Module

_PYTHON = "/usr/bin/python3"
_LIBRARY = "/usr/lib"
_TREE = f"{_LIBRARY}/python{sys.version_info.major}.{sys.version_info.minor}"
_STORE = f"{_TREE}/modules"
_INSIDE = Path(__file__).with_name("inside")
"""Modules that are run in the image alone."""
_STAND_INS = Path(__file__).with_name("stand_ins")
"""Modules that take the place of the standard library's."""
_PACKED_BYTES = 64 * 1024
"""Extension modules from this size on are packed, unless they are needed at once."""
_OPTIMIZE = 2
"""As -OO: without documentation, which is a fifth of it, and assertions."""
_SOURCES = {".py", ".pyi", ".pyc", ".proto", ".typed"}
_PRINT_MODULES = """
import sys
for name, module in list(sys.modules.items()):
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.origin not in {"built-in", "frozen"}:
        print(name)
"""
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
        self._store = Store()
        self._early = _modules_at_start()
        self._extensions: dict[str, Path] = {}

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
        else:
            shutil.copyfile(source, target)

    def put_text(self, source: Path, path: str) -> None:
        """Puts a text in: compressed, or of metadata what Python reads, which ends where the description begins."""
        if source.name == "METADATA":
            self.place(path).write_bytes(source.read_bytes().partition(b"\n\n")[0] + b"\n")
        else:
            self.place(f"{path}.gz").write_bytes(gzip.compress(source.read_bytes(), mtime=0))

    def put_module(self, module: Module) -> None:
        """Puts a module in: an extension as it is; source as bytecode, in the store or, if it is early, in a file."""
        is_package = bool(module.folders)
        if module.file is None:
            self._store.add_folder(module.name)
            return
        folders = module.name.split(".")[: None if is_package else -1]
        path = "/".join((_TREE, *folders, module.file.name))
        if module.is_extension:
            self.put(module.file, path)
            self._extensions[module.name] = self.place(path)
        elif module.name in self._early:
            self.put_bytecode(module.file, path)
        else:
            source = decode_source(module.file.read_bytes())
            code = compile(source, path, "exec", dont_inherit=True, optimize=_OPTIMIZE)
            self._store.add(module.name, code, is_package=is_package)

    def put_bytecode(self, source: Path, path: str) -> None:
        """Puts the bytecode of a source in, where Python finds it without the source."""
        py_compile.compile(
            str(source),
            str(self.place(f"{path}c")),
            path,
            doraise=True,
            optimize=_OPTIMIZE,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )

    def put_store(self) -> None:
        """Puts in what all modules lie in that are no files, and what imports them from there."""
        self._store.write(self.place(_STORE))
        self.put_bytecode(_INSIDE / "sitecustomize.py", f"{_TREE}/sitecustomize.py")

    def pack(self, packages: Path) -> None:
        """Packs all modules that the first answer does not need, half of which few servers come to need."""
        script = f"import {', '.join(FIRST_ANSWER)}\n{_PRINT_MODULES}"
        needed = frozenset(self.run("-P", "-c", script).split())
        for name, library in self._extensions.items():
            content = library.read_bytes()
            # The libraries of packages lie beside them, and are found from where they are.
            if name not in needed and len(content) >= _PACKED_BYTES and b"$ORIGIN" not in content:
                self._store.add_extension(name, content)
                library.unlink()
        library = find_library(packages)
        self._store.write_packed(self.place(_STORE), needed, library, str(library.relative_to(packages)))

    def put_needed_libraries(self, packages: Path) -> list[Path]:
        """Puts in what all programs and libraries need that are in, and gives the system's files among it."""
        system: list[Path] = []
        for name, source in needed_libraries(self._binaries).items():
            inside = source.resolve()
            if inside.is_relative_to(packages):
                self.put(source, f"{_TREE}/{inside.relative_to(packages)}")
            else:
                # ld.so itself is asked for by its full path.
                self.put(source, name if name.startswith("/") else f"{_LIBRARY}/{name}")
                system.append(source)
        self.place("/etc/ld.so.cache")
        subprocess.run(["ldconfig", "-X", "-r", self._folder, "-f", "/dev/null"], check=True)
        return system

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

    def run(self, *arguments: str) -> str:
        """What its interpreter prints in it. Raises MissingPart with what it says where that fails, PermissionError."""
        command = ["chroot", str(self._folder), _PYTHON, *arguments]
        ended = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise MissingPart(f"the root does not do without it: {ended.stderr}")
        return ended.stdout


def make_root(folder: Path, application: Path, packages: Path, libraries: Sequence[str]) -> None:
    """Makes the root of a server. Raises MissingPart for what is nowhere."""
    standard = Path(sysconfig.get_path("stdlib"))
    modules = Modules([_STAND_INS, application, packages, standard, standard / "lib-dynload"], LEFT_OUT)
    own = sorted(_module_name(file.relative_to(application)) for file in application.glob("firstserve/**/*.py"))
    for name in (*NAMED, *own):
        modules.add(name)
    modules.add_imports_of_extensions()
    modules.check_imports_of(own)

    root = Root(folder)
    interpreter = Path(sys.executable).resolve()
    root.put(interpreter, _PYTHON)
    # Python takes a folder of this name for a sign that it is complete.
    root.place(f"{_TREE}/lib-dynload").mkdir()
    for module in modules.found.values():
        root.put_module(module)
    root.put_store()
    for file in application.glob("firstserve/**/*.*"):
        if file.suffix not in _SOURCES:
            root.put(file, f"{_TREE}/{file.relative_to(application)}")
    for library in libraries:
        root.put(packages / library, f"{_TREE}/{library}")
    for text in licences_of_packages(packages):
        root.put_text(text, f"{_TREE}/{text.relative_to(packages)}")
    system = root.put_needed_libraries(packages)
    for text in licences_of_system([interpreter, *system]):
        root.put_text(text, str(text))
    main = root.place("/app/main.py")
    main.write_text((application / "main.py").read_text().replace("#!/usr/bin/env python3", f"#!{_PYTHON}"))
    main.chmod(0o755)
    root.place("/usr/bin/tensorflow_model_server").symlink_to("/app/main.py")
    root.put_system()
    root.pack(packages)
    root.run("-c", f"import {', '.join(name for name in own if not name.endswith('__main__'))}")
    root.run("/app/main.py", "--help")


def _modules_at_start() -> frozenset[str]:
    """What Python imports before it can be told to look into a file of ours, and what it looks for to know its home."""
    started = subprocess.run([sys.executable, "-I", "-c", _PRINT_MODULES], capture_output=True, text=True, check=True)
    return frozenset(("os", *started.stdout.split()))


def _module_name(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")
