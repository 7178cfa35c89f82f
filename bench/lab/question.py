"""Question: what every server is asked, and what is right -> the bytes of a request, and the check of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bench.lab.reply import Reply


class Question(Protocol):
    """One request and what is right for it."""

    def request(self, *, keep_alive: bool) -> bytes:
        """The complete HTTP/1.1 request."""

    def check(self, reply: Reply) -> object:
        """Raises WrongAnswerError for another answer than the right one, NoAnswerError for what is none."""

    def describe(self) -> dict[str, Any]:
        """What a report says of it: `name`, `bytes` of the body, and what is `expected`."""


def get(path: str) -> bytes:
    """The complete HTTP/1.1 request that asks for a path, once."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode("ascii")


def post(path: str, content_type: str, body: bytes, *, keep_alive: bool) -> bytes:
    """The complete HTTP/1.1 request that posts the body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
    )
    return head.encode("ascii") + body
