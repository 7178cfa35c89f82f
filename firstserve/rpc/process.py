"""The process that answers by gRPC alone: settings, model configs -> models -> gRPC until a signal ends it."""

from __future__ import annotations

import gc
import signal
import threading
from typing import TYPE_CHECKING

from firstserve.heap import bound_heap
from firstserve.logs import configure
from firstserve.model_server import ModelServer
from firstserve.supervisor import GRACE_S, SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.config.settings import Settings
    from firstserve.models.load_note import LoadNote
    from firstserve.models.model_config import ModelConfig
    from firstserve.startup import StartupClock


def serve_rpc(settings: Settings, configs: Sequence[ModelConfig], note: LoadNote, clock: StartupClock) -> int:
    """Serves until SIGTERM or SIGINT. Gives the process's exit status."""
    configure(settings.log_level)
    bound_heap()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    server = ModelServer(settings, None, note, clock)
    server.start(configs)
    gc.enable()
    ended.wait()
    server.stop(GRACE_S)
    return 0
