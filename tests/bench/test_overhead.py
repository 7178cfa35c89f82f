"""bench/load --overhead against the servers and the constant baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.lab.results import read_report
from tests.bench.conftest import bench, serve_half_plus_two, set_up

if TYPE_CHECKING:
    from pathlib import Path

SHORT = ("--overhead", "--seconds", "0.2", "--warmup", "0.1", "--rounds", "1", "--connections", "1,4")


@pytest.mark.usefixtures("half_plus_two")
def test_servers_answer_rightly_by_both_protocols(tmp_path: Path) -> None:
    set_up("baseline_constant", "bench/baselines/constant/requirements.txt")
    set_up("server_python_slow", "server_python_slow/requirements.txt")
    set_up("server_python_fast", "server_python_fast/requirements.txt")
    file = tmp_path / "overhead.json"
    servers = ("baseline_constant", "server_python_slow", "server_python_fast")
    done = bench("load", *servers, *SHORT, "--out", str(file))
    assert done.returncode == 0, done.stderr
    report = read_report(file)
    assert report.question["expected"] == [2.5, 3.0, 4.5]
    assert [(load.server, load.protocol) for load in report.loads] == [
        ("baseline_constant", "REST"),
        ("server_python_slow", "REST"),
        ("server_python_slow", "gRPC"),
        ("server_python_fast", "REST"),
        ("server_python_fast", "gRPC"),
    ]
    assert [load.baseline for load in report.loads] == ["", *["baseline_constant"] * 4]
    levels = [level for load in report.loads for level in load.levels]
    assert all(level.answers > 0 for level in levels)
    assert all(level.wrong == level.errors == level.lost == 0 for level in levels)


@pytest.mark.usefixtures("half_plus_two", "rust_server")
def test_the_rust_server_answers_rightly_by_both_protocols(tmp_path: Path) -> None:
    file = tmp_path / "overhead.json"
    done = bench("load", "server_rust_fastest", *SHORT, "--out", str(file))
    assert done.returncode == 0, done.stderr
    loads = read_report(file).loads
    assert [(load.protocol, load.baseline) for load in loads] == [
        ("REST", "baseline_constant"),
        ("gRPC", "baseline_constant"),
    ]


def test_an_address_names_the_protocol(half_plus_two: Path, tmp_path: Path) -> None:
    file = tmp_path / "overhead.json"
    with serve_half_plus_two(half_plus_two) as port:
        done = bench("load", *SHORT, "--url", f"mine=grpc://127.0.0.1:{port}", "--out", str(file))
    assert done.returncode == 0, done.stderr
    (load,) = read_report(file).loads
    assert (load.server, load.protocol, load.memory_bytes) == ("mine", "gRPC", None)


@pytest.mark.parametrize("option", ["--picture=cat.jpg", "--expect=1", "--bare", "--bare-rust"])
def test_options_of_pictures_are_refused(option: str) -> None:
    done = bench("load", "--overhead", option)
    assert done.returncode == 2
    assert "leave out --picture, --expect, --bare and --bare-rust" in done.stderr
