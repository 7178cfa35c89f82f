"""The command bench/handover: a server, started again and again under requests of every kind -> what was not right.

What is right is what the same server answers without a first responder, once it is up: the same bytes but for moments.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.command import run, say
from bench.lab.conversation import Conversation, conversations
from bench.lab.engines.process import ProcessEngine
from bench.lab.errors import BenchError, LostError
from bench.lab.first_answer import free_port
from bench.lab.footprint import wait_until_ready
from bench.lab.picture import load_picture
from bench.lab.servers import ROOT, choose_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.lab.running import Running
    from bench.lab.servers import Server

MODEL = "mobilenet"
DEFAULT_STARTS = 200
DEFAULT_SPREAD_S = 0.6
_SERVERS = ("server_python_fast", "server_python_slow")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
_PAUSE_S = 0.005
"""Between two conversations of one kind."""
_AFTERWARDS_S = 0.1
"""How long it is asked on once the server is ready."""
_SHOWN = 5
_PICTURES = re.compile(rb"\r\n\r\n\{\"model\": ")
"""Where an answer to a picture begins, in all that was received."""


class Start(NamedTuple):
    """What came of one start."""

    connections: int
    pictures: int
    """How many pictures were answered, as the clients saw it."""
    early: int
    """How many of these before anything else was answered, and so surely by the first responder."""
    faults: list[str]


class Clients:
    """One thread for each kind of conversation, which has it again and again until it is told to stop."""

    def __init__(
        self, port: int, alive: Callable[[], bool], expected: Mapping[Conversation, bytes], spread_s: float
    ) -> None:
        """Each begins at a random moment of the first `spread_s` seconds."""
        self._port = port
        self._alive = alive
        self._expected = expected
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections = self._pictures = self._early = 0
        self._others_answered = False
        self._faults: list[str] = []
        self._threads = [
            threading.Thread(target=self._talk, args=(each, random.uniform(0, spread_s)), daemon=True)  # noqa: S311
            for each in expected
        ]

    def start(self) -> None:
        """Begins; the port need not be open yet."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> Start:
        """Lets everyone finish."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        return Start(self._connections, self._pictures, self._early, self._faults)

    def _talk(self, conversation: Conversation, delay_s: float) -> None:
        time.sleep(delay_s)
        while not self._stopping.wait(_PAUSE_S):
            try:
                answered = conversation.talk(self._port, self._alive)
            except LostError as error:
                self._note(b"", f"lost: {error}")
                return
            right = answered == self._expected[conversation] or re.fullmatch(conversation.meanwhile, answered, re.S)
            self._note(answered, "" if right else f"wrong: {conversation.name}: {answered[:1000]!r}")

    def _note(self, answered: bytes, fault: str) -> None:
        pictures = len(_PICTURES.findall(answered))
        with self._lock:
            self._connections += 1
            self._pictures += pictures
            self._others_answered |= answered.count(b"HTTP/1.1 ") - answered.count(b" 100 Continue") > pictures
            if not self._others_answered:
                self._early += pictures
            if fault:
                self._faults.append(fault)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/handover",
        description="Starts a server many times while it is asked in every way from the first millisecond, and "
        f"compares every answer with that of a server without a first responder. Servers: {', '.join(_SERVERS)}.",
    )
    add = parser.add_argument
    add("servers", nargs="*", metavar="SERVER", help=f"which to start (default: {_SERVERS[0]})")
    add("-n", "--starts", type=int, default=DEFAULT_STARTS, help="of each server (default: %(default)s)")
    add(
        "--spread",
        type=float,
        default=DEFAULT_SPREAD_S,
        metavar="SECONDS",
        help="in every other start the clients come one by one during so long; else all of them at once "
        "(default: %(default)s)",
    )
    options = parser.parse_args()
    if options.starts < 1 or options.spread < 0:
        parser.error("--starts: 1 or more; --spread: 0 or more")
    if set(options.servers) - set(_SERVERS):
        parser.error(f"servers with a first responder are {' and '.join(_SERVERS)}")
    return options


def what_is_right(server: Server, kinds: list[Conversation]) -> dict[Conversation, bytes]:
    """What the server answers to each when it has been up for long, without a first responder."""
    alone = server._replace(environment={**server.environment, "FIRSTSERVE_FIRST_RESPONDER": "false"})
    port = free_port()
    with ProcessEngine().start(alone, port) as running:
        wait_until_ready(port, _START_TIMEOUT_S, running.alive)
        return {kind: kind.talk(port, running.alive) for kind in kinds}


def start_once(server: Server, expected: Mapping[Conversation, bytes], spread_s: float) -> Start:
    """Starts it and has it asked until it is ready, ends it, and compares its log with what the clients have seen."""
    port = free_port()
    running = ProcessEngine().start(server, port)
    with running:
        clients = Clients(port, running.alive, expected, spread_s)
        clients.start()
        try:
            wait_until_ready(port, _START_TIMEOUT_S, running.alive)
            time.sleep(_AFTERWARDS_S)
        finally:
            start = clients.stop()
        status, log = end(running)
    if status != 0:
        start.faults.append(f"ended with status {status}: {log[-1000:]}")
    logged = sum(is_answered_picture(line) for line in log.splitlines())
    if logged != start.pictures:
        start.faults.append(f"{logged} pictures in the log, {start.pictures} answers to pictures")
    start.faults.extend(line for line in log.splitlines() if "Traceback" in line or '"severity": "ERROR"' in line)
    return start


def end(running: Running) -> tuple[int, str]:
    """Its exit status and all that it has printed."""
    os.kill(running.pid, signal.SIGTERM)
    deadline_s = time.monotonic() + _STOP_TIMEOUT_S
    while running.alive():
        if time.monotonic() > deadline_s:
            raise BenchError(f"the server goes on {_STOP_TIMEOUT_S:g} s after SIGTERM:\n{running.output_tail()}")
        time.sleep(0.005)
    ended = os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    return (ended.si_status if ended else -1), running.output_tail(limit_bytes=100_000_000)


def is_answered_picture(line: str) -> bool:
    """Whether a line of the log tells of a picture that was answered."""
    if not line.startswith("{"):
        return False
    told = json.loads(line)
    return str(told.get("path", "")).startswith("/predict") and told.get("status") == 200


def main() -> None:
    """Starts, asks, prints the figures. Anything that is not right ends it with status 1."""
    options = parse_options()
    servers = choose_servers(options.servers or [_SERVERS[0]])
    kinds = conversations(load_picture(None, None, ROOT), MODEL)
    faults: list[str] = []
    print("| server | starts | connections | pictures | by the first responder, at least | lost or wrong |")
    print("|---|---|---|---|---|---|")
    for server in servers:
        expected = what_is_right(server, kinds)
        starts = []
        for number in range(1, options.starts + 1):
            # At once, the full server is called at once; else the hand-over comes at all its other moments.
            starts.append(start_once(server, expected, 0 if number % 2 else options.spread))
            faults += [f"{server.name}, start {number}: {fault}" for fault in starts[-1].faults]
            say(f"start {number} of {options.starts}: {server.name}, {starts[-1].connections} connections")
        sums = [sum(each) for each in zip(*(start[:3] for start in starts), strict=True)]
        wrong = sum(len(start.faults) for start in starts)
        print("|".join(["", server.name, *(f"{each:,}" for each in (len(starts), *sums, wrong)), ""]))
    if faults:
        shown = "\n".join(faults[:_SHOWN])
        raise BenchError(f"not every request was answered once and rightly:\n{shown}")


if __name__ == "__main__":
    run("bench/handover", main)
