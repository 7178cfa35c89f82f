"""Modules: what a program imports -> all Python modules that it can come to import, and where they lie.

Import statements are followed wherever they stand, in functions too; not those for type checkers alone. What C code
imports is seen by importing it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.root.errors import MissingPart

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_LOADERS = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, [".py"]))
_TYPES_ONLY = {"TYPE_CHECKING", "t.TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"}
_PRINT_MODULES = "import sys; sys.path[:0] = sys.argv[1].split(':'); import {}; print(*sys.modules)"


class Module(NamedTuple):
    """A module that is in no interpreter, by the file that it is read from."""

    name: str
    file: Path | None
    """None for a package that is nothing but folders."""
    folders: tuple[str, ...]
    """Where its modules lie; none, unless it is a package."""

    @property
    def is_extension(self) -> bool:
        """Whether it is a shared library."""
        return self.file is not None and self.file.suffix == ".so"


class Import(NamedTuple):
    """A name in an import statement."""

    name: str
    is_certain: bool = True
    """Whether it is a module; in `from a import b`, b may be something else in a."""


class Modules:
    """The modules below some folders, of which some have been asked for."""

    def __init__(self, folders: Sequence[Path], left_out: Collection[str]) -> None:
        self.found: dict[str, Module] = {}
        self._folders = [str(folder) for folder in folders]
        self._left_out = frozenset(left_out)
        self._finders: dict[str, FileFinder] = {}
        self._known: dict[str, Module | None] = {}

    def add(self, name: str) -> None:
        """Adds a module and all that it can come to import. Raises MissingPart where it is not there."""
        if not self._add(name):
            raise MissingPart(f"the module {name} is in none of the folders {', '.join(self._folders)}")

    def add_imports_of_extensions(self) -> None:
        """Adds what the extension modules import that are there so far."""
        extensions = sorted(name for name, module in self.found.items() if module.is_extension)
        command = [sys.executable, "-I", "-c", _PRINT_MODULES.format(", ".join(extensions)), ":".join(self._folders)]
        loaded = subprocess.run(command, capture_output=True, text=True, check=False)
        if loaded.returncode:
            raise MissingPart(f"the extension modules cannot be imported: {loaded.stderr}")
        for name in loaded.stdout.split():
            self._add(name)

    def check_imports_of(self, names: Iterable[str]) -> None:
        """Raises MissingPart where a module, in a function perhaps, imports what is not there or is left out."""
        for name in names:
            for imported in _imports(self.found[name]):
                if not imported.is_certain or imported.name in sys.builtin_module_names or imported.name in self.found:
                    continue
                raise MissingPart(f"{name} imports {imported.name}, which is not there or is left out")

    def _add(self, name: str) -> bool:
        """Whether there is such a module; the interpreter has some built in."""
        waiting = [name]
        while waiting:
            one = waiting.pop()
            module = self._find(one)
            if one not in self.found and module is not None:
                self.found[one] = module
                waiting += (parent for parent in (one.rpartition(".")[0],) if parent)
                waiting += (each.name for each in _imports(module))
        return name in sys.builtin_module_names or name in self.found

    def _find(self, name: str) -> Module | None:
        if name not in self._known:
            self._known[name] = None if name in self._left_out else self._look_up(name)
        return self._known[name]

    def _look_up(self, name: str) -> Module | None:
        parent = name.rpartition(".")[0]
        package = self._find(parent) if parent else None
        parts: list[str] = []
        for folder in package.folders if package else () if parent else self._folders:
            finder = self._finders.setdefault(folder, FileFinder(folder, *_LOADERS))
            spec = finder.find_spec(name)
            if spec is not None and spec.origin is not None:
                return Module(name, Path(spec.origin), tuple(spec.submodule_search_locations or ()))
            parts += (spec.submodule_search_locations or ()) if spec else ()
        return Module(name, None, tuple(parts)) if parts else None


def _imports(module: Module) -> Iterator[Import]:
    """What its import statements name."""
    if module.file is None or module.is_extension:
        return
    package = module.name if module.folders else module.name.rpartition(".")[0]
    waiting: list[ast.AST] = [ast.parse(module.file.read_bytes())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in _TYPES_ONLY:
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (Import(each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield Import(base)
            yield from (Import(f"{base}.{each.name}", is_certain=False) for each in node.names)
