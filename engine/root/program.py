"""A program's root: a server in Rust, as cargo has built it, and its libraries -> the root of its image.

/usr/bin/server_rust_fastest      the program, by its crate's name; /usr/bin/tensorflow_model_server as well
/usr/lib/libLiteRt.so             and other libraries of Python packages that it opens
/usr/share/doc/                   licences: of crates in one text, of packages, of this system's libraries
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.root.crates import build_metadata, licence_of_standard_library, licences_of_crates
from engine.root.licences import licences_of_packages
from engine.root.root import Root

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIBRARY = "/usr/lib"
_DOCUMENTS = "/usr/share/doc"


def make_program_root(folder: Path, crate: Path, packages: Path, libraries: Sequence[str]) -> None:
    """Makes the root of a server in Rust, which is built for release. Raises MissingPart for what is nowhere."""
    metadata = build_metadata(crate)
    name = crate.name
    program = f"/usr/bin/{name}"

    root = Root(folder)
    root.put(Path(metadata["target_directory"]) / "release" / name, program)
    for library in libraries:
        root.put(packages / library, f"{_LIBRARY}/{Path(library).name}")
    for text in licences_of_packages(packages):
        root.put_text(text, f"{_DOCUMENTS}/{text.relative_to(packages)}")
    root.put_compressed(licences_of_crates(metadata).encode(), f"{_DOCUMENTS}/{name}/crates")
    standard_library = licence_of_standard_library()
    root.put_text(standard_library, f"{_DOCUMENTS}/{name}/{standard_library.name}")
    root.put_licences_of_system(root.put_needed_libraries(packages, _LIBRARY))
    root.place("/usr/bin/tensorflow_model_server").symlink_to(name)
    root.put_system()
    root.run(program, "--version")
