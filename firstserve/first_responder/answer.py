"""Answers of the first responder: the same bytes as the full server's, so that nobody can tell them apart."""

from __future__ import annotations

import time
from typing import NamedTuple

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Answered(NamedTuple):
    """One answer that has been given, for the full server's log and figures."""

    model: str
    version: int
    runtime: str
    at_s: float
    """Since the epoch."""
    latency_us: float
    """From the request's first byte; it may have waited for the model."""
    decode_ms: float
    inference_ms: float
    trace: tuple[str | None, str | None]


def write_answer(body: bytes, server_timing: str, *, keeps_alive: bool) -> bytes:
    """A 200 response as gunicorn writes it: its headers, in its order."""
    connection = "keep-alive" if keeps_alive else "close"
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Server: gunicorn\r\n"
        f"Date: {_http_date()}\r\n"
        f"Connection: {connection}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Server-Timing: {server_timing}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _http_date() -> str:
    """Now, as RFC 9110 5.6.7 writes it, whatever the locale."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime()
    return f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year} {hour:02}:{minute:02}:{second:02} GMT"
