"""JSON lines: log records -> one JSON object a line on stderr, by the names that Cloud Logging reads.

A record that carries a dict as `fields` has them stand beside `severity`, `time` and `message`. Control characters
and everything outside ASCII are escaped, so that no text from a client ends a line or hides in it.
"""

from __future__ import annotations

import atexit
import json
import logging
import sys
import time
from datetime import UTC, datetime

from firstserve.logs.line_stream import LineStream
from firstserve.logs.line_writer import LineWriter
from firstserve.standard_streams import STDERR

_MESSAGE_LIMIT = 8192
_FIELD_LIMIT = 512


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; a traceback goes into `stack_trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        entry: dict[str, object] = {
            "severity": record.levelname,
            "time": timestamp(record.created),
            "message": _cut(record.getMessage(), _MESSAGE_LIMIT),
        }
        for name, value in getattr(record, "fields", {}).items():
            entry[name] = _cut(value, _FIELD_LIMIT) if isinstance(value, str) else value
        if record.exc_info:
            entry["stack_trace"] = _cut(self.formatException(record.exc_info), _MESSAGE_LIMIT)
        return json.dumps(entry)


def timestamp(at_s: float) -> str:
    """A moment since the epoch as RFC 3339 writes it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")


def _tell_dropped(count: int) -> bytes:
    """The line that stands where lines are missing."""
    message = f"{count} lines of the log were dropped: its reader did not take them"
    entry = {"severity": "WARNING", "time": timestamp(time.time()), "message": message, "dropped": count}
    return f"{json.dumps(entry)}\n".encode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def configure(level: str) -> None:
    """Sends this process's logs to stderr; `level` is debug, info, warning or error, and libraries begin at warning.

    Whatever else is printed there from now on takes the same way, on which nobody waits for who reads it.
    """
    if not isinstance(sys.stderr, LineStream):
        sys.stderr = LineStream(STDERR, LineWriter(STDERR, _tell_dropped))
        atexit.register(sys.stderr.close)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    # A line tells neither its place in the code nor its thread and process: they need not be found out.
    logging._srcfile = None  # noqa: SLF001 - the way that logging's documentation names
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    own = logging.getLevelNamesMapping()[level.upper()]
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(own, logging.WARNING))
    logging.getLogger("firstserve").setLevel(own)
