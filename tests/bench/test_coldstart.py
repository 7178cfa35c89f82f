from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.lab.memory import process_tree, pss_bytes
from bench.lab.phases import MOMENTS
from bench.lab.results import read_report
from tests.bench.conftest import bench, set_up
from tests.bench.test_running import wait_until
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.bench.conftest import Baseline

ONCE = ("baseline_litert", "--runs", "1", "--uncounted", "0")


def test_the_litert_baseline_starts_and_answers(baseline: Baseline, tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    done = baseline.bench("coldstart", *ONCE, "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| engine ")
    assert "run 1 of 1: baseline_litert (process)" in done.stderr
    (start,) = read_report(file).coldstarts
    assert (start.server, start.engine, start.class_id) == ("baseline_litert", "process", 285)
    assert start.runs_ms[0] > 0
    assert (start.cpus, start.page_cache, start.moments_ms) == (None, "warm", [{}])
    assert start.memory_bytes is not None
    assert start.highest_memory_bytes is not None
    assert {"flask", "gunicorn", "numpy", "pillow"} <= start.packages.keys()


@pytest.mark.usefixtures("tflite_model")
def test_the_fast_server_tells_its_phases(tmp_path: Path) -> None:
    set_up("server_python_fast", "server_python_fast/requirements.txt")
    file = tmp_path / "coldstart.json"
    done = bench("coldstart", "server_python_fast", "--runs", "2", "--uncounted", "0", "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert "| runtime loaded |" in done.stdout
    (start,) = read_report(file).coldstarts
    assert len(start.moments_ms) == 2
    assert set(start.medians_ms) == set(MOMENTS)
    assert start.medians_ms["answered"] == start.summary_ms.median


def test_every_number_of_cpus_is_measured_in_turn(tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    cpus = str(len(os.sched_getaffinity(0)))
    done = bench("coldstart", "floor_python", *ONCE[1:], "--cpus", "1", "--cpus", cpus, "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert [start.cpus for start in read_report(file).coldstarts] == [1, int(cpus)]


def test_more_cpus_than_there_are_is_an_error() -> None:
    done = bench("coldstart", "floor_python", "--cpus", "4096")
    assert done.returncode == 1
    assert "bench/coldstart: --cpus 4096: there are 1 to" in done.stderr


def test_results_name_no_path_of_this_machine(baseline: Baseline, tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    picture = tmp_path / "cat.jpg"
    shutil.copy(ROOT / "examples/pictures/cat.jpg", picture)
    options = ("--picture", str(picture), "--expect", "285", "--out", str(file))
    assert baseline.bench("coldstart", *ONCE, *options).returncode == 0
    assert str(ROOT) not in file.read_text()
    assert str(tmp_path) not in file.read_text()


def test_a_wrong_class_is_an_error_that_says_so_and_writes_nothing(baseline: Baseline, tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    done = baseline.bench("coldstart", *ONCE, "--expect", "1", "--out", str(file))
    assert done.returncode == 1
    assert "wrong answer: class 285, expected 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not file.exists()


def test_a_server_that_cannot_start_is_an_error_with_its_output(baseline: Baseline, tmp_path: Path) -> None:
    broken = baseline._replace(environment={"MODEL_PATH": str(tmp_path / "missing.tflite")})
    done = broken.bench("coldstart", *ONCE)
    assert done.returncode == 1
    assert "baseline_litert (process): the server ended before it answered" in done.stderr
    assert "missing.tflite" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_too(number: signal.Signals, baseline: Baseline, tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    command = [str(ROOT / "bench/coldstart"), *ONCE, "--runs", "1000", "--out", str(file)]
    environment = os.environ | baseline.environment | {"PYTHON": sys.executable}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as running:
        try:
            # The shell script that it begins as has children too.
            wait_until(lambda: b"bench.lab.coldstart" in Path(f"/proc/{running.pid}/cmdline").read_bytes())
            wait_until(lambda: len(process_tree(running.pid)) > 1)
            started = process_tree(running.pid)[1:]
            running.send_signal(number)
            assert running.wait(30) == 128 + number
        finally:
            running.kill()
    wait_until(lambda: not any(pss_bytes([pid]) for pid in started))
    assert not file.exists()


def test_an_unknown_server_is_an_error_that_names_the_known_ones(baseline: Baseline) -> None:
    done = baseline.bench("coldstart", "server_in_basic")
    assert done.returncode == 1
    assert "no server is called server_in_basic" in done.stderr
    assert "server_python_fast" in done.stderr


def test_a_picture_of_ones_own_needs_its_class(baseline: Baseline) -> None:
    done = baseline.bench("coldstart", "--picture", "cat.jpg")
    assert done.returncode == 1
    assert "--expect" in done.stderr


def test_a_missing_oci_runtime_is_an_error_that_names_the_option(baseline: Baseline) -> None:
    done = baseline.bench("coldstart", *ONCE, "--engine", "gvisor", "--runsc", "no-such-runsc")
    assert done.returncode == 1
    assert "--runsc" in done.stderr


@pytest.mark.parametrize("runtime", ["runc", "gvisor"])
@pytest.mark.parametrize("server", ["baseline_litert", "floor_c", "floor_python"])
def test_an_image_answers_from_a_container_with_one_cpu(server: str, runtime: str, tmp_path: Path) -> None:
    inspect = ["podman", "image", "inspect", server]
    binary = os.environ.get("RUNSC", "runsc") if runtime == "gvisor" else os.environ.get("RUNC", "runc")
    if os.geteuid() or not shutil.which("podman") or not shutil.which(binary):
        pytest.skip(f"containers are started directly by root, with podman's images and {binary}")
    if subprocess.run(inspect, capture_output=True, check=False).returncode:
        pytest.skip(f"no image {server}: `ENGINE=podman bash bench/{server.partition('_')[0]}s/build.sh` makes it")
    file = tmp_path / "coldstart.json"
    options = ("--engine", runtime, "--container-engine", "podman", "--cpus", "1", "--out", str(file))
    done = bench("coldstart", server, *ONCE[1:], *options)
    assert done.returncode == 0, done.stderr
    (start,) = json.loads(file.read_text())["coldstarts"]
    assert start["class_id"] == (285 if server == "baseline_litert" else 0)
    assert start["cpus"] == 1
    assert start["image_bytes"] > 0
    assert start["version"]
