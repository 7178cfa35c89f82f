"""The command bench/weight_cache: a large model, loaded with XNNPACK's weight cache and without, in turn.

Every load is a process of its own, in the fast server's environment. With a cold page cache the kernel forgets the
model and the cache before each load; all else stays in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.lab.command import run, say
from bench.lab.errors import BenchError
from bench.lab.machine import describe_machine, git_revision
from bench.lab.memory import pss_bytes
from bench.lab.page_cache import COLD, WARM
from bench.lab.results import LOCAL
from bench.lab.servers import ROOT
from bench.lab.table import machine_text, markdown
from firstserve.errors import FirstserveError
from firstserve.weight_cache.builder import build

OWN_MODEL = ROOT / "build/large_model"


@dataclass(frozen=True)
class Loads:
    """One way to load; times are medians over the rounds."""

    weights: str
    """`packed at load` or `weight cache`."""
    page_cache: str
    load_ms: float
    first_run_ms: float
    second_run_ms: float
    pss_bytes: int
    """Of one process after its second run."""
    pss_of_two_bytes: int
    """Of two such processes at the same time, together."""


@dataclass(frozen=True)
class WeightCacheReport:
    """One measurement."""

    runs: int
    model_bytes: int
    loads: list[Loads]
    kind: str = "weight_cache"
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    revision: str = field(default_factory=lambda: git_revision(ROOT))
    machine: dict[str, str | int] = field(default_factory=describe_machine)

    def write(self, path: Path) -> None:
        """Writes the report as JSON; folders are made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def make_model(size_mb: int) -> Path:
    """The version folder of a model of our own; it is made where it is missing."""
    folder = OWN_MODEL / str(size_mb)
    if not (folder / "model.tflite").exists():
        say(f"Making a model of {size_mb} MB in {folder.relative_to(ROOT)} ...")
        venv = [ROOT / "engine/venv.sh", "export", ROOT / "generate/requirements.txt"]
        python = subprocess.run(["bash", *map(str, venv)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        command = [python, "-P", "-m", "bench.lab.large_model", str(folder), str(size_mb)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return folder


def start(folder: Path, stack: ExitStack) -> tuple[int, dict[str, Any]]:
    """Starts a process that has loaded the folder, until the stack ends: its id and what it tells."""
    command = [sys.executable, "-P", "-m", "bench.lab.model_start", str(folder)]
    pipe = subprocess.PIPE
    process = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL))
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise BenchError(f"{folder / 'model.tflite'} cannot be loaded and run: try it with `firstserve serve` first.")
    return process.pid, json.loads(line)


def forget(folder: Path) -> None:
    """Takes the files of a version out of the page cache."""
    for file in (path for path in folder.rglob("*") if path.is_file()):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def measure(folders: dict[str, Path], rounds: int, page_cache: str) -> list[Loads]:
    """All folders in turn, in every round. Raises BenchError where their answers differ."""
    told: dict[str, list[dict[str, Any]]] = {weights: [] for weights in folders}
    for number in range(rounds + 1):
        for weights, folder in folders.items():
            if page_cache == COLD:
                forget(folder)
            with ExitStack() as stack:
                pid, figures = start(folder, stack)
                alone = pss_bytes([pid])
                second, _ = start(folder, stack)
                figures |= {"pss_bytes": alone, "pss_of_two_bytes": pss_bytes([pid, second])}
            if figures["cached"] != (folder / "weight_cache").is_dir():
                raise BenchError("the weight cache was not used: the line in the log of `firstserve serve` tells why.")
            # The first round brings the program's own files into memory.
            told[weights] += [figures] if number else []
    if len({figures["answer"] for each in told.values() for figures in each}) != 1:
        raise BenchError("the answers differ: this is a fault of the weight cache, please report it.")
    names = ("load_ms", "first_run_ms", "second_run_ms", "pss_bytes", "pss_of_two_bytes")
    return [
        Loads(weights, page_cache, **{name: median(figures[name] for figures in each) for name in names})
        for weights, each in told.items()
    ]


def table(report: WeightCacheReport) -> str:
    """One row for every way to load."""
    rows = [
        (
            loads.weights,
            loads.page_cache,
            *(f"{time_ms:,.1f} ms" for time_ms in (loads.load_ms, loads.first_run_ms, loads.second_run_ms)),
            *(f"{size / 2**20:,.0f} MiB" for size in (loads.pss_bytes, loads.pss_of_two_bytes)),
        )
        for loads in report.loads
    ]
    heading = ("weights", "page cache", "load", "first run", "second run", "memory", "of two processes")
    size = f"a model of {report.model_bytes / 1e6:,.0f} MB"
    return f"{markdown(heading, rows)}\n\n{machine_text(report.machine)}; {size}; medians of {report.runs} rounds."


def main() -> None:
    """Measures, writes the JSON file, prints the table."""
    parser = argparse.ArgumentParser(
        prog="bench/weight_cache",
        description="Measures how long a large .tflite model takes to load and to run, and its memory (PSS), with "
        "XNNPACK's weight cache and all checks that come before its use, and without. All answers must be the same.",
    )
    add = parser.add_argument
    add("-n", "--rounds", type=int, default=9, help="turns of each; medians are taken (default: %(default)s)")
    add("-m", "--model", type=Path, metavar="FOLDER", help="a folder with a model.tflite (default: one of our own)")
    add("-s", "--size", type=int, default=200, metavar="MB", help="of our own model (default: %(default)s)")
    add("-o", "--out", type=Path, default=LOCAL / "weight_cache.json", metavar="FILE", help="where the JSON file goes")
    options = parser.parse_args()
    if options.rounds < 1 or options.size < 1:
        parser.error("--rounds and --size: more than 0")
    model = (options.model or make_model(options.size)).resolve() / "model.tflite"
    with tempfile.TemporaryDirectory() as made:
        folders = {"packed at load": Path(made) / "1", "weight cache": Path(made) / "2"}
        for folder in folders.values():
            folder.mkdir()
            (folder / "model.tflite").symlink_to(model)
        try:
            build(folders["weight cache"])
        except FirstserveError as error:
            raise BenchError(f"{model}: {error}.") from error
        loads = []
        for page_cache in (WARM, COLD):
            loads += measure(folders, options.rounds, page_cache)
            say(f"{page_cache} page cache: {loads[-1].load_ms / loads[-2].load_ms:.2f} of the time to load without")
    report = WeightCacheReport(options.rounds, model.stat().st_size, loads)
    report.write(options.out)
    print(table(report))
    say(f"Written to {options.out}")


if __name__ == "__main__":
    run("bench/weight_cache", main)
