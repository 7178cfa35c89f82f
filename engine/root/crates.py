"""Crates: a Rust program -> what cargo builds it from, and the texts under which that may be passed on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from engine.root.errors import MissingPart
from engine.root.licences import names_licence

_RULE = "=" * 80
_CODE = {".c", ".h", ".rs"}
_STANDARD_LIBRARY = "share/doc/rust/COPYRIGHT-library.html"
"""Below the folder of the toolchain; https://rust-lang.org has it made for what every program contains."""


def build_metadata(folder: Path) -> dict[str, Any]:
    """What cargo knows of the crate in a folder and of its dependencies on this system."""
    host = _print("rustc", "--print", "host-tuple")
    manifest = str(folder / "Cargo.toml")
    command = ("cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={host}")
    metadata: dict[str, Any] = json.loads(_print(*command, f"--manifest-path={manifest}"))
    return metadata


def licences_of_crates(metadata: dict[str, Any]) -> str:
    """One text: of each licence the crates that come under it, then itself. Raises MissingPart for a crate without."""
    texts: dict[str, list[str]] = {}
    for crate in _linked_crates(metadata):
        name = f"{crate['name']} {crate['version']}: {crate['license']}"
        if not crate["license"] and not crate["license_file"]:
            raise MissingPart(f"{name}: nothing says under which licence it may be passed on")
        folder = Path(crate["manifest_path"]).parent
        found = [path for path in sorted(folder.rglob("*")) if names_licence(path.name) and path.suffix not in _CODE]
        contents = [path.read_text(errors="replace").strip() for path in found if path.is_file()]
        # Some name a well-known licence, whose text is among those of other crates, and do not repeat it.
        for content in contents or [""]:
            texts.setdefault(content, []).append(name)
    return "\n\n".join("\n".join((_RULE, *names, _RULE, text)) for text, names in texts.items())


def licence_of_standard_library() -> Path:
    """Raises MissingPart where the toolchain comes without."""
    text = Path(_print("rustc", "--print", "sysroot")) / _STANDARD_LIBRARY
    if not text.exists():
        raise MissingPart(f"the licence {text} is not there")
    return text


def _linked_crates(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """The packages that end in the program, without those for its build and its tests alone, by name."""
    crates = {crate["id"]: crate for crate in metadata["packages"]}
    needed = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
    own = metadata["resolve"]["root"]
    linked: set[str] = set()
    waiting = [own]
    while waiting:
        crate = waiting.pop()
        if crate not in linked:
            linked.add(crate)
            # A dependency of no kind is a normal one.
            waiting += (each["pkg"] for each in needed[crate] if any(how["kind"] is None for how in each["dep_kinds"]))
    return sorted((crates[each] for each in linked - {own}), key=lambda crate: (crate["name"], crate["version"]))


def _print(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise MissingPart(f"{command[0]} fails: {ended.stderr}")
    return ended.stdout.strip()
