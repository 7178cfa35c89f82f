"""The worker's process: the first responder at once, and the full server behind it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError
from firstserve.heap import bound_heap
from firstserve.models.source import Version, look
from firstserve.supervisor import SIGNALS

if TYPE_CHECKING:
    from firstserve.first_responder.responder import FirstResponder
    from firstserve.launch import Launch


class WorkerProcess:
    """What the supervisor runs in every process that it forks."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._responder: FirstResponder | None = None
        self._is_to_stop = False

    def run(self, *, first: bool) -> None:
        """Serves until a signal ends it. A process that is not the first has somebody else's end to make good."""
        signal.signal(signal.SIGTERM, self._stop)
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda *_: os._exit(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        bound_heap()
        if first:
            self._respond_first()
        # From here on it costs: gunicorn and Flask take longer to import than everything before together.
        from firstserve.web.http_server import HttpServer

        HttpServer(self._launch, self._responder, self._is_over).run()

    def _respond_first(self) -> None:
        """Answers pictures until it is the full server's turn to come up; it goes on answering meanwhile."""
        version = self._first_version()
        if version is None:
            return
        from firstserve.first_responder.first_model import FirstModel
        from firstserve.first_responder.responder import FirstResponder

        launch = self._launch
        model = FirstModel(launch.settings, launch.configs[0].name, version, launch.note)
        self._responder = FirstResponder(model, launch.http, launch.listener, launch.clock)
        if self._is_to_stop:
            self._responder.end_when_idle(self._leave)
        self._responder.start()
        self._responder.wait_for_turn()

    def _first_version(self) -> Version | None:
        """What `/predict` answers with, where that is one model's newest version and is there already."""
        if not self._launch.http.first_responder or len(self._launch.configs) != 1:
            return None
        try:
            versions = look(self._launch.configs[0]).versions
        except FirstserveError:
            return None
        return next((Version(number, path) for number, path in versions.items()), None)

    def _is_over(self) -> bool:
        """Whether it was told to stop while it came up."""
        return self._is_to_stop

    def _stop(self, *_: object) -> None:
        """Answers what has arrived, and then ends; the full server comes up for that alone where it is needed."""
        self._is_to_stop = True
        if self._responder is not None:
            self._responder.end_when_idle(self._leave)
            return
        from firstserve.port_closing import is_anyone_waiting, refuse_handshakes

        refuse_handshakes(self._launch.listener)
        if not is_anyone_waiting(self._launch.listener):
            self._leave()

    def _leave(self) -> None:
        """Ends the process."""
        if self._responder is not None and self._responder.answered:
            from firstserve.logs import configure
            from firstserve.logs.access import AccessLog
            from firstserve.monitoring.recorder import Recorder

            configure(self._launch.settings.log_level)
            for answered in self._responder.answered:
                AccessLog(Recorder()).first_answer(answered)
        from firstserve.standard_streams import end

        end(0)
