from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.bench.conftest import set_up
from tests.bench.reports import cold_starts, load
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def environment() -> None:
    set_up("bench", "bench/requirements.txt")


def bench_report(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "bench/report", *arguments], capture_output=True, text=True, check=False)


def test_the_pictures_lie_beside_the_results(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    cold_starts().write(file)
    done = bench_report(file)
    assert done.returncode == 0, done.stderr
    names = ("mine.png", "mine.svg", "mine_waterfall.png", "mine_waterfall.svg")
    assert done.stdout.split() == [str(tmp_path / name) for name in names]
    assert all((tmp_path / name).stat().st_size > 0 for name in names)


def test_without_phases_there_is_the_chart_alone(tmp_path: Path) -> None:
    report = cold_starts()
    report.coldstarts[:] = report.coldstarts[:1]
    report.write(tmp_path / "mine.json")
    done = bench_report(tmp_path / "mine.json")
    assert done.stdout.split() == [str(tmp_path / "mine.png"), str(tmp_path / "mine.svg")]


def test_only_what_is_asked_for_is_drawn(tmp_path: Path) -> None:
    cold_starts().write(tmp_path / "mine.json")
    assert bench_report(tmp_path / "mine.json", "--out", tmp_path / "all").returncode == 0
    assert bench_report(tmp_path / "mine.json", "--out", tmp_path / "one", "--engine", "gvisor").returncode == 0
    assert (tmp_path / "one.svg").stat().st_size < (tmp_path / "all.svg").stat().st_size


def test_what_was_not_measured_is_an_error(tmp_path: Path) -> None:
    cold_starts().write(tmp_path / "mine.json")
    done = bench_report(tmp_path / "mine.json", "--cpus", "1")
    assert done.returncode == 1
    assert "nothing was measured so" in done.stderr


def test_the_svg_names_no_path_and_no_date(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    report = cold_starts()
    report.write(file)
    assert bench_report(file, "--out", tmp_path / "chart").returncode == 0
    svg = (tmp_path / "chart.svg").read_text()
    assert str(tmp_path) not in svg
    assert report.date[:10] not in svg
    assert "dc:date" not in svg


def test_results_of_a_load_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    load().write(file)
    done = bench_report(file)
    assert done.returncode == 1
    assert "holds no cold starts" in done.stderr


def test_a_missing_file_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    done = bench_report(tmp_path / "none.json")
    assert done.returncode == 1
    assert done.stderr.startswith("bench/report: cannot read")
