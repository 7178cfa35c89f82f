"""Servers as plain processes of this machine, in the virtual environments that their build scripts make."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bench.lab.machine import installed_packages, python_version
from bench.lab.running import Running
from bench.lab.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.lab.servers import Server


# Without compiled modules every start would compile them anew: the uncounted round writes them.
NOT_INHERITED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}


class ProcessEngine:
    """Starts a server by its own command line."""

    name = "process"

    def check(self, server: Server) -> None:
        """Raises BenchError where the server cannot be started."""
        server.argv(port=0)

    def version(self, server: Server) -> str:
        """The version of the Python that runs the server; empty where none does."""
        return python_version(ROOT / ".venvs" / server.venv) if server.is_python else ""

    def start(self, server: Server, port: int, grpc_port: int = 0) -> Running:
        """Starts the server on the ports; its environment is this command's, and over it the server's."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        own = {name: value.format(root=ROOT) for name, value in server.environment.items()}
        # A variable that the caller has set, such as another model, wins over the table.
        environment = own | inherited | {"PORT": str(port)}
        return Running(server.argv(port, grpc_port), server.directory.format(root=ROOT), environment)

    def image_bytes(self, server: Server) -> int | None:  # noqa: ARG002  # the engines' common interface
        """A process has no image."""
        return None

    def packages(self, server: Server) -> Mapping[str, str]:
        """The Python packages of the server's environment."""
        return installed_packages(ROOT / ".venvs" / server.venv) if server.venv else {}
