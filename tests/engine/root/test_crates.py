"""The licences of crates: of a program that is made of crates on this disk alone."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.root.crates import build_metadata, licence_of_standard_library, licences_of_crates
from engine.root.errors import MissingPart

if TYPE_CHECKING:
    from pathlib import Path

MIT = 'license = "MIT"'

pytestmark = pytest.mark.skipif(shutil.which("cargo") is None, reason="Rust is not installed")


def write_crate(folder: Path, licence: str = MIT, dependencies: str = "", **texts: str) -> None:
    """A library crate by the folder's name; the texts are files of it, `__` being a slash and `_` a dot."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").touch()
    manifest = f'[package]\nname = "{folder.name}"\nversion = "1.2.3"\nedition = "2021"\n{licence}\n{dependencies}\n'
    (folder / "Cargo.toml").write_text(manifest)
    for name, text in texts.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def licences(program: Path) -> str:
    """The text for a crate whose lock file is made first."""
    manifest = f"--manifest-path={program / 'Cargo.toml'}"
    subprocess.run(["cargo", "generate-lockfile", "--offline", "--quiet", manifest], check=True)
    return licences_of_crates(build_metadata(program))


def test_crates_that_end_in_the_program_are_named_and_no_others(tmp_path: Path) -> None:
    kinds = ("dependencies", "dev-dependencies", "build-dependencies", 'target."cfg(windows)".dependencies')
    for name in ("below", "tests", "builds", "elsewhere"):
        write_crate(tmp_path / name)
    write_crate(tmp_path / "linked", dependencies='[dependencies]\nbelow = { path = "../below" }')
    names = ("linked", "tests", "builds", "elsewhere")
    tables = [f'[{kind}]\n{name} = {{ path = "../{name}" }}' for kind, name in zip(kinds, names, strict=True)]
    write_crate(tmp_path / "program", dependencies="\n".join(tables))
    (tmp_path / "program/build.rs").write_text("fn main() {}")
    text = licences(tmp_path / "program")
    assert [line for line in text.splitlines() if ": " in line] == ["below 1.2.3: MIT", "linked 1.2.3: MIT"]


def test_text_that_crates_share_stands_once_below_their_names(tmp_path: Path) -> None:
    write_crate(tmp_path / "one", LICENSE="Do as you like.\n")
    write_crate(tmp_path / "two", LICENCE_txt="Do as you like.\n", NOTICE="Made by two.")
    both = 'one = { path = "../one" }\ntwo = { path = "../two" }'
    write_crate(tmp_path / "program", dependencies=f"[dependencies]\n{both}")
    text = licences(tmp_path / "program")
    rule = "=" * 80
    assert text.split("\n\n") == [
        f"{rule}\none 1.2.3: MIT\ntwo 1.2.3: MIT\n{rule}\nDo as you like.",
        f"{rule}\ntwo 1.2.3: MIT\n{rule}\nMade by two.",
    ]


def test_licences_of_code_that_a_crate_carries_are_in_and_no_code_is(tmp_path: Path) -> None:
    write_crate(tmp_path / "carries", libjpeg__LICENSE_md="Of the C library.", src__licence_rs="fn licence() {}")
    write_crate(tmp_path / "program", dependencies='[dependencies]\ncarries = { path = "../carries" }')
    text = licences(tmp_path / "program")
    assert "Of the C library." in text
    assert "fn licence" not in text


def test_file_that_a_manifest_names_is_licence_enough(tmp_path: Path) -> None:
    write_crate(tmp_path / "own", licence='license-file = "LICENSE"', LICENSE="Ours.")
    write_crate(tmp_path / "program", dependencies='[dependencies]\nown = { path = "../own" }')
    assert "Ours." in licences(tmp_path / "program")


def test_crate_without_any_licence_is_named(tmp_path: Path) -> None:
    write_crate(tmp_path / "secret", licence="")
    write_crate(tmp_path / "program", dependencies='[dependencies]\nsecret = { path = "../secret" }')
    with pytest.raises(MissingPart, match=r"secret 1\.2\.3: .*nothing says under which licence"):
        licences(tmp_path / "program")


def test_what_cargo_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    write_crate(tmp_path / "program")
    with pytest.raises(MissingPart, match=r"cargo fails: (?s:.*)--locked"):
        build_metadata(tmp_path / "program")


def test_licence_of_the_standard_library_comes_with_the_toolchain() -> None:
    assert "Copyright notices for The Rust Standard Library" in licence_of_standard_library().read_text()


def test_toolchain_without_that_licence_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rustc").write_text(f"#!/bin/sh\necho {tmp_path}\n")
    (tmp_path / "rustc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPart, match=f"{tmp_path}/.*COPYRIGHT-library.html is not there"):
        licence_of_standard_library()
