"""Rounds: one server's turn under load, by all its protocols; several of them -> their medians."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from bench.lab.engines.process import ProcessEngine
from bench.lab.errors import BenchError
from bench.lab.first_answer import first_answer, free_port
from bench.lab.results import GRPC, NO_PROTOCOL, REST, Load, LoadLevel
from bench.lab.servers import ROOT, choose_servers
from bench.lab.summary import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lab.generators import Generators, Tallies
    from bench.lab.question import Question
    from bench.lab.servers import Server

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 120.0
BARE_LOOP_BUILD = "bench/bare_loop_rust.sh"


class Round(NamedTuple):
    """One server's turn: its tallies by protocol, and its memory after them."""

    tallies: dict[str, Tallies]
    memory_bytes: int | None


def measure_server(server: Server, generators: Generators, question: Question) -> Round:
    """Starts a server, waits for its first right answer, loads it by all its protocols, ends it."""
    port, grpc_port = free_port(), free_port()
    with ProcessEngine().start(server, port, grpc_port) as running:
        try:
            question.check(first_answer(port, question.request(keep_alive=False), START_TIMEOUT_S, running.alive))
            tallies = {REST: generators.http(LOOPBACK, port)}
            if server.speaks_grpc:
                python = server.argv(port)[0] if server.is_python else fast_python()
                tallies[GRPC] = generators.grpc(python, LOOPBACK, grpc_port)
        except BenchError as error:
            raise BenchError(f"{server.name}: {error}\nThe end of its output:\n{running.output_tail()}") from error
        return Round(tallies, running.memory_bytes())


def measure_url(url: str, generators: Generators) -> Round:
    """Loads a server that runs already, by the protocol that the address names."""
    parts = urlsplit(url)
    if parts.scheme == "grpc" and parts.hostname:
        return Round({GRPC: generators.grpc(fast_python(), parts.hostname, parts.port or 8500)}, None)
    if parts.scheme == "http" and parts.hostname:
        return Round({REST: generators.http(parts.hostname, parts.port or 80)}, None)
    raise BenchError(f"{url} is no plain address: give one as http://127.0.0.1:8501 or grpc://127.0.0.1:8500")


def measure_bare_loop(generators: Generators) -> Round:
    """Runs the fast server's model without the server."""
    return Round({NO_PROTOCOL: generators.bare_loop(fast_python())}, None)


def measure_bare_loop_rust(generators: Generators, picture: Path, expected_class: int) -> Round:
    """Runs the Rust server's model without the server. Raises BenchError where it is not set up."""
    server = choose_servers(["server_rust_fastest"])[0]
    program = Path(server.argv(port=0)[0]).parent / "examples" / "bare_loop"
    if not program.exists():
        raise BenchError(f"the bare loop in Rust is not built: run `bash {BARE_LOOP_BUILD}` first.")
    model = (ROOT / server.model).parents[1]
    return Round({NO_PROTOCOL: generators.bare_loop_rust(str(program), picture, expected_class, model)}, None)


def fast_python() -> str:
    """The Python of the fast server's environment. Raises BenchError where it is not set up."""
    return choose_servers(["server_python_fast"])[0].argv(port=0)[0]


def summarize_rounds(server: str, baseline: str, rounds: Sequence[Round]) -> list[Load]:
    """The medians of a server's rounds, by protocol. Raises BenchError where no answer was right in one of them."""
    memories = [one.memory_bytes for one in rounds if one.memory_bytes is not None]
    memory_bytes = int(median(memories)) if memories else None
    return [
        Load(
            server,
            protocol,
            baseline,
            [
                summarize_level(server, connections, [one.tallies[protocol][connections] for one in rounds])
                for connections in tallies
            ],
            memory_bytes,
        )
        for protocol, tallies in rounds[0].tallies.items()
    ]


def summarize_level(server: str, connections: int, tallies: Sequence[dict[str, Any]]) -> LoadLevel:
    """The medians of several rounds at one number of connections."""
    if not all(tally["answers"] for tally in tallies):
        reasons = [reason for tally in tallies for reason in tally["reasons"]]
        raise BenchError(f"{server}: no right answer at {connections} connections. {' '.join(reasons[:1])}")
    return LoadLevel(
        connections=connections,
        requests_per_s=round(median(tally["answers"] / tally["seconds"] for tally in tallies), 2),
        p50_ms=round(median(percentile(tally["latencies_ms"], 50) for tally in tallies), 3),
        p99_ms=round(median(percentile(tally["latencies_ms"], 99) for tally in tallies), 3),
        **{count: sum(tally[count] for tally in tallies) for count in ("answers", "wrong", "errors", "lost")},
    )
