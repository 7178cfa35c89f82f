from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench.lab.errors import BenchError
from bench.lab.results import read_report
from tests.bench.reports import cold_starts, load, overhead

if TYPE_CHECKING:
    from pathlib import Path

    from bench.lab.results import Report


@pytest.mark.parametrize("report", [cold_starts(), load(), overhead()], ids=["coldstart", "load", "overhead"])
def test_a_report_is_the_same_after_writing_and_reading(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "new/report.json"
    report.write(file)
    assert read_report(file) == report


def test_a_report_says_where_it_was_measured(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    cold_starts().write(file)
    content = json.loads(file.read_text())
    assert {"cpu", "cpus", "memory_bytes", "system", "kernel"} == content["machine"].keys()
    assert content["revision"]
    assert content["date"].endswith("+00:00")


def test_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    cold_starts().write(file)
    file.write_text(file.read_text().replace('"format": 3', '"format": 1'))
    with pytest.raises(BenchError, match="measure again"):
        read_report(file)


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"format": 3}'])
def test_a_file_that_is_no_report_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(content)
    with pytest.raises(BenchError, match="is no result of"):
        read_report(file)


def test_a_missing_file_is_refused_with_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"bench/coldstart and bench/load write it"):
        read_report(tmp_path / "none.json")
