from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.lab.errors import BenchError
from bench.lab.page_cache import check_droppable, drop

if TYPE_CHECKING:
    from pathlib import Path


def test_pages_and_folders_are_dropped(tmp_path: Path) -> None:
    control = tmp_path / "drop_caches"
    control.touch()
    check_droppable(control)
    drop(control)
    assert control.read_text() == "3"


def test_a_system_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="--page-cache cold: this system has no"):
        check_droppable(tmp_path / "drop_caches")
