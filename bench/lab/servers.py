"""The servers that can be measured, by name. A further one is one more entry of `SERVERS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]


class Server(NamedTuple):
    """How a server is started as a process, and what it is compared with. Its container image bears its name.

    In `command`, `directory` and `environment`, {root} stands for the repository, {port} for the port of HTTP and
    {grpc_port} for gRPC's; in `command` also {python} for the Python that runs this.
    """

    name: str
    what: str
    """What it is made of, in a few words for the chart."""
    command: tuple[str, ...]
    venv: str
    """The environment under .venvs that it finds packages in; empty where it needs none."""
    build: str
    """The script that sets it up."""
    model: str
    """What it serves, below the repository."""
    export: str
    """The script that makes the model."""
    model_variable: str = ""
    """The variable by which the process takes another model; empty where it takes none."""
    baseline: str = ""
    """The server that its figures are divided by; empty for a baseline."""
    floor: bool = False
    """Whether it answers a constant, without looking at the picture: then any answer is right."""
    directory: str = "{root}"
    environment: Mapping[str, str] = {}

    @property
    def is_python(self) -> bool:
        """Whether its process is run by its environment's Python."""
        return bool(self.venv) and f"/.venvs/{self.venv}/" in self.command[0]

    @property
    def speaks_grpc(self) -> bool:
        """Whether it gets a port for gRPC."""
        return any("{grpc_port}" in part for part in self.command)

    def argv(self, port: int, grpc_port: int = 0) -> list[str]:
        """The command line of the process. Raises BenchError where the server or its model is not set up."""
        places = {"root": ROOT, "port": port, "grpc_port": grpc_port, "python": sys.executable}
        argv = [part.format(**places) for part in self.command]
        if not Path(argv[0]).exists():
            raise BenchError(
                f"{self.name} is not set up to run as a process: run `ENGINE=process bash {self.build}` first."
            )
        if self.model_variable not in os.environ and not (ROOT / self.model).exists():
            raise BenchError(f"{self.name} has no model: {self.model} is not there, run `bash {self.export}` first.")
        return argv


GUNICORN = ("--bind", ":{port}", "--workers", "1", "--threads", "8", "--timeout", "0", "app:app")
PORTS = ("--port={grpc_port}", "--rest_api_port={port}")
RUST = "{root}/server_rust_fastest/target/release/server_rust_fastest"

SERVERS = (
    Server(
        name="baseline_tensorflow",
        what="Flask + gunicorn + import tensorflow",
        command=("{root}/.venvs/baseline_tensorflow/bin/gunicorn", *GUNICORN),
        venv="baseline_tensorflow",
        build="bench/baselines/build.sh",
        model="saved_model/1",
        export="generate/run.sh",
        model_variable="MODEL_PATH",
        directory="{root}/bench/baselines/tensorflow",
        environment={"MODEL_PATH": "{root}/saved_model/1"},
    ),
    Server(
        name="server_python_slow",
        what="firstserve, TensorFlow",
        command=("{root}/.venvs/server_python_slow/bin/python", "{root}/server_python_slow/main.py"),
        venv="server_python_slow",
        build="server_python_slow/build.sh",
        model="saved_model/1",
        export="generate/run.sh",
        model_variable="MODEL_BASE_PATH",
        baseline="baseline_tensorflow",
        environment={"PYTHONPATH": "{root}"},
    ),
    Server(
        name="baseline_litert",
        what="Flask + gunicorn + ai_edge_litert, NumPy",
        command=("{root}/.venvs/baseline_litert/bin/gunicorn", *GUNICORN),
        venv="baseline_litert",
        build="bench/baselines/build.sh",
        model="saved_model_tflite/1/model.tflite",
        export="convert_to_tflite/run.sh",
        model_variable="MODEL_PATH",
        directory="{root}/bench/baselines/litert",
        environment={"MODEL_PATH": "{root}/saved_model_tflite/1/model.tflite"},
    ),
    Server(
        name="server_python_fast",
        what="firstserve, LiteRT",
        command=("{root}/.venvs/server_python_fast/bin/python", "{root}/server_python_fast/main.py"),
        venv="server_python_fast",
        build="server_python_fast/build.sh",
        model="saved_model_tflite/1/model.tflite",
        export="convert_to_tflite/run.sh",
        model_variable="MODEL_BASE_PATH",
        baseline="baseline_litert",
        environment={"PYTHONPATH": "{root}"},
    ),
    Server(
        name="server_rust_fastest",
        what="Rust, LiteRT",
        command=(RUST,),
        venv="server_rust_fastest",
        build="server_rust_fastest/build.sh",
        model="saved_model_tflite/1/model.tflite",
        export="convert_to_tflite/run.sh",
        model_variable="FIRSTSERVE_MODEL_BASE_PATH",
        baseline="baseline_litert",
        environment={
            "FIRSTSERVE_MODEL_NAME": "mobilenet",
            "FIRSTSERVE_MODEL_BASE_PATH": "{root}/saved_model_tflite",
        },
    ),
)


FLOORS = (
    Server(
        name="floor_c",
        what="a static C server, a constant",
        command=("{root}/build/floors/floor_c",),
        venv="",
        build="bench/floors/build.sh",
        model="bench/floors/c/server.c",
        export="",
        floor=True,
    ),
    Server(
        name="floor_python",
        what="Python and a socket, a constant",
        command=("{python}", "-I", "-S", "{root}/bench/floors/python/server.py"),
        venv="",
        build="bench/floors/build.sh",
        model="bench/floors/python/server.py",
        export="",
        floor=True,
    ),
)
"""Without a model: what no server can undercut, and none in Python."""

OVERHEAD_SERVERS = (
    Server(
        name="baseline_constant",
        what="Flask + gunicorn, a constant",
        command=("{root}/.venvs/baseline_constant/bin/gunicorn", *GUNICORN),
        venv="baseline_constant",
        build="bench/baselines/build.sh",
        model="bench/baselines/constant/app.py",
        export="",
        directory="{root}/bench/baselines/constant",
    ),
    Server(
        name="server_python_slow",
        what="firstserve, TensorFlow",
        command=(
            "{root}/.venvs/server_python_slow/bin/python",
            "{root}/server_python_slow/main.py",
            *PORTS,
            "--model_name=half_plus_two",
            "--model_base_path={root}/bench/half_plus_two/saved_model",
        ),
        venv="server_python_slow",
        build="server_python_slow/build.sh",
        model="bench/half_plus_two/saved_model/1",
        export="bench/half_plus_two/export.sh",
        baseline="baseline_constant",
        environment={"PYTHONPATH": "{root}"},
    ),
    Server(
        name="server_python_fast",
        what="firstserve, LiteRT",
        command=(
            "{root}/.venvs/server_python_fast/bin/python",
            "{root}/server_python_fast/main.py",
            *PORTS,
            "--model_name=half_plus_two",
            "--model_base_path={root}/bench/half_plus_two/tflite",
        ),
        venv="server_python_fast",
        build="server_python_fast/build.sh",
        model="bench/half_plus_two/tflite/1/model.tflite",
        export="bench/half_plus_two/export.sh",
        baseline="baseline_constant",
        environment={"PYTHONPATH": "{root}"},
    ),
    Server(
        name="server_rust_fastest",
        what="Rust, LiteRT",
        command=(
            RUST,
            *PORTS,
            "--model_name=half_plus_two",
            "--model_base_path={root}/bench/half_plus_two/tflite",
        ),
        venv="server_rust_fastest",
        build="server_rust_fastest/build.sh",
        model="bench/half_plus_two/tflite/1/model.tflite",
        export="bench/half_plus_two/export.sh",
        baseline="baseline_constant",
    ),
)
"""With the smallest model, beside one that has none: what a server costs besides its model."""


def choose_servers(names: Sequence[str], servers: Sequence[Server] = SERVERS) -> list[Server]:
    """The servers of these names, in the table's order; all for none. Raises BenchError for an unknown name."""
    known = [server.name for server in servers]
    for name in names:
        if name not in known:
            raise BenchError(f"no server is called {name}: there are {', '.join(known)}.")
    return [server for server in servers if not names or server.name in names]


def find_server(name: str) -> Server | None:
    """The server or floor of this name, if the tables have it."""
    return next((server for server in (*SERVERS, *FLOORS) if server.name == name), None)
