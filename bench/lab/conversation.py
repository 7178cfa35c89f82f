"""Conversation: what a client says on one connection, byte for byte and piece by piece -> what it is answered.

Everything that the server sends until it ends the connection counts: an answer too many is seen as well as one that is
missing.
"""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.errors import LostError
from bench.lab.first_answer import RETRY_S
from bench.lab.question import post
from bench.lab.reply import HEAD_END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.lab.picture import Picture

ANSWER_TIMEOUT_S = 60.0
_MOMENTS = re.compile(rb"\r\n(Date|Server-Timing): [^\r]*")
_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"\r\nConnection: close\r\n"


class Conversation(NamedTuple):
    """What is said on one connection."""

    name: str
    pieces: tuple[bytes, ...]
    pause_s: float = 0.0
    """Between two pieces."""
    waits: bool = False
    """Whether each piece is a request, which is sent once the one before is answered."""
    meanwhile: bytes = rb"(?!)"
    """What may also be answered while the models still load, as a regular expression for all of it."""
    any_order: bool = False
    """Whether it is answered by one JSON document whose keys come in another order in every process."""

    def talk(self, port: int, alive: Callable[[], bool]) -> bytes:
        """Connects as soon as the port is open and gives all that is answered, but for moments.

        Raises LostError where the server ends (`alive` gives False), is silent for too long, or resets the connection.
        """
        try:
            with _connect(port, alive) as connection:
                answered = b"".join(self._exchange(connection))
        except OSError as error:
            raise LostError(f"{self.name}: {error}") from error
        answered = _MOMENTS.sub(rb"\r\n\1: -", answered)
        return _sort_keys(answered) if self.any_order else answered

    def _exchange(self, connection: socket.socket) -> Iterator[bytes]:
        for place, piece in enumerate(self.pieces):
            if place:
                time.sleep(self.pause_s)
            connection.sendall(piece)
            if self.waits:
                yield _read_answer(connection)
        if _CLOSE not in self.pieces[-1]:
            # Else the server would wait for more.
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            yield chunk


def conversations(picture: Picture, model: str) -> list[Conversation]:
    """One of every kind that a server is asked in while it starts: with pictures, and with whatever else there is."""
    own, last = picture.request(keep_alive=True), picture.request(keep_alive=False)
    head_bytes = own.index(HEAD_END) + len(HEAD_END)
    expecting = own[: head_bytes - 2] + b"Expect: 100-continue\r\n\r\n"
    form = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n' + picture.data + b"\r\n--x--\r\n"
    form_request = post("/predict", "multipart/form-data; boundary=x", form, keep_alive=True)
    chunked = own[:head_bytes].replace(b"Content-Length: %d" % len(picture.data), b"Transfer-Encoding: chunked")
    chunked += b"%x\r\n" % len(picture.data) + picture.data + b"\r\n0\r\n\r\n"
    live, ready = _get("/v2/health/live"), _get("/v2/health/ready")
    status, rest = f"/v1/models/{model}", f"/v1/models/{model}:predict"
    black = b'{"instances": [' + b"[" + b",".join([b"[" + b",".join([b"[0,0,0]"] * 224) + b"]"] * 224) + b"]" + b"]}"
    slow = tuple(own[begin : begin + len(own) // 8 + 1] for begin in range(0, len(own), len(own) // 8 + 1))
    cut_off = picture._replace(data=picture.data[:99])
    return [
        Conversation("a picture, the connection closed", (last,)),
        Conversation("a picture", (own,)),
        Conversation("pictures one after the other", (own,) * 40, waits=True),
        Conversation("pictures without waiting", (own * 4,)),
        Conversation("every kind without waiting", (own + live + form_request + own + _get("/nowhere") + own,)),
        Conversation("every kind one after the other", (own, live, form_request, own, chunked, own), waits=True),
        Conversation("nothing behind a close", (last + own,)),
        Conversation("a picture, slowly", slow, pause_s=0.05),
        Conversation("a picture behind 100 Continue", (expecting, picture.data), pause_s=0.01),
        Conversation("a picture that nobody waits for behind 100 Continue", (expecting + picture.data,)),
        Conversation("a form", (form_request,)),
        Conversation("chunks", (chunked,)),
        Conversation("a query", (own.replace(b"/predict ", b"/predict?top_k=1 "),)),
        Conversation("no picture", (cut_off.request(keep_alive=True), own), waits=True),
        Conversation("no request", (own + b"nonsense\r\n\r\n",)),
        Conversation("two lengths", (own.replace(b"\r\n", b"\r\nContent-Length: 1\r\n", 1),)),
        Conversation("nothing", (b"",)),
        Conversation("half a picture", (own[: len(own) // 2],)),
        Conversation("health", (live * 3,)),
        Conversation("readiness", (ready,), meanwhile=rb'HTTP/1\.1 503 .*\r\n\r\n\{"ready": false\}\n'),
        Conversation("status", (_get(status),), meanwhile=rb'HTTP/1\.1 200 .*"state": "(START|LOADING)".*'),
        Conversation("metadata", (_get(f"{status}/metadata"),), any_order=True),
        Conversation("tensors", (post(rest, "application/json", black, keep_alive=True),)),
        Conversation("bad tensors", (post(rest, "application/json", b'{"instances": [', keep_alive=True),)),
    ]


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("ascii")


def _connect(port: int, alive: Callable[[], bool]) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S)
        except ConnectionRefusedError:
            if not alive():
                raise
            time.sleep(RETRY_S)


def _sort_keys(answered: bytes) -> bytes:
    head, separator, body = answered.partition(HEAD_END)
    try:
        return head + separator + json.dumps(json.loads(body), sort_keys=True).encode()
    except ValueError:
        return answered


def _read_answer(connection: socket.socket) -> bytes:
    """One answer; the client has asked for no more than that."""
    received = bytearray()
    while True:
        answer = received.removeprefix(_CONTINUE)
        length = _LENGTH.search(answer)
        head_bytes = answer.find(HEAD_END)
        if head_bytes >= 0 and length and len(answer) >= head_bytes + len(HEAD_END) + int(length[1]):
            return bytes(received)
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionResetError(f"the connection was closed after {len(received)} bytes of an answer")
        received += chunk
