"""Python's root: an interpreter, the modules a server can come to import, their libraries -> the root of its image.

/usr/bin/python3                  the interpreter of this system
/usr/lib/python3.11/              all modules in one folder, the standard library's, the packages' and firstserve:
                                  bytecode in the file `modules`, extension modules, the libraries that packages bring,
                                  the packages' licences in their *.dist-info
/app/main.py                      the server, which is /usr/bin/tensorflow_model_server as well
"""

from __future__ import annotations

import py_compile
import subprocess
import sys
import sysconfig
from importlib.util import decode_source
from pathlib import Path
from typing import TYPE_CHECKING

from engine.root.contents import FIRST_ANSWER, LEFT_OUT, NAMED
from engine.root.licences import licences_of_packages
from engine.root.modules import Modules
from engine.root.root import Root
from engine.root.store import Store
from engine.root.zstandard import find_library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.root.modules import Module

_PYTHON = "/usr/bin/python3"
_TREE = f"/usr/lib/python{sys.version_info.major}.{sys.version_info.minor}"
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


class PythonRoot(Root):
    """The root of a server in Python."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder. Raises FileExistsError where it is there already."""
        super().__init__(folder)
        self._store = Store()
        self._early = _modules_at_start()
        self._extensions: dict[str, Path] = {}

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
        needed = frozenset(self.run(_PYTHON, "-P", "-c", script).split())
        for name, library in self._extensions.items():
            content = library.read_bytes()
            # The libraries of packages lie beside them, and are found from where they are.
            if name not in needed and len(content) >= _PACKED_BYTES and b"$ORIGIN" not in content:
                self._store.add_extension(name, content)
                library.unlink()
        library = find_library(packages)
        self._store.write_packed(self.place(_STORE), needed, library, str(library.relative_to(packages)))


def make_python_root(folder: Path, application: Path, packages: Path, libraries: Sequence[str]) -> None:
    """Makes the root of a server in Python. Raises MissingPart for what is nowhere."""
    standard = Path(sysconfig.get_path("stdlib"))
    modules = Modules([_STAND_INS, application, packages, standard, standard / "lib-dynload"], LEFT_OUT)
    found = [_module_name(file.relative_to(application)) for file in application.glob("firstserve/**/*.py")]
    own = sorted(name for name in found if not any(f"{name}.".startswith(f"{each}.") for each in LEFT_OUT))
    for name in (*NAMED, *own):
        modules.add(name)
    modules.add_imports_of_extensions()
    modules.check_imports_of(own)

    root = PythonRoot(folder)
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
    root.put_licences_of_system([interpreter, *root.put_needed_libraries(packages, _TREE)])
    main = root.place("/app/main.py")
    main.write_text((application / "main.py").read_text().replace("#!/usr/bin/env python3", f"#!{_PYTHON}"))
    main.chmod(0o755)
    root.place("/usr/bin/tensorflow_model_server").symlink_to("/app/main.py")
    root.put_system()
    root.pack(packages)
    root.run(_PYTHON, "-c", f"import {', '.join(name for name in own if not name.endswith('__main__'))}")
    root.run(_PYTHON, "/app/main.py", "--help")


def _modules_at_start() -> frozenset[str]:
    """What Python imports before it can be told to look into a file of ours, and what it looks for to know its home."""
    started = subprocess.run([sys.executable, "-I", "-c", _PRINT_MODULES], capture_output=True, text=True, check=True)
    return frozenset(("os", *started.stdout.split()))


def _module_name(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")
