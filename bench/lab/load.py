"""The command bench/load: warm servers, loaded in turn -> latency, throughput and memory, as JSON and a table."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.command import run, say
from bench.lab.engines.process import ProcessEngine
from bench.lab.errors import BenchError
from bench.lab.generators import Generators
from bench.lab.half_plus_two import HalfPlusTwo
from bench.lab.picture import DEFAULT_CLASS, DEFAULT_PICTURE, load_picture
from bench.lab.results import BARE_LOOP, BARE_LOOP_RUST, LOCAL, Report
from bench.lab.rounds import (
    Round,
    measure_bare_loop,
    measure_bare_loop_rust,
    measure_server,
    measure_url,
    summarize_rounds,
)
from bench.lab.servers import OVERHEAD_SERVERS, ROOT, SERVERS, choose_servers
from bench.lab.table import load_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.lab.question import Question
    from bench.lab.servers import Server


class Turn(NamedTuple):
    """What is measured once in every round; `baseline` is what its figures are divided by."""

    name: str
    baseline: str
    measure: Callable[[], Round]


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/load",
        description="Measures latency, throughput and memory of warm servers, each in turn, and checks every answer. "
        f"Servers: {names_of(SERVERS)}.",
    )
    add = parser.add_argument
    add("servers", nargs="*", metavar="SERVER", help="which to start as processes; all of them, where none is named")
    add(
        "--url",
        action="append",
        default=[],
        metavar="[NAME=]URL",
        help="a server that runs already, such as http://127.0.0.1:8501 or, with --overhead, grpc://127.0.0.1:8500; "
        "repeatable",
    )
    add(
        "--overhead",
        action="store_true",
        help="asks y = x / 2 + 2 by REST and by gRPC in place of a picture, which shows what the servers themselves "
        f"cost, beside a Flask app that returns a constant. Servers: {names_of(OVERHEAD_SERVERS)}",
    )
    add("--bare", action="store_true", help="also the fast server's model without HTTP, in a bare loop")
    add("--bare-rust", action="store_true", help="the same with the Rust server's code")
    add("-c", "--connections", default="1,8,32", metavar="N,...", help="how many at once (default: %(default)s)")
    add("--seconds", type=float, default=5, help="how long each number of connections counts (default: %(default)s)")
    add(
        "--warmup", type=float, default=1, metavar="SECONDS", help="how long it does not, before (default: %(default)s)"
    )
    add("-n", "--rounds", type=int, default=3, help="turns of each server; medians are taken (default: %(default)s)")
    add("--picture", metavar="FILE", help=f"the image that is sent (default: {DEFAULT_PICTURE})")
    add("--expect", type=int, metavar="CLASS", help=f"its class; others count as wrong (default: {DEFAULT_CLASS})")
    add(
        "-o", "--out", type=Path, metavar="FILE", help=f"where the JSON file goes (default: {LOCAL.relative_to(ROOT)}/)"
    )
    options = parser.parse_args()
    if options.overhead and (options.picture or options.expect is not None or options.bare or options.bare_rust):
        parser.error("--overhead asks without a picture: leave out --picture, --expect, --bare and --bare-rust")
    if not options.overhead and any("grpc://" in url for url in options.url):
        parser.error("by gRPC no pictures are sent: add --overhead")
    options.out = options.out or LOCAL / ("overhead.json" if options.overhead else "load.json")
    try:
        options.connections = [int(number) for number in options.connections.split(",")]
    except ValueError:
        parser.error("--connections: numbers with commas between them, such as 1,8,32")
    if options.rounds < 1 or min(options.connections) < 1 or options.seconds <= 0:
        parser.error("--rounds, --connections and --seconds: more than 0")
    return options


def names_of(servers: Sequence[Server]) -> str:
    """The servers' names for a help text."""
    return ", ".join(server.name for server in servers)


def make_turns(options: argparse.Namespace, question: Question) -> list[Turn]:
    """What is measured in every round; only the URLs where no server is named."""
    asked = ["--half-plus-two"] if options.overhead else []
    asked += [f"--picture={options.picture}"] if options.picture else []
    asked += [f"--expect={options.expect}"] if options.expect is not None else []
    generators = Generators(asked, options.connections, options.seconds, options.warmup)
    turns = []
    if options.servers or not (options.url or options.bare or options.bare_rust):
        for server in choose_servers(options.servers, OVERHEAD_SERVERS if options.overhead else SERVERS):
            ProcessEngine().check(server)
            turns.append(Turn(server.name, server.baseline, partial(measure_server, server, generators, question)))
    for named in options.url:
        name, separator, url = named.partition("=")
        turns.append(Turn(name, "", partial(measure_url, url if separator else named, generators)))
    if options.bare:
        turns.append(Turn(BARE_LOOP, "", partial(measure_bare_loop, generators)))
    if options.bare_rust:
        picture = Path(options.picture or ROOT / DEFAULT_PICTURE)
        expected_class = DEFAULT_CLASS if options.expect is None else options.expect
        turns.append(Turn(BARE_LOOP_RUST, "", partial(measure_bare_loop_rust, generators, picture, expected_class)))
    return turns


def main() -> None:
    """Measures, writes the JSON file, prints the table. Wrong, refused or lost requests end it with status 1."""
    options = parse_options()
    question = HalfPlusTwo() if options.overhead else load_picture(options.picture, options.expect, ROOT)
    turns = make_turns(options, question)
    rounds: list[list[Round]] = [[] for _ in turns]
    for number in range(1, options.rounds + 1):
        for turn, measured in zip(turns, rounds, strict=True):
            one = turn.measure()
            measured.append(one)
            for protocol, tallies in one.tallies.items():
                rates = ", ".join(
                    f"{tally['answers'] / tally['seconds']:,.1f}/s at {n}" for n, tally in tallies.items()
                )
                say(f"round {number} of {options.rounds}: {turn.name} {protocol} {rates}")
    loads = [
        load
        for turn, measured in zip(turns, rounds, strict=True)
        for load in summarize_rounds(turn.name, turn.baseline, measured)
    ]
    report = Report("load", question.describe(), options.rounds, loads=loads)
    report.write(options.out)
    print(load_table(report))
    say(f"Written to {options.out}")
    if any(level.wrong or level.errors or level.lost for load in loads for level in load.levels):
        raise BenchError("not every request was answered rightly: see the columns wrong, errors and lost.")


if __name__ == "__main__":
    run("bench/load", main)
