"""HttpServer: settings, listener, models -> Flask on gunicorn's threaded worker, in the process that calls it."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from gunicorn.config import Config

from firstserve.logs import configure
from firstserve.model_server import ModelServer
from firstserve.supervisor import GRACE_S
from firstserve.web.gunicorn_log import GunicornLog
from firstserve.web.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from firstserve.first_responder.connection import Arrival
    from firstserve.first_responder.responder import FirstResponder
    from firstserve.launch import Launch

_SETTLING_S = 1
_SPARE_THREADS = 4
"""For answers that do not wait in line: health, and 429 itself."""


class HttpServer:
    """What gunicorn's worker knows as its application; gunicorn's own master process is not needed."""

    def __init__(self, launch: Launch, responder: FirstResponder | None, is_to_stop: Callable[[], bool]) -> None:
        self._launch = launch
        self._responder = responder
        self.is_to_stop = is_to_stop
        """Whether the signal to stop has come before anything here could know of it."""
        address = launch.listener.getsockname()[:2]
        first_model = None if responder is None else responder.model
        self._server = ModelServer(launch.settings, address, launch.note, launch.clock, first_model)

    def run(self) -> None:
        """Serves until a signal ends it."""
        configure(self._launch.settings.log_level)
        if self._responder is None:
            self._start_loading()
        config = self._make_config()
        Worker(self._launch.listener, self, config, GunicornLog(config), self._launch.http).init_process()

    def take_over(self, adopt: Callable[[Arrival], None]) -> None:
        """Ends the first responder and gives away its connections; the worker calls it when it can go on with them."""
        if self._responder is None:
            return

        def take_late(arrival: Arrival) -> None:
            adopt(arrival)
            self._log_first_answers()

        for arrival in self._responder.stop(take_late):
            adopt(arrival)
        self._start_loading()
        if self._responder.model.is_loaded:
            # It is a matter of milliseconds, and whoever has asked for readiness need not ask again.
            self._server.settled.wait(_SETTLING_S)
        self._log_first_answers()

    @property
    def has_taken_over(self) -> bool:
        """Whether the first responder has given away all its connections."""
        return self._responder is None or not self._responder.is_busy

    def _log_first_answers(self) -> None:
        answered = self._responder.answered if self._responder is not None else ()
        while answered:
            self._server.access_log.first_answer(answered.popleft())

    def _start_loading(self) -> None:
        self._server.start(self._launch.configs)

    def wsgi(self) -> Flask:
        """Makes the application; gunicorn's worker calls it."""
        from firstserve.web.app import create_app

        app = create_app(self._server, self._launch.http)
        self._launch.clock.mark_ready()
        gc.freeze()
        gc.enable()
        return app

    def begin_to_stop(self) -> None:
        """Begins to end what runs beside HTTP; the worker calls it when it takes no more connections itself."""
        self._server.begin_to_stop(GRACE_S)

    def stop_serving(self) -> None:
        """Ends what runs beside HTTP; the worker calls it when it has answered everything."""
        self._server.stop(GRACE_S)

    def _make_config(self) -> Config:
        """gunicorn's settings; no command line, environment or file of its own is read."""
        # As many may wait for a model to load as may be answered.
        threads = self._launch.http.threads or 2 * self._launch.settings.requests_at_once + _SPARE_THREADS
        config = Config()
        values = {
            "threads": threads,
            "timeout": 0,
            "loglevel": "warning",
        }
        if os.access("/dev/shm", os.W_OK):  # noqa: S108 - a heartbeat file on a disk can block
            values["worker_tmp_dir"] = "/dev/shm"  # noqa: S108
        for name, value in values.items():
            config.set(name, value)
        return config
