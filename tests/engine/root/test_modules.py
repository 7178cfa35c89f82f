from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from engine.root.errors import MissingPart
from engine.root.modules import Modules


def found(folder: Path, name: str, *left_out: str, **files: str) -> set[str]:
    """The modules that one leads to, of source files named `package__module`."""
    for path, text in files.items():
        file = folder / f"{path.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    modules = Modules([folder], left_out)
    modules.add(name)
    return set(modules.found)


def test_imports_are_followed_in_functions_too(tmp_path: Path) -> None:
    sources = {
        "a": "import b",
        "b": "def f():\n    try:\n        from c import x\n    except ImportError: pass",
        "c": "x = 1",
    }
    assert found(tmp_path, "a", d="", **sources) == {"a", "b", "c"}


def test_module_brings_the_packages_that_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/__init__.py").write_text("import q")
    assert found(tmp_path, "p.m", p__m="", q="") == {"p", "p.m", "q"}


def test_what_is_imported_from_a_package_may_be_its_module(tmp_path: Path) -> None:
    assert found(tmp_path, "a", a="from p import m, n", p__m="") == {"a", "p", "p.m"}


def test_relative_imports_are_followed(tmp_path: Path) -> None:
    sources = {"p__q__m": "from . import n\nfrom ..r import s", "p__q__n": "", "p__r": "import t", "t": ""}
    assert found(tmp_path, "p.q.m", **sources) == {"p", "p.q", "p.q.m", "p.q.n", "p.r", "t"}


def test_imports_for_type_checkers_are_not_followed(tmp_path: Path) -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\nelse:\n    import c"
    assert found(tmp_path, "a", a=source, b="", c="") == {"a", "c"}


def test_what_is_left_out_is_not_found_and_leads_nowhere(tmp_path: Path) -> None:
    assert found(tmp_path, "a", "b", a="import b.m", b__m="import c", c="") == {"a"}


def test_missing_module_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="module nowhere is in none of the folders"):
        found(tmp_path, "nowhere")


def test_imports_of_extension_modules_are_found_by_importing_them() -> None:
    standard = Path(sysconfig.get_path("stdlib"))
    modules = Modules([standard, standard / "lib-dynload"], ())
    modules.add("_zoneinfo")
    assert "zoneinfo" not in modules.found
    modules.add_imports_of_extensions()
    assert "zoneinfo" in modules.found
