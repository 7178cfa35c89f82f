"""The command bench/hostile: servers under attack -> what an honest client beside it gets, as JSON and a table."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.lab.attacks import ATTACKS
from bench.lab.command import run, say
from bench.lab.engines.process import ProcessEngine
from bench.lab.errors import BenchError
from bench.lab.first_answer import first_answer, free_port
from bench.lab.generators import Generators
from bench.lab.half_plus_two import HalfPlusTwo
from bench.lab.machine import describe_machine, git_revision
from bench.lab.picture import load_picture
from bench.lab.rounds import fast_python
from bench.lab.servers import OVERHEAD_SERVERS, ROOT, SERVERS, choose_servers
from bench.lab.summary import percentile
from bench.lab.table import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.lab.question import Question
    from bench.lab.running import Running
    from bench.lab.servers import Server

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 120.0
ALONE = "alone"
WATCH_S = 0.2
"""Between two looks at memory and health."""
HEALTH_TIMEOUT_S = 60.0
MEBI = 1024 * 1024


class Outcome(NamedTuple):
    """What an honest client saw, and how the server fared meanwhile."""

    p50_ms: float | None
    p99_ms: float | None
    answers: int
    failed: int
    """Wrong, refused and lost ones."""
    health_ms: float
    """The slowest answer of liveness."""
    memory_bytes: int
    """The highest."""


class Watch:
    """Looks at a server's memory and health until it is ended."""

    def __init__(self, running: Running, port: int) -> None:
        self.memory_bytes = 0
        self.health_ms = 0.0
        self._running = running
        self._port = port
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._measure, self._ask)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Returns when the last look is over."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _measure(self) -> None:
        while not self._ended.wait(WATCH_S):
            self.memory_bytes = max(self.memory_bytes, self._running.memory_bytes() or 0)

    def _ask(self) -> None:
        while not self._ended.wait(WATCH_S):
            began_s = time.perf_counter()
            try:
                connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=HEALTH_TIMEOUT_S)
                connection.request("GET", "/v2/health/live")
                is_alive = connection.getresponse().status == 200
                connection.close()
            except OSError:
                is_alive = False
            took_ms = (time.perf_counter() - began_s) * 1e3
            self.health_ms = max(self.health_ms, took_ms if is_alive else HEALTH_TIMEOUT_S * 1e3)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/hostile",
        description="Attacks servers, each anew for each attack, and measures beside it what an honest client gets. "
        f"Attacks: {'; '.join(f'{name}, {attack.what}' for name, attack in ATTACKS.items())}.",
    )
    add = parser.add_argument
    names = [server.name for server in SERVERS]
    add("servers", nargs="*", metavar="SERVER", help=f"of {', '.join(names)}; without: ours")
    add("--attack", action="append", choices=ATTACKS, help="this one alone; repeatable")
    add("--seconds", type=float, default=10, help="how long the honest client asks (default: %(default)s)")
    add("-o", "--out", type=Path, metavar="FILE", help="where the JSON file goes (default: bench/results/local/)")
    options = parser.parse_args()
    options.servers = options.servers or [server.name for server in SERVERS if server.baseline]
    options.out = options.out or ROOT / "bench/results/local/hostile.json"
    return options


def measure(server: Server, attack: str, seconds: float, *, by_grpc: bool) -> Outcome:
    """One server under one attack, or `ALONE`; the honest client sends images, or calls half_plus_two by gRPC."""
    port, grpc_port = free_port(), free_port()
    question: Question = HalfPlusTwo() if by_grpc else load_picture(None, None, ROOT)
    generators = Generators([], [1], seconds, 0)
    with ProcessEngine().start(server, port, grpc_port) as running:
        try:
            question.check(first_answer(port, question.request(keep_alive=False), START_TIMEOUT_S, running.alive))
        except BenchError as error:
            raise BenchError(f"{server.name}: {error}\nThe end of its output:\n{running.output_tail()}") from error
        if by_grpc:
            # Its port opens a moment later than HTTP's.
            Generators([], [1], 0.1, 1).grpc(fast_python(), LOOPBACK, grpc_port)
        with attacking(attack, grpc_port if by_grpc else port):
            watch = Watch(running, port)
            tallies = (
                generators.grpc(fast_python(), LOOPBACK, grpc_port) if by_grpc else generators.http(LOOPBACK, port)
            )
            watch.end()
        if not running.alive():
            say(f"{server.name} has ended under {attack}:\n{running.output_tail()}")
    return summarize(tallies[1], watch)


def summarize(tally: dict[str, Any], watch: Watch) -> Outcome:
    """What both have seen."""
    latencies = tally["latencies_ms"]
    return Outcome(
        p50_ms=round(percentile(latencies, 50), 2) if latencies else None,
        p99_ms=round(percentile(latencies, 99), 2) if latencies else None,
        answers=tally["answers"],
        failed=tally["wrong"] + tally["errors"] + tally["lost"],
        health_ms=round(watch.health_ms, 1),
        memory_bytes=watch.memory_bytes,
    )


@contextmanager
def attacking(attack: str, port: int) -> Iterator[None]:
    """A block in which all of an attack's connections are there."""
    if attack == ALONE:
        yield
        return
    command = [sys.executable, "-P", "-m", "bench.lab.attack", attack]
    command += [f"--port={port}", f"--connections={ATTACKS[attack].connections}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise BenchError("the attack could not begin; its output is above.")
        yield
        ended, _ = process.communicate()
    say(f"{attack}: of the attack's connections had ended: {ended.strip()}")


def row(server: str, attack: str, outcome: Outcome, alone: Outcome, *, by_grpc: bool) -> tuple[str, ...]:
    """A row of the table; `alone` is the same server's without an attack."""
    p50, p99 = (f"{value:,.1f} ms" if value is not None else "-" for value in (outcome.p50_ms, outcome.p99_ms))
    ratio = f"{outcome.p99_ms / alone.p99_ms:.2f}" if outcome.p99_ms and alone.p99_ms else "-"
    what = attack if attack == ALONE else f"{ATTACKS[attack].connections:,} {ATTACKS[attack].what}"
    figures = (f"{outcome.health_ms:,.0f} ms", f"{outcome.memory_bytes / MEBI:,.0f} MiB")
    what = f"{what}, by gRPC" if by_grpc and attack == ALONE else what
    return server, what, p50, p99, ratio, f"{outcome.answers:,}", f"{outcome.failed:,}", *figures


def main() -> None:
    """Measures, writes the JSON file, prints the table. A request that fails ends it with status 1."""
    options = parse_options()
    rows, results = [], []
    failed = 0
    for name in options.servers:
        for by_grpc in (False, True):
            attacks = [each for each in options.attack or ATTACKS if ATTACKS[each].by_grpc is by_grpc]
            (server,) = choose_servers([name], OVERHEAD_SERVERS if by_grpc else SERVERS)
            outcomes: dict[str, Outcome] = {}
            if attacks:
                ProcessEngine().check(server)
                attacks = [ALONE, *attacks]
            for attack in attacks:
                outcome = outcomes[attack] = measure(server, attack, options.seconds, by_grpc=by_grpc)
                rows.append(row(name, attack, outcome, outcomes[ALONE], by_grpc=by_grpc))
                results.append({"server": name, "attack": attack, "by_grpc": by_grpc, **outcome._asdict()})
                failed += outcome.failed
                say(" | ".join(rows[-1]))
    _write(options.out, results)
    heading = ("server", "beside", "p50", "p99", "of alone", "answers", "failed", "health", "highest memory")
    print(markdown(heading, rows))
    say(f"Written to {options.out}")
    if failed:
        raise BenchError("not every honest request was answered rightly: see the column failed.")


def _write(file: Path, results: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "kind": "hostile",
        "machine": describe_machine(),
        "git_revision": git_revision(ROOT),
        "results": results,
    }
    file.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    run("bench/hostile", main)
