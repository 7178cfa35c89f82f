"""Modules out of the one file that engine/root/store.py writes; Python imports this before any program.

A module of its own costs half a dozen calls of the system to find, open, measure and read, and under gVisor each of
them takes many times as long as elsewhere. From the store it is one. So this imports nothing that is not there anyway.
What comes after the start is packed, shared libraries too.
"""

import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

_HEAD_BYTES = 8


class ModuleStore:
    """Finds and loads as importlib.abc's MetaPathFinder and InspectLoader say."""

    def __init__(self, file: str) -> None:
        self._folder = file.rpartition("/")[0]
        self._file = posix.open(file, posix.O_RDONLY | posix.O_CLOEXEC)
        head_bytes = int.from_bytes(posix.pread(self._file, _HEAD_BYTES, 0), "little")
        self._start = _HEAD_BYTES + head_bytes
        head = marshal.loads(posix.pread(self._file, head_bytes, _HEAD_BYTES))  # noqa: S302 - the image's own
        self._library, self._dictionary_bytes, self._index = head
        self._unpacker: _Unpacker | None = None
        self._keeps_unpacker = True

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Where a module lies; None for one that is not in the store."""
        if name not in self._index:
            return None
        kind = self._index[name][0]
        place = f"{self._folder}/{name.replace('.', '/')}"
        if kind == "module":
            spec = ModuleSpec(name, self, origin=f"{place}.pyc")  # type: ignore[arg-type]  # no base class, as it says
        elif kind == "package":
            spec = ModuleSpec(name, self, origin=f"{place}/__init__.pyc", is_package=True)  # type: ignore[arg-type]
        elif kind == "folder":
            spec = ModuleSpec(name, None, is_package=True)
        else:
            spec = ModuleSpec(name, _Extension(name, self), origin=f"{place}.so")
        if spec.submodule_search_locations is not None:
            # What is not in the store lies where it always does.
            spec.submodule_search_locations.append(place)
        spec.has_location = spec.origin is not None
        return spec

    def invalidate_caches(self) -> None:
        """Gives back what is kept to unpack with, and keeps it no more; importlib.invalidate_caches calls it."""
        self._unpacker, self._keeps_unpacker = None, False

    def create_module(self, _spec: ModuleSpec) -> "ModuleType | None":
        """Leaves it to Python."""
        return None

    def exec_module(self, module: "ModuleType") -> None:
        """Runs a module's code."""
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 - what an import is

    def get_code(self, name: str) -> "CodeType":
        """A module's code."""
        code: CodeType = marshal.loads(self.read(name))  # noqa: S302 - as above
        return code

    def get_source(self, _name: str) -> str | None:
        """There is none."""
        return None

    def is_package(self, name: str) -> bool:
        """Whether a module of the store is a package."""
        return self._index[name][0] in {"package", "folder"}

    def read(self, name: str) -> bytes:
        """What a module consists of."""
        _, place, size_bytes, unpacked_bytes = self._index[name]
        octets = posix.pread(self._file, size_bytes, self._start + place)
        if place < self._dictionary_bytes or not unpacked_bytes:
            return octets
        unpacker = self._unpacker
        if unpacker is None:
            dictionary = posix.pread(self._file, self._dictionary_bytes, self._start)
            unpacker = _Unpacker(f"{self._folder}/{self._library}", dictionary)
            if self._keeps_unpacker:
                self._unpacker = unpacker
        return unpacker.unpack(octets, unpacked_bytes)


class _Unpacker:
    """Zstandard, by its library."""

    def __init__(self, library: str, dictionary: bytes) -> None:
        import ctypes

        self._ctypes = ctypes
        self._zstd = ctypes.CDLL(library)
        self._zstd.ZSTD_createDCtx.restype = ctypes.c_void_p
        self._zstd.ZSTD_decompress_usingDict.restype = ctypes.c_size_t
        self._dictionary = dictionary

    def unpack(self, octets: bytes, size_bytes: int) -> bytes:
        """The octets that were packed, so many."""
        size, unpacked = self._ctypes.c_size_t, self._ctypes.create_string_buffer(size_bytes)
        # One for each call, since threads import at the same time.
        context = self._ctypes.c_void_p(self._zstd.ZSTD_createDCtx())
        written_bytes = self._zstd.ZSTD_decompress_usingDict(
            context,
            *(unpacked, size(size_bytes)),
            *(octets, size(len(octets))),
            *(self._dictionary, size(len(self._dictionary))),
        )
        self._zstd.ZSTD_freeDCtx(context)
        if written_bytes != size_bytes:
            raise ImportError(f"the store of modules is damaged: {written_bytes} bytes in place of {size_bytes}")
        return unpacked.raw


class _Extension(ExtensionFileLoader):
    """Loads an extension module from memory, as a file that is nowhere; without /proc from one that is gone again."""

    def __init__(self, name: str, store: ModuleStore) -> None:
        super().__init__(name, "")
        self._store = store

    def create_module(self, spec: ModuleSpec) -> "ModuleType":
        """Loads the shared library."""
        origin = spec.origin
        in_memory = posix.access("/proc/self/fd", posix.X_OK)
        if in_memory:
            # Left open: the loader of libraries takes one of the same path for the same library.
            file = posix.memfd_create(spec.name)
            place = f"/proc/self/fd/{file}"
        else:
            place = f"/tmp/{spec.name}-{posix.getpid()}.so"  # noqa: S108 - the image's own
            file = posix.open(place, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o700)
        try:
            library = memoryview(self._store.read(spec.name))
            while library:
                library = library[posix.write(file, library) :]
            spec.origin = place
            return super().create_module(spec)
        finally:
            spec.origin = origin
            if not in_memory:
                posix.close(file)
                posix.unlink(place)


sys.meta_path.insert(0, ModuleStore(f"{__file__.rpartition('/')[0]}/modules"))
