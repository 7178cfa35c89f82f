"""Target: one thing whose cold start is measured, a server under an engine or a URL -> the time to its first answer."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bench.lab import page_cache
from bench.lab.cpus import bound_to, share_out
from bench.lab.errors import NoAnswerError, WrongAnswerError
from bench.lab.first_answer import first_answer, free_port
from bench.lab.footprint import Footprint, MemoryWatch, settle, wait_until_ready
from bench.lab.memory import process_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.lab.picture import Picture
    from bench.lab.reply import Answer, Reply
    from bench.lab.running import Running
    from bench.lab.servers import Server


class Measured(NamedTuple):
    """One cold start."""

    time_ms: float
    answer: Answer
    server_timing: str


class Engine(Protocol):
    """What can start a server of the table."""

    @property
    def name(self) -> str:
        """The engine's name in tables."""

    def check(self, server: Server) -> None:
        """Makes everything ready that a start needs. Raises BenchError, with the remedy, where it cannot."""

    def version(self, server: Server) -> str:
        """The engine's version; without an engine, that of the server's Python."""

    def start(self, server: Server, port: int) -> Running:
        """Starts the server on the port; returns at once."""

    def image_bytes(self, server: Server) -> int | None:
        """The size of the server's image, where the engine uses one."""

    def packages(self, server: Server) -> Mapping[str, str]:
        """Name -> version of the Python packages that the server finds."""


class Target(Protocol):
    """One thing whose cold start is measured."""

    @property
    def server(self) -> str:
        """The server's name."""

    @property
    def engine(self) -> str:
        """Where it is started."""

    @property
    def cpus(self) -> int | None:
        """How many CPUs it is given; None for all that there are."""

    @property
    def page_cache(self) -> str:
        """Whether its files are in the page cache; empty where that is not known."""

    def cold_start(self, picture: Picture, timeout_s: float) -> Measured:
        """Starts it, asks once, ends it. Raises BenchError unless the right answer came."""

    def footprint(self, picture: Picture, timeout_s: float) -> Footprint:
        """The same without a clock and with an eye on its memory, as far as that can be seen."""

    def image_bytes(self) -> int | None:
        """The size of its image, where it has one."""

    def packages(self) -> Mapping[str, str]:
        """Its Python packages, as far as they can be seen."""

    def version(self) -> str:
        """The engine's version, where it is known."""


class LocalTarget:
    """A server of the table under an engine of this machine, on some of its CPUs; all of them for None.

    With a cold page cache, the machine's is emptied before every timed start, which needs root.
    """

    def __init__(self, server: Server, engine: Engine, cpus: int | None = None, cache: str = page_cache.WARM) -> None:
        engine.check(server)
        self._server = server
        self._engine = engine
        self._shares = share_out(cpus)
        self.cpus = cpus
        self.page_cache = cache

    @property
    def server(self) -> str:
        """The server's name."""
        return self._server.name

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine.name

    def cold_start(self, picture: Picture, timeout_s: float) -> Measured:
        """The time from the start of the process or container to the last byte of the right answer."""
        request = picture.request(keep_alive=False)
        if self.page_cache == page_cache.COLD:
            page_cache.drop()
        with self._started() as (running, port):
            reply = first_answer(port, request, timeout_s, running.alive)
            time_ms = (time.perf_counter() - running.started_s) * 1000
            return Measured(time_ms, self._check(reply, picture), reply.headers.get("server-timing", ""))

    def footprint(self, picture: Picture, timeout_s: float) -> Footprint:
        """The memory from the start until the server is ready and its memory stays the same."""
        with self._started() as (running, port), MemoryWatch(running.memory_bytes) as watch:
            self._check(first_answer(port, picture.request(keep_alive=False), timeout_s, running.alive), picture)
            wait_until_ready(port, timeout_s, running.alive)
            processes = process_tree(running.pid)
            settled_bytes = settle(running.memory_bytes)
            if not set(processes) <= set(process_tree(running.pid)):
                raise NoAnswerError("was ready, but then one of its processes ended")
        return Footprint(watch.highest_bytes, settled_bytes)

    def image_bytes(self) -> int | None:
        """The size of the server's image."""
        return self._engine.image_bytes(self._server)

    def packages(self) -> Mapping[str, str]:
        """The Python packages that the server finds."""
        return self._engine.packages(self._server)

    def version(self) -> str:
        """The engine's version; without an engine, that of the server's Python."""
        return self._engine.version(self._server)

    @contextmanager
    def _started(self) -> Iterator[tuple[Running, int]]:
        """The server, and its port; what goes wrong in the block is told with the server's name and output."""
        port = free_port()
        with bound_to(self._shares.server):
            started = self._engine.start(self._server, port)
        with started as running, bound_to(self._shares.client):
            try:
                yield running, port
            except WrongAnswerError as error:
                raise WrongAnswerError(f"{self.server} ({self.engine}): {error}") from error
            except NoAnswerError as error:
                raise NoAnswerError(
                    f"{self.server} ({self.engine}): {error}\nThe end of its output:\n{running.output_tail()}"
                ) from error

    def _check(self, reply: Reply, picture: Picture) -> Answer:
        return reply.best() if self._server.floor else picture.check(reply)
