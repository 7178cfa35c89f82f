"""Supervisor: the first process of the container: forks the worker, hands signals on, replaces a worker that crashes.

It imports nothing, so that it costs little memory, and a worker that takes the place of another one starts clean.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from firstserve.refusal import refuse

if TYPE_CHECKING:
    from types import FrameType

    from firstserve.launch import Launch

GRACE_S = 9
"""What is in flight is answered within this time after SIGTERM; platforms kill after 10 s."""
_KILL_S = GRACE_S + 0.5
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Those that end the server."""


class Work(Protocol):
    """What a worker does."""

    def __call__(self, *, first: bool) -> None:
        """Returns when the worker is to end."""


class Supervisor:
    """Runs `work` in a process of its own until a signal ends it, or it cannot go on.

    `work` is called in the worker, with the signals blocked, and with whether it is the first one.
    """

    def __init__(self, launch: Launch, work: Work) -> None:
        self._settings = launch.settings
        self._listener = launch.listener
        self._note = launch.note
        self._work = work
        self._worker_pid = 0
        self._stopping = False

    def run(self) -> int:
        """Gives the exit status of the whole."""
        self._fork(first=True)
        while True:
            pid, wait_status = os.wait()
            # The first process of a container is handed whatever others leave behind.
            if pid != self._worker_pid:
                continue
            # A signal between here and the moment when the next worker is known would be lost.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            status = self._end(os.waitstatus_to_exitcode(wait_status))
            if status is not None:
                return status
            self._fork(first=False)

    def _fork(self, *, first: bool) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._worker_pid = os.fork()
        if not self._worker_pid:
            self._be_worker(first=first)
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGALRM, self._kill)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _be_worker(self, *, first: bool) -> None:
        """Does not return."""
        status = 1
        try:
            self._work(first=first)
            status = 0
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException:  # noqa: BLE001 - whatever it is, the worker ends here
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # Not sys.exit: it would wait for threads, and go on with what the supervisor has yet to do.
            os._exit(status)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        # The port is closed when nobody holds it any more.
        self._listener.close()
        signal.setitimer(signal.ITIMER_REAL, _KILL_S)
        self._signal_worker(number)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_worker(signal.SIGKILL)

    def _signal_worker(self, number: int) -> None:
        # It may have ended by itself, and been waited for.
        with suppress(ProcessLookupError):
            os.kill(self._worker_pid, number)

    def _end(self, status: int) -> int | None:
        """The exit status of the whole after a worker's (below 0: the signal that ended it); None to go on."""
        if self._stopping:
            return 0
        if self._note.failed_status:
            return self._note.failed_status
        if self._note.path and not self._note.was_loaded:
            reason = f"loading {self._note.path} crashed the runtime; the file is damaged or cut off: convert it again"
            return refuse(reason, self._settings)
        if status >= 0 and not self._note.was_loaded:
            return status or 1
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        print(f"firstserve: worker {self._worker_pid} {how}; another one starts", file=sys.stderr, flush=True)
        return None
