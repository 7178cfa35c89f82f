"""Licences: a file of the system or of a package -> the texts under which it may be passed on."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from engine.root.errors import MissingPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DOCUMENTS = Path("/usr/share/doc")
_COMMON = Path("/usr/share/common-licenses")
"""Texts that Debian's copyright files name in place of repeating them."""
_NAME = re.compile(r"licen[cs]e|notice|copying|copyright|authors", re.IGNORECASE)


def licences_of_system(files: Iterable[Path]) -> Iterator[Path]:
    """The copyright files of the Debian packages that files are from, and what these refer to.

    Raises MissingPart for a file that is from no package, unless it is Python's, whose licence takes its place.
    """
    python = Path(sysconfig.get_path("stdlib"))
    texts = []
    for file in files:
        package = _package(file)
        if package is not None:
            texts.append(_DOCUMENTS / package / "copyright")
        elif _is_beside(file, python):
            texts.append(python / "LICENSE.txt")
        else:
            raise MissingPart(f"{file} is from no Debian package: nothing says under which licence it may be passed on")
    common: set[Path] = set()
    for text in dict.fromkeys(texts):
        if not text.exists():
            raise MissingPart(f"the licence {text} is not there")
        yield text
        named = re.findall(rf"{_COMMON}/([\w.+-]*\w)", text.read_text(errors="replace"))
        common.update(_COMMON / name for name in named)
    yield from sorted(path for path in common if path.exists())


def licences_of_packages(packages: Path) -> Iterator[Path]:
    """The metadata and licences that pip has installed with each package. Raises MissingPart."""
    for folder in sorted(packages.glob("*.dist-info")):
        metadata = folder / "METADATA"
        if not metadata.exists():
            raise MissingPart(f"{metadata} is not there")
        yield metadata
        inside = [path for path in folder.rglob("*") if names_licence(str(path.relative_to(folder)))]
        yield from (path for path in sorted(inside) if path.is_file())
    yield from sorted(path for path in packages.glob("*/*.txt") if names_licence(path.name))


def names_licence(path: str) -> bool:
    """Whether a file of this name holds a licence or what belongs to one."""
    return _NAME.search(path) is not None


def _package(file: Path) -> str | None:
    # Debian has moved / into /usr, and its package manager knows some files by their places before.
    real = file.resolve()
    for path in (file, real, Path(f"/{real.relative_to('/usr')}") if real.is_relative_to("/usr") else real):
        owner = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False).stdout
        if owner:
            return owner.partition(":")[0]
    return None


def _is_beside(file: Path, python: Path) -> bool:
    """Whether a file is of an installation of Python outside the package manager, such as /usr/local."""
    return file.resolve().is_relative_to(python.parents[1])
