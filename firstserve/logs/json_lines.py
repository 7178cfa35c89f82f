"""JSON lines: log records -> one JSON object a line on stderr, by the names that Cloud Logging reads.

A record that carries a dict as `fields` has them stand beside `severity`, `time` and `message`. Control characters
and everything outside ASCII are escaped, so that no text from a client ends a line or hides in it.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

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


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def configure(level: str) -> None:
    """Sends this process's logs to stderr; `level` is debug, info, warning or error, and libraries begin at warning."""
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
