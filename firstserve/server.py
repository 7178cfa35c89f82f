"""Server: settings -> a bound port -> the process that answers -> exit status.

The port is open before anything slow is imported; what arrives meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError
from firstserve.launch import Launch
from firstserve.models.load_note import LoadNote
from firstserve.models.source import check_base_path
from firstserve.refusal import refuse
from firstserve.startup import StartupClock, process_start_s
from firstserve.supervisor import Supervisor
from firstserve.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.config.settings import HttpSettings, Settings
    from firstserve.models.model_config import ModelConfig

_BACKLOG = 2048


def serve(settings: Settings) -> int:
    """Serves until a signal ends it. Gives the process's exit status."""
    clock = StartupClock(process_start_s())
    http = settings.http
    try:
        configs = _read_configs(settings)
        listener = None if http is None else _listen(http)
    except FirstserveError as error:
        return refuse(error, settings)
    if http is None or listener is None:
        from firstserve.rpc.process import serve_rpc

        return serve_rpc(settings, configs, clock)
    clock.mark("port_open")
    launch = Launch(settings, http, configs, listener, LoadNote(), clock)
    return Supervisor(launch, WorkerProcess(launch).run).run()


def _read_configs(settings: Settings) -> Sequence[ModelConfig]:
    """The models to serve. Raises FirstserveError for a bad config file, and where nothing is there to wait for."""
    models = settings.models
    if models.config_file is not None:
        from firstserve.config.config_file import read_model_configs

        return read_model_configs(models.config_file) or ()
    if not models.waits_for_versions:
        for config in models.configs:
            check_base_path(config.base_path)
    return models.configs


def _listen(http: HttpSettings) -> socket.socket:
    """The bound port. Raises FirstserveError where it cannot be had."""
    # IPv6's wildcard takes IPv4 as well, where the machine knows IPv6.
    try:
        try:
            return _bind(http.bind_address or "::", http.port)
        except OSError as error:
            if http.bind_address or error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
            return _bind("0.0.0.0", http.port)  # noqa: S104 - a server in a container
    except OSError as error:
        where = f"{http.bind_address}:{http.port}" if http.bind_address else f"port {http.port}"
        raise FirstserveError(
            f"cannot listen on {where}: {error.strerror}; another port is given by PORT or --rest_api_port"
        ) from error


def _bind(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # gunicorn sets this too, but for connections that arrive before it has started that is too late: every answer
        # on them would wait 40 ms for the client's acknowledgement of its headers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
