"""A server as a process of its own, and requests to it over a real socket."""

from __future__ import annotations

import functools
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.lab.memory import process_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 60
ANSWER_LIMIT_S = 60


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def top(self) -> tuple[int, float]:
        """Class and score of the best prediction."""
        assert self.status == 200, self.body
        best = self.json["predictions"][0]
        return best["class"], best["score"]

    @property
    def error(self) -> str:
        """The text of an error answer, which has that one key and JSON's content type."""
        assert self.headers.get_content_type() == "application/json", self.headers
        assert list(self.json) == ["error"], self.body
        return str(self.json["error"])


class ServerProcess:
    """A running server on a port of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_LIMIT_S)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def predict(self, picture: bytes, query: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("POST", f"/predict{query}", picture, headers)

    def memory_bytes(self) -> int:
        """Resident memory of the process and its children."""
        return sum(_resident_bytes(pid) for pid in process_tree(self.process.pid))

    def children(self) -> list[int]:
        """The processes that its first one has started and not yet waited for."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def pids(self) -> list[int]:
        """Of the process and its children."""
        return sorted(process_tree(self.process.pid))

    def wait_until_open(self) -> None:
        """Returns once the port takes connections."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_LIMIT_S).close()
            except ConnectionRefusedError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.01)  # between two looks at the port; nothing tells of its opening
            else:
                return

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stops all its processes as Ctrl-Z does: connections are still taken, and nobody answers."""
        pids = process_tree(self.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it by a signal and gives its exit status."""
        self.process.send_signal(number)
        return self.process.wait(ANSWER_LIMIT_S)


@contextmanager
def serving(
    *command: str | Path, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[ServerProcess]:
    """Runs a server's command line with PORT set, and ends it afterwards if it has not ended itself."""
    port = free_port() if port is None else port
    settings = server_environment(port) | dict(environment or {})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
        try:
            yield ServerProcess(process, port, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(ANSWER_LIMIT_S)


def server_environment(port: int) -> dict[str, str]:
    """This process's environment, with that port and without a server's settings."""
    own = ("FIRSTSERVE_", "MODEL_", "GRPC_ENABLE_FORK_SUPPORT")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return inherited | {"PORT": str(port), "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_python(name: str, requirements: str) -> Path:
    """The interpreter of an environment of the project's, made where it is not there yet."""
    made = subprocess.run(
        ["bash", str(ROOT / "engine/venv.sh"), name, str(ROOT / requirements)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Path(made.stdout.strip())


@functools.cache
def rust_program() -> Path:
    """The server in Rust as it is tested, built where it is not up to date."""
    command = ["bash", str(ROOT / "engine/cargo.sh"), "server_rust_fastest", "tested"]
    built = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Path(built.stdout.strip())


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
