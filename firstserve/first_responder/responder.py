"""The first responder: a bound port -> answers to pictures at once, and everything else for the full server.

One thread receives: it accepts, reads and recognises requests. One thread answers: it loads the model and runs it. The
process's main thread waits meanwhile for its turn to bring up the full server, which would only compete with the first
answer. When that is up, it takes over the connections with what was read from them, and the model.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from firstserve.first_responder.answer import Answered, write_answer
from firstserve.first_responder.connection import Arrival, Connection
from firstserve.first_responder.request import ForeignRequestError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from firstserve.config.settings import HttpSettings
    from firstserve.first_responder.first_model import FirstModel
    from firstserve.image.classifier import ImageClassifier
    from firstserve.startup import StartupClock

_CONNECTIONS_LIMIT = 64
"""At most so many are held; the next ones wait in the port's queue, for the full server."""
_BODY_LIMIT_BYTES = 16 * 1024 * 1024
_HELD_LIMIT_BYTES = 64 * 1024 * 1024
"""Of all requests together."""
_SENDER_S = 2.0
"""A request that takes longer to come is for the full server, which waits longer."""
_QUIET_S = 0.5
"""So long the full server waits for a first picture."""
_LOAD_S = 10.0
"""So long it waits for the answer to one; a picture's time limit begins when the full server has it."""
_LOOK_S = 0.05
_ANSWER_S = 1.0
"""So long a client may take to make room for an answer."""
_SWITCH_S = 0.0005
"""How long a thread keeps Python's lock while another waits: an answer does not wait for the full server's imports."""


class FirstResponder:
    """Answers from `start` on until the full server calls `stop`."""

    def __init__(self, model: FirstModel, http: HttpSettings, listener: socket.socket, clock: StartupClock) -> None:
        self.model = model
        self.answered: deque[Answered] = deque()
        self._body_limit_bytes = min(http.limit_bytes, _BODY_LIMIT_BYTES)
        self._listener = listener
        self._clock = clock
        self._poll = select.poll()
        self._wake_reader, self._wake_writer = os.pipe()
        self._connections: dict[int, Connection] = {}
        # Guards what follows; notified when a request is complete, when one is answered, and of every reason to go on.
        self._changed = threading.Condition()
        self._complete: deque[Connection] = deque()
        self._done: deque[Connection] = deque()
        self._foreign: list[Connection] = []
        self._busy = self._turn = self._stopping = False
        self._take_late: Callable[[Arrival], None] = _close
        self._end: Callable[[], None] | None = None
        self._is_closing = False

    def start(self) -> None:
        """Begins to answer."""
        self._usual_switch_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        self._started_s = time.monotonic()
        threading.Thread(target=self._answer_all, name="first-answers", daemon=True).start()
        self._receiver = threading.Thread(target=self._receive_all, name="first-requests", daemon=True)
        self._receiver.start()

    def end_when_idle(self, end: Callable[[], None]) -> None:
        """Takes no more connections, and calls `end` once nothing is in flight; before `stop` alone.

        What is for the full server still has it come. May be called from a signal's handler.
        """
        # No lock: the thread that is interrupted may hold it.
        self._end = end
        self._wake()

    def wait_for_turn(self) -> None:
        """Returns when the first answer is out, when the full server is needed, or when no picture has come."""
        with self._changed:
            while not self._turn:
                patience_s = _LOAD_S if self._busy or self._complete else _QUIET_S
                if time.monotonic() - self._started_s >= patience_s:
                    return
                self._changed.wait(_LOOK_S)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way."""
        return self._busy

    def stop(self, take_late: Callable[[Arrival], None]) -> list[Arrival]:
        """Answers no more; gives the connections that are open, in the order in which they came.

        The one whose answer is under way comes later, by `take_late` from another thread. The model may still be
        loading afterwards.
        """
        with self._changed:
            self._take_late = take_late
            self._stopping = True
            self._changed.notify_all()
        self._wake()
        self._receiver.join()
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        sys.setswitchinterval(self._usual_switch_s)
        connections = [*self._foreign, *self._complete, *self._done, *self._connections.values()]
        kept = [each for each in connections if not each.is_closing]
        for connection in connections:
            if connection.is_closing:
                connection.socket.close()
        return [connection.leave() for connection in sorted(kept, key=lambda each: each.since_s)]

    # The thread that receives.

    def _receive_all(self) -> None:
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._wake_reader, select.POLLIN)
        accepting = True
        while not self._stopping:
            for descriptor, _ in self._poll.poll(self._patience_ms()):
                if descriptor == self._wake_reader:
                    os.read(descriptor, 4096)
                elif descriptor == self._listener.fileno():
                    self._accept()
                else:
                    self._receive(self._connections[descriptor])
            self._resume()
            self._part_with_slow_ones()
            if self._end is not None and self._is_idle():
                self._end()
            if accepting and self._held() >= _CONNECTIONS_LIMIT:
                self._poll.unregister(self._listener)
                accepting = False
                self._call_full_server()

    def _is_idle(self) -> bool:
        """Whether nobody waits for an answer; from then on, nobody new can come."""
        if not self._is_closing:
            from firstserve.port_closing import is_anyone_waiting, refuse_handshakes

            self._is_closing = True
            refuse_handshakes(self._listener)
            for _ in range(_CONNECTIONS_LIMIT - self._held()):
                if not is_anyone_waiting(self._listener):
                    break
                self._accept()
        with self._changed:
            in_flight = self._busy or self._complete or self._done or self._foreign
        return not in_flight and all(each.is_idle() for each in self._connections.values())

    def _accept(self) -> None:
        try:
            accepted, address = self._listener.accept()
        except OSError:
            # The client has gone again, or there is no descriptor left.
            return
        accepted.setblocking(False)
        connection = Connection(accepted, address, time.monotonic())
        self._watch(connection)
        # What a client has to say is mostly there already.
        self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            goes_on = connection.read(time.monotonic())
        except BlockingIOError:
            return
        except OSError:
            self._forget(connection)
            connection.socket.close()
            return
        if goes_on:
            self._look_at(connection)
        elif connection.received and not connection.is_closing:
            self._hand_on(connection)
        else:
            self._forget(connection)
            connection.socket.close()

    def _look_at(self, connection: Connection) -> None:
        """Sees what can be done with what has come."""
        try:
            complete = connection.has_request(self._body_limit_bytes)
        except (ForeignRequestError, OSError):
            self._hand_on(connection)
            return
        if complete:
            self._forget(connection)
            self._clock.mark("request_read")
            with self._changed:
                self._complete.append(connection)
                self._changed.notify_all()
        elif self._held_bytes() > _HELD_LIMIT_BYTES:
            self._hand_on(connection)

    def _resume(self) -> None:
        """Takes back the connections whose request is answered."""
        while self._done:
            connection = self._done.popleft()
            self._watch(connection)
            if connection.received:
                self._look_at(connection)

    def _part_with_slow_ones(self) -> None:
        patience_end_s = time.monotonic() - _SENDER_S
        for connection in list(self._connections.values()):
            if connection.since_s <= patience_end_s:
                if connection.is_closing:
                    self._forget(connection)
                    connection.socket.close()
                elif connection.received:
                    self._hand_on(connection)

    def _patience_ms(self) -> float | None:
        return _SENDER_S * 1e3 / 4 if self._connections else None

    def _held(self) -> int:
        return len(self._connections) + len(self._complete) + len(self._done) + len(self._foreign) + self._busy

    def _held_bytes(self) -> int:
        held = (*self._connections.values(), *self._complete, *self._done, *self._foreign)
        return sum(len(each.received) for each in held)

    def _watch(self, connection: Connection) -> None:
        self._connections[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.POLLIN)

    def _forget(self, connection: Connection) -> None:
        del self._connections[connection.socket.fileno()]
        self._poll.unregister(connection.socket)

    def _hand_on(self, connection: Connection) -> None:
        """Leaves a connection to the full server."""
        self._forget(connection)
        self._foreign.append(connection)
        self._call_full_server()

    def _call_full_server(self) -> None:
        with self._changed:
            self._turn = True
            self._changed.notify_all()

    def _wake(self) -> None:
        os.write(self._wake_writer, b"\0")

    # The thread that answers.

    def _answer_all(self) -> None:
        try:
            classifier = self.model.load()
            if classifier is None:
                return
            self._clock.mark("runtime_loaded")
            while (connection := self._next()) is not None:
                with self.model.in_use:
                    answered = self._answer(connection, classifier)
                self._go_on(connection, answered=answered)
        finally:
            # However it ends: from here on only the full server can answer.
            self._call_full_server()

    def _go_on(self, connection: Connection, *, answered: bool) -> None:
        with self._changed:
            is_late = self._stopping
            if not is_late:
                (self._done if answered else self._foreign).append(connection)
                # Before `stop` may go on and close the pipe.
                self._wake()
        if is_late and connection.is_closing:
            connection.socket.close()
        elif is_late:
            self._take_late(connection.leave())
        with self._changed:
            self._busy = False
            self._turn = True
            self._changed.notify_all()

    def _next(self) -> Connection | None:
        with self._changed:
            while not self._complete and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            self._busy = True
            return self._complete.popleft()

    def _answer(self, connection: Connection, classifier: ImageClassifier) -> bool:
        """Answers the request that is there; False where that is for the full server to do."""
        from firstserve.image.classifier import answer_json

        head = connection.head
        keeps_alive = head is not None and head.keeps_alive
        begun_s = time.monotonic()
        try:
            prediction = classifier.predict(connection.body())
            body = answer_json(self.model.name, self.model.version.number, prediction.classes)
            timing = self._clock.server_timing(prediction.decode_ms, prediction.inference_ms, begun_s)
            written = write_answer(body, timing, keeps_alive=keeps_alive)
        except Exception:  # noqa: BLE001 - whatever is wrong with the request, the full server says it
            return False
        now_s = time.monotonic()
        try:
            connection.socket.settimeout(_ANSWER_S)
            connection.socket.sendall(written)
            connection.socket.setblocking(False)
        except OSError:
            # Nobody reads what is sent: nothing more can be said on this connection.
            keeps_alive = False
        self._clock.mark("answered")
        self.answered.append(
            Answered(
                model=self.model.name,
                version=self.model.version.number,
                runtime=self.model.runtime,
                at_s=time.time(),
                latency_us=(now_s - connection.since_s) * 1e6,
                decode_ms=prediction.decode_ms,
                inference_ms=prediction.inference_ms,
                trace=(None, None) if head is None else head.trace,
            )
        )
        connection.forget_request(now_s)
        if not keeps_alive:
            connection.finish()
        return True


def _close(arrival: Arrival) -> None:
    arrival.connection.close()
