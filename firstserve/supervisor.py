"""Supervisor: the first process of the container: forks the worker, hands signals on, replaces a worker that crashes.

It forks before anything is imported that it does not need itself: what the worker imports after the fork costs memory
once, and a worker that takes the place of another one begins as clean as the first.
"""

from __future__ import annotations

import os
import signal
import socket
import time

from firstserve.models.load_note import LoadNote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    Work = Callable[[Sequence[socket.socket], LoadNote, bool], int]

GRACE_S = 9
"""What is in flight is answered within this time after SIGTERM; platforms kill after 10 s."""
_KILL_S = GRACE_S + 0.5
_STEADY_S = 10
"""A worker that has loaded and lived so long was no failure."""
_TRIES = 12
_LONGEST_PAUSE_S = 30
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Those that end the server."""


class Supervisor:
    """Runs `work` in a process of its own until a signal ends it, or it cannot go on.

    Where a first worker cannot load its models, that is the end. Later, with a good start behind it, it tries again: at
    once, and then after pauses that grow from 1 s to 30 s, in which HTTP is answered with 503 and the reason. After 12
    workers in a row that have not served for 10 s it gives up.

    `work` is called in the worker, with these signals blocked. It gets a socket of each family that this machine
    knows, IPv6 first, which are the same for every worker, so that a port stays open from one to the next; what was
    noted of loading; and whether it is the first. What it gives is the worker's exit status.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._note = LoadNote()
        self._sockets = _make_sockets()
        self._worker_pid = 0
        self._worker_began_s = 0.0
        self._failures = 0
        """Workers in a row that were none of long."""
        self._reason = ""
        """Why the last one has ended."""
        self._stopping = False

    def run(self) -> int:
        """Gives the exit status of the whole."""
        is_first = True
        # A signal that comes while no worker is known, or none is prepared for it, would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while True:
            self._fork(first=is_first)
            status = self._end(self._wait(), is_first=is_first)
            if status is not None:
                return status
            is_first = False

    def _wait(self) -> int:
        """How the worker has ended, as `_end` takes it; from then on signals are blocked."""
        while True:
            pid, wait_status = os.wait()
            # The first process of a container is handed whatever others leave behind.
            if pid == self._worker_pid:
                signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
                return os.waitstatus_to_exitcode(wait_status)

    def _fork(self, *, first: bool) -> None:
        own_pid = os.getpid()
        if not first:
            self._note.begin_worker()
        self._worker_began_s = time.monotonic() + self._pause_s()
        self._worker_pid = os.fork()
        if not self._worker_pid:
            self._be_worker(own_pid, first=first)
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGALRM, self._kill)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _be_worker(self, supervisor_pid: int, *, first: bool) -> None:
        """Does not return."""
        status = 1
        try:
            from firstserve.parent import end_with_parent

            end_with_parent(supervisor_pid)
            if self._pause_s():
                from firstserve.outage import Outage

                Outage(self._sockets, self._reason, self._pause_s()).last(SIGNALS)
            status = self._work(self._sockets, self._note, first)
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException:  # noqa: BLE001 - whatever it is, the worker ends here
            from traceback import format_exc

            from firstserve.standard_streams import say

            say(format_exc())
        finally:
            # Not sys.exit: it would wait for threads, and go on with what the supervisor has yet to do.
            try:
                from firstserve.standard_streams import end

                end(status)
            finally:
                os._exit(status)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        # The port is closed when nobody holds it any more.
        for each in self._sockets:
            each.close()
        signal.setitimer(signal.ITIMER_REAL, _KILL_S)
        self._signal_worker(number)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_worker(signal.SIGKILL)

    def _signal_worker(self, number: int) -> None:
        try:  # noqa: SIM105 - contextlib is an import more
            os.kill(self._worker_pid, number)
        except ProcessLookupError:
            pass  # it has ended by itself, and was waited for

    def _end(self, status: int, *, is_first: bool) -> int | None:
        """The exit status of the whole after a worker's (below 0: the signal that ended it); None to go on."""
        note = self._note
        if self._stopping:
            return 0
        how = f"worker {self._worker_pid} " + (
            f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        )
        self._reason = note.reason or how
        if note.path:
            from firstserve.models.load_fault import load_fault

            self._reason = load_fault(note.path, status)
        if not note.was_loaded and (status >= 0 or note.path or not is_first):
            return self._end_of_start(status, how)
        is_steady = note.is_loaded and time.monotonic() - self._worker_began_s >= _STEADY_S
        self._failures = 0 if is_steady else self._failures + 1
        if self._failures >= _TRIES:
            return self._refuse(f"{_TRIES} workers in a row could not serve; the last one: {self._reason}")
        from firstserve.standard_streams import say

        why = "" if self._reason == how else f" ({self._reason})"
        when = f" in {self._pause_s()} s" if self._pause_s() else ""
        say(f"firstserve: {how}{why}; another one starts{when}\n")
        return None

    def _end_of_start(self, status: int, how: str) -> int:
        """The exit status of the whole where nothing could be served from the beginning."""
        note = self._note
        if note.failed_status:
            return note.failed_status
        if note.path:
            return self._refuse(self._reason)
        return status if status >= 0 else self._refuse(f"{how} before it could serve, as the one before it")

    def _pause_s(self) -> int:
        """How long nothing is tried before the next worker."""
        return min(1 << self._failures - 2, _LONGEST_PAUSE_S) if self._failures > 1 else 0

    def _refuse(self, reason: str) -> int:
        from firstserve.refusal import refuse

        return refuse(reason, like_tensorflow_serving=self._note.like_tensorflow_serving)


def _make_sockets() -> list[socket.socket]:
    """Sockets that are bound to nothing yet."""
    sockets = []
    for family in (socket.AF_INET6, socket.AF_INET):
        try:  # noqa: SIM105 - as above
            sockets.append(socket.socket(family))
        except OSError:
            pass  # a machine without IPv6
    return sockets
