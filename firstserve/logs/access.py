"""Access: what becomes known of one request while it is answered -> a line in the log, and figures for monitoring.

Protocols make an Access when a request arrives, handlers fill it in, and once the answer is on its way an AccessLog
writes it down.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from firstserve.logs.json_lines import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firstserve.errors import FirstserveError
    from firstserve.first_responder.answer import Answered
    from firstserve.models.served_model import ServedModel
    from firstserve.monitoring.recorder import Recorder

log = logging.getLogger(__name__)

_SHOWN = 200
"""Characters of a path in a line's message; the field has more."""
_OK = "OK"
_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_SERVERS_FAULT = frozenset({"UNKNOWN", "INTERNAL", "DATA_LOSS", "UNAVAILABLE", "DEADLINE_EXCEEDED"})


class Access:
    """One request. What stays empty or None is left out of the line."""

    def __init__(self) -> None:
        self._started_s = perf_counter()
        self.latency_us = 0.0
        self.api = ""
        """Predict, Classify, Regress, MultiInference or Image; empty for what runs no model, which has no figures."""
        self.model = ""
        self.version: int | None = None
        self.runtime = ""
        self.examples: int | None = None
        """How many tf.Examples were sent."""
        self.decode_ms: float | None = None
        self.inference_ms: float | None = None
        self.code = ""
        """A gRPC status code's name; empty where the HTTP status says enough."""
        self.error = ""
        self.at_s: float | None = None
        """When it was answered, since the epoch, where that was not just now."""

    def asks(self, api: str, model: str) -> None:
        """Notes what is asked of which model, before anyone knows whether there is such a model."""
        self.api, self.model = api, model

    def found(self, model: ServedModel) -> None:
        """Notes which version answers."""
        self.model, self.version, self.runtime = model.name, model.version, model.runtime

    @contextmanager
    def running(self) -> Iterator[None]:
        """A block in which the model runs."""
        started_s = perf_counter()
        yield
        self.inference_ms = (perf_counter() - started_s) * 1e3

    def failed(self, error: FirstserveError) -> None:
        """Notes why there is no answer."""
        self.code, self.error = error.grpc, str(error)

    def was_answered(self, answered: Answered) -> None:
        """Notes an answer that was given before there was a log."""
        self.asks("Image", answered.model)
        self.version, self.runtime = answered.version, answered.runtime
        self.decode_ms, self.inference_ms = answered.decode_ms, answered.inference_ms
        self.latency_us, self.at_s = answered.latency_us, answered.at_s

    def answered(self) -> None:
        """Notes that the answer is ready to be sent."""
        self.latency_us = (perf_counter() - self._started_s) * 1e6


class AccessLog:
    """Writes accesses down. To be called once the answer is on its way: it takes its time."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def http(
        self,
        access: Access,
        method: str,
        path: str,
        status: int,
        trace: tuple[str | None, str | None],
        *,
        is_probe: bool = False,
    ) -> None:
        """A request by HTTP. `trace` is traceparent and X-Cloud-Trace-Context; probes are for who debugs."""
        code = access.code or _code(status)
        self._record(access, code, access.api.lower(), "REST")
        level = logging.DEBUG if is_probe else _level(code)
        if log.isEnabledFor(level):
            fields: dict[str, object] = {"protocol": "HTTP", "method": method, "path": path, "status": status}
            self._write(level, f"{method} {path[:_SHOWN]} {status}", access, fields, trace)

    def first_answer(self, answered: Answered) -> None:
        """One that the first responder has given, logged and counted like all others."""
        access = Access()
        access.was_answered(answered)
        self.http(access, "POST", "/predict", 200, answered.trace)

    def rpc(self, access: Access, rpc: str, code: str, trace: tuple[str | None, str | None]) -> None:
        """A call by gRPC: `rpc` is its full name, `code` its status code's name."""
        self._record(access, code, access.api, "GRPC")
        level = _level(code)
        if log.isEnabledFor(level):
            fields: dict[str, object] = {"protocol": "gRPC", "rpc": rpc, "status": code}
            self._write(level, f"{rpc} {code}", access, fields, trace)

    def _record(self, access: Access, code: str, api: str, entrypoint: str) -> None:
        if not access.api:
            return
        if access.inference_ms is not None:
            self._recorder.runtime(access.model, access.api, access.runtime, access.inference_ms * 1e3)
        if access.examples is not None and code == _OK:
            self._recorder.examples(access.model, access.examples)
        self._recorder.request(access.model, code, api, entrypoint, access.latency_us)

    def _write(
        self,
        level: int,
        message: str,
        access: Access,
        fields: dict[str, object],
        trace: tuple[str | None, str | None],
    ) -> None:
        if any(trace):
            from firstserve.logs.trace import trace_fields

            fields |= trace_fields(*trace)
        if access.model:
            fields["model"] = access.model
        if access.version is not None:
            fields["version"] = access.version
        fields["latency_ms"] = round(access.latency_us / 1e3, 3)
        if access.decode_ms is not None:
            fields["decode_ms"] = round(access.decode_ms, 3)
        if access.inference_ms is not None:
            fields["inference_ms"] = round(access.inference_ms, 3)
        if access.at_s is not None:
            fields["time"] = timestamp(access.at_s)
        if access.error:
            fields["error"] = access.error
        log.log(level, "%s", message, extra={"fields": fields})


def _code(status: int) -> str:
    if status < 400:
        return _OK
    return _CODES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")


def _level(code: str) -> int:
    return logging.ERROR if code in _SERVERS_FAULT else logging.INFO
