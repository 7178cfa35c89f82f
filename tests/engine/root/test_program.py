"""The root of a program in Rust: of a small one that loads a small library, as the server loads LiteRT's."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.root.errors import MissingPart
from engine.root.program import make_program_root

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = "answers/libanswer.so"
MAIN = """
use std::ffi::{c_char, c_int, c_void};

extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

fn main() {
    let library = unsafe { dlopen(c"libanswer.so".as_ptr(), 2) };
    assert!(!library.is_null(), "there is no libanswer.so");
    let answer: extern "C" fn() -> c_int = unsafe { std::mem::transmute(dlsym(library, c"answer".as_ptr())) };
    println!("{} says {}", std::env::args().next().unwrap(), answer());
}
"""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may try a root out"),
    pytest.mark.skipif(not (shutil.which("cargo") and shutil.which("cc")), reason="Rust or a C compiler is missing"),
]


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that has been built for release."""
    folder = tmp_path_factory.mktemp("crates") / "asks"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "asks"\nversion = "0.1.0"\nedition = "2021"\n')
    (folder / "src/main.rs").write_text(MAIN)
    subprocess.run(["cargo", "build", "--release", "--offline", "--quiet"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with a library, as pip lays it."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "answers").mkdir()
    information = folder / "answers-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: answers\nVersion: 1.0\n\nA long description.\n")
    (information / "LICENSE").write_text("Do as you like.\n")
    (folder / "answer.c").write_text("int answer(void) { return 42; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / LIBRARY, folder / "answer.c"], check=True)
    return folder


@pytest.fixture(scope="module")
def root(crate: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image") / "root"
    make_program_root(folder, crate, packages, [LIBRARY])
    return folder


@pytest.mark.parametrize("name", ["asks", "tensorflow_model_server"])
def test_program_runs_in_it_by_both_its_names(root: Path, name: str) -> None:
    program = f"/usr/bin/{name}"
    ran = subprocess.run(["chroot", root, program], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{program} says 42\n"


def test_it_holds_no_other_program(root: Path) -> None:
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"asks", "tensorflow_model_server"}
    assert {path.name for path in root.iterdir()} <= {"etc", "lib64", "tmp", "usr"}


def test_program_and_library_have_no_symbols_for_debuggers(root: Path) -> None:
    for file in ("usr/bin/asks", "usr/lib/libanswer.so"):
        headers = subprocess.run(["readelf", "-S", root / file], capture_output=True, text=True, check=True)
        assert "There are no sections in this file." in headers.stdout


def test_licences_of_all_parts_are_in_it(root: Path) -> None:
    documents = root / "usr/share/doc"
    assert gzip.decompress((documents / "answers-1.0.dist-info/LICENSE.gz").read_bytes()) == b"Do as you like.\n"
    assert (documents / "answers-1.0.dist-info/METADATA").read_text() == "Name: answers\nVersion: 1.0\n"
    assert {path.name for path in (documents / "asks").iterdir()} == {"COPYRIGHT-library.html.gz", "crates.gz"}
    assert (documents / "libc6").is_dir()


def test_missing_library_is_named(crate: Path, packages: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"answers/libnowhere\.so, which is not there"):
        make_program_root(tmp_path / "root", crate, packages, ["answers/libnowhere.so"])


def test_program_that_has_not_been_built_is_named(crate: Path, packages: Path, tmp_path: Path) -> None:
    shutil.copytree(crate, tmp_path / "asks", ignore=shutil.ignore_patterns("target"))
    with pytest.raises(MissingPart, match=r"/usr/bin/asks is to come from .*/target/release/asks, which is not there"):
        make_program_root(tmp_path / "root", tmp_path / "asks", packages, [LIBRARY])


def test_root_that_the_program_does_not_run_in_is_refused(crate: Path, packages: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"the root does not do without it: (?s:.*)there is no libanswer\.so"):
        make_program_root(tmp_path / "root", crate, packages, [])
