from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.lab.errors import BenchError
from bench.lab.results import read_report
from bench.lab.servers import choose_servers
from tests.bench.conftest import Baseline, bench, prediction, set_up
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.conftest import Request, Server

    Serve = Callable[[Callable[[Request], tuple[int, bytes]]], Server]

SHORT = ("--seconds", "0.3", "--warmup", "0.1", "--rounds", "1")


def test_the_litert_baseline_answers_every_request_rightly(baseline: Baseline, tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    options = ("--connections", "1,4", "--out", str(file))
    done = baseline.bench("load", "baseline_litert", *SHORT, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| protocol ")
    (load,) = read_report(file).loads
    assert [level.connections for level in load.levels] == [1, 4]
    assert all(level.answers > 0 and level.requests_per_s > 0 for level in load.levels)
    assert all(level.wrong == level.errors == level.lost == 0 for level in load.levels)
    assert all(0 < level.p50_ms <= level.p99_ms for level in load.levels)
    assert load.memory_bytes is not None


def test_a_wrong_class_is_an_error_that_says_so(baseline: Baseline, tmp_path: Path) -> None:
    done = baseline.bench("load", "baseline_litert", *SHORT, "--expect", "1", "--out", str(tmp_path / "load.json"))
    assert done.returncode == 1
    assert "wrong answer: class 285, expected 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_running_server_is_loaded_by_its_address(serve: Serve, baseline: Baseline, tmp_path: Path) -> None:
    server = serve(lambda _: (200, prediction(285)))
    file = tmp_path / "load.json"
    options = ("--url", f"mine=http://127.0.0.1:{server.port}", "--connections", "2", "--out", str(file))
    done = baseline.bench("load", *SHORT, *options)
    assert done.returncode == 0, done.stderr
    (load,) = read_report(file).loads
    assert load.server == "mine"
    assert load.memory_bytes is None


def test_a_picture_is_not_sent_by_grpc(baseline: Baseline, tmp_path: Path) -> None:
    done = baseline.bench("load", *SHORT, "--url", "grpc://127.0.0.1:8500", "--out", str(tmp_path / "load.json"))
    assert done.returncode == 2
    assert "add --overhead" in done.stderr


def test_lost_requests_are_shown_and_end_it_with_an_error(serve: Serve, baseline: Baseline, tmp_path: Path) -> None:
    turns = iter(range(10**6))
    server = serve(lambda _: (0, b"") if next(turns) % 5 == 4 else (200, prediction(285)))
    file = tmp_path / "load.json"
    options = ("--url", f"http://127.0.0.1:{server.port}", "--connections", "1", "--out", str(file))
    done = baseline.bench("load", *SHORT, *options)
    assert done.returncode == 1
    assert "lost" in done.stderr
    assert read_report(file).loads[0].levels[0].lost > 0


def test_the_bare_loop_classifies_without_a_server(baseline: Baseline, tmp_path: Path) -> None:
    set_up("server_python_fast", "server_python_fast/requirements.txt")
    file = tmp_path / "load.json"
    done = baseline.bench("load", "--bare", *SHORT, "--out", str(file))
    assert done.returncode == 0, done.stderr
    (load,) = read_report(file).loads
    assert load.server == "bare_loop"
    assert load.levels[0].connections == 1
    assert load.levels[0].answers > 0


@pytest.mark.usefixtures("rust_server", "tflite_model")
def test_the_bare_loop_in_rust_classifies_without_a_server(tmp_path: Path) -> None:
    subprocess.run(["bash", ROOT / "bench/bare_loop_rust.sh"], check=True)
    file = tmp_path / "load.json"
    done = bench("load", "--bare-rust", *SHORT, "--out", str(file))
    assert done.returncode == 0, done.stderr
    (load,) = read_report(file).loads
    assert load.server == "bare_loop_rust"
    assert load.levels[0].answers > 0


def test_the_rust_server_that_is_not_built_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    server = choose_servers(["server_rust_fastest"])[0]._replace(command=("{root}/no/program",))
    monkeypatch.setenv(server.model_variable, "/models")
    with pytest.raises(BenchError, match=r"run `ENGINE=process bash server_rust_fastest/build\.sh` first"):
        server.argv(port=0)
