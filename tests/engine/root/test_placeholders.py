from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.root.libraries import needed_libraries
from engine.root.placeholders import ask_libc, is_placeholder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library that was linked as if threads and time still had libraries of their own."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    source = tmp_path / "asks.c"
    source.write_text(
        "#include <pthread.h>\n#include <dlfcn.h>\n"
        "int asks(void) { return pthread_self() != 0 && dlopen(0, RTLD_LAZY) != 0; }\n"
    )
    asks = tmp_path / "libasks.so"
    found = ["-Wl,--no-as-needed", "-l:libpthread.so.0", "-l:libdl.so.2", "-l:librt.so.1"]
    subprocess.run(["cc", "-shared", "-fPIC", "-o", asks, source, *found], check=True)
    return asks


def needed(file: Path) -> list[str]:
    listed = subprocess.run(["readelf", "-dW", file], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", listed)


def test_libraries_that_glibc_has_emptied_are_known(library: Path) -> None:
    placeholders = {name for name, path in needed_libraries([library]).items() if is_placeholder(path)}
    assert placeholders == {"libpthread.so.0", "libdl.so.2", "librt.so.1"}


def test_a_library_that_asks_libc_needs_no_placeholder_and_works(library: Path) -> None:
    ask_libc(library, {"libpthread.so.0", "libdl.so.2", "librt.so.1"})
    assert set(needed(library)) == {"libc.so.6"}
    assert ctypes.CDLL(str(library)).asks() == 1


def test_what_is_no_placeholder_is_still_asked_for(library: Path) -> None:
    ask_libc(library, {"librt.so.1"})
    assert {"libpthread.so.0", "libdl.so.2"} <= set(needed(library))


def test_versions_that_a_library_asks_for_are_asked_of_libc_too(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    sources = {
        "versions": "EMPTIED_1 { global: gone; };",
        "gone.c": "int gone;",
        "asks.c": "extern int gone;int *at=&gone;",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    link = ["cc", "-shared", "-fPIC", "-o"]
    versions = ["-Wl,--version-script=versions", "-Wl,-soname,libgone.so.0"]
    subprocess.run([*link, "libgone.so.0", "gone.c", *versions], cwd=tmp_path, check=True)
    subprocess.run([*link, "libasks.so", "asks.c", "libgone.so.0"], cwd=tmp_path, check=True)

    ask_libc(tmp_path / "libasks.so", {"libgone.so.0"})
    listed = subprocess.run(["readelf", "-VW", tmp_path / "libasks.so"], capture_output=True, text=True, check=True)
    assert "EMPTIED_1" in listed.stdout
    assert set(re.findall(r"File: (\S+)", listed.stdout)) == {"libc.so.6"}


def test_a_static_program_is_left_as_it_is(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-static", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    before = (tmp_path / "main").read_bytes()
    ask_libc(tmp_path / "main", {"libdl.so.2"})
    assert (tmp_path / "main").read_bytes() == before
