"""Server: settings -> a bound port -> answers, in a worker's process -> exit status.

The port is open before anything slow is imported; what arrives meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError
from firstserve.launch import Launch
from firstserve.models.source import check_base_path
from firstserve.startup import StartupClock, process_start_s
from firstserve.worker_process import WorkerProcess

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from firstserve.config.settings import Settings
    from firstserve.models.load_note import LoadNote
    from firstserve.models.model_config import ModelConfig


def serve(settings: Settings, sockets: Sequence[socket.socket], note: LoadNote, *, first: bool) -> int:
    """Serves until a signal ends it; the arguments behind the settings are what Supervisor gives a worker.

    Gives the exit status of the worker's process.
    """
    # A worker that takes the place of one that has crashed starts now.
    clock = StartupClock(process_start_s(os.getppid()) if first else None)
    http = settings.http
    try:
        configs = _read_configs(settings)
        if http is None:
            from firstserve.rpc.process import serve_rpc

            return serve_rpc(settings, configs, note, clock)
        from firstserve.listener import listen

        listener = listen(http, sockets)
    except FirstserveError as error:
        from firstserve.refusal import refuse

        note.tell_reason(str(error))
        return refuse(error, like_tensorflow_serving=settings.like_tensorflow_serving)
    clock.mark("port_open")
    if settings.like_tensorflow_serving:
        note.tell_like_tensorflow_serving()
    WorkerProcess(Launch(settings, http, configs, listener, note, clock)).run(first=first)
    return 0


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
