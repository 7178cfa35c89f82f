from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bench.lab.servers import choose_servers
from tests.conftest import ROOT
from tests.server_process import environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def prediction(class_id: int) -> bytes:
    return json.dumps({"predictions": [{"class": class_id, "label": "cat", "score": 0.5}]}).encode()


class Baseline(NamedTuple):
    """The LiteRT baseline, set up, with further variables for it; it finds class 285 on the default picture."""

    environment: dict[str, str]

    def bench(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return bench(command, *arguments, **self.environment)


def bench(command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of bench's to its end."""
    return subprocess.run(
        [ROOT / "bench" / command, *arguments],
        env=os.environ | environment | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


def set_up(name: str, requirements: str) -> None:
    """Makes the virtual environment under .venvs, where it is not there yet."""
    subprocess.run(["bash", ROOT / "engine/venv.sh", name, ROOT / requirements], check=True)


@pytest.fixture(scope="session")
def baseline(tflite_model: Path) -> Baseline:
    assert (tflite_model / "1/model.tflite").exists()
    set_up("baseline_litert", "bench/baselines/litert/requirements.txt")
    return Baseline({})


@pytest.fixture
def rust_server() -> None:
    """The Rust server as it is measured, which takes minutes to build and therefore has to be there."""
    if not Path(choose_servers(["server_rust_fastest"])[0].command[0].format(root=ROOT)).exists():
        pytest.skip("the Rust server is not built: `ENGINE=process bash server_rust_fastest/build.sh` does it")


@pytest.fixture(scope="session")
def half_plus_two() -> Path:
    """The folder of the smallest model, made where it is not there yet."""
    folder = ROOT / "bench/half_plus_two"
    if not (folder / "tflite/1/model.tflite").exists():
        subprocess.run(["bash", folder / "export.sh"], check=True)
    return folder


@contextmanager
def serve_half_plus_two(folder: Path, *flags: str) -> Iterator[int]:
    """Starts the fast server with the smallest model and gives its port of gRPC, which opens later."""
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    port = free_port()
    options = (f"--port={port}", "--model_name=half_plus_two", f"--model_base_path={folder}/tflite", *flags)
    with serving(python, str(ROOT / "server_python_fast/main.py"), *options):
        yield port


class Request(NamedTuple):
    path: str
    authorization: str | None
    body: bytes


class Server(NamedTuple):
    """A server that answers as `respond` says and remembers what it was asked."""

    port: int
    requests: list[Request]


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Request], tuple[int, bytes]]], Server]]:
    """Starts servers; `respond` gives a status and a body, or status 0 to close the connection instead."""
    servers = []

    def start(respond: Callable[[Request], tuple[int, bytes]]) -> Server:
        requests: list[Request] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                request = Request(self.path, self.headers["Authorization"], body)
                requests.append(request)
                status, answer = respond(request)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST  # noqa: N815  # http.server's name

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return Server(server.server_port, requests)

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()
