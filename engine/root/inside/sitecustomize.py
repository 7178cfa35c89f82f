"""Modules out of the one file that engine/root/store.py writes; Python imports this before any program.

A module of its own costs half a dozen calls of the system to find, open, measure and read, and under gVisor each of
them takes many times as long as elsewhere. From the store it is one. So this imports nothing that is not there anyway.
"""

import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

_HEAD_BYTES = 8


class ModuleStore:
    """Finds and loads as importlib.abc's MetaPathFinder and InspectLoader say."""

    def __init__(self, file: str) -> None:
        self._folder = file.rpartition("/")[0]
        self._file = posix.open(file, posix.O_RDONLY | posix.O_CLOEXEC)
        index_bytes = int.from_bytes(posix.pread(self._file, _HEAD_BYTES, 0), "little")
        self._start = _HEAD_BYTES + index_bytes
        self._index = marshal.loads(posix.pread(self._file, index_bytes, _HEAD_BYTES))  # noqa: S302 - the image's own

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Where a module lies; None for one that is not in the store."""
        entry = self._index.get(name)
        if entry is None:
            return None
        is_package, _, size_bytes = entry
        place = f"{self._folder}/{name.replace('.', '/')}"
        if not is_package:
            spec = ModuleSpec(name, self, origin=f"{place}.pyc")  # type: ignore[arg-type]  # no base class, as it says
        elif size_bytes:
            spec = ModuleSpec(name, self, origin=f"{place}/__init__.pyc", is_package=True)  # type: ignore[arg-type]
        else:
            # A package that is a folder and nothing else.
            spec = ModuleSpec(name, None, is_package=True)
        if spec.submodule_search_locations is not None:
            # Extension modules and other files lie where they always do.
            spec.submodule_search_locations.append(place)
        spec.has_location = spec.origin is not None
        return spec

    def create_module(self, _spec: ModuleSpec) -> "ModuleType | None":
        """Leaves it to Python."""
        return None

    def exec_module(self, module: "ModuleType") -> None:
        """Runs a module's code."""
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 - what an import is

    def get_code(self, name: str) -> "CodeType":
        """A module's code."""
        _, offset, size_bytes = self._index[name]
        code: CodeType = marshal.loads(posix.pread(self._file, size_bytes, self._start + offset))  # noqa: S302 - as above
        return code

    def get_source(self, _name: str) -> str | None:
        """There is none."""
        return None

    def is_package(self, name: str) -> bool:
        """Whether a module of the store is a package."""
        return bool(self._index[name][0])


sys.meta_path.insert(0, ModuleStore(f"{__file__.rpartition('/')[0]}/modules"))
