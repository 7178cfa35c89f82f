"""REST: requests as JSON or pictures -> HTTP -> answers as JSON, or a typed error."""

from __future__ import annotations

import gzip
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.exceptions import TimeoutError as NoAnswerInTime

from firstserve import __version__
from firstserve.client import json_values
from firstserve.client.answers import Answer, understood
from firstserve.client.errors import ClientError, DeadlineExceeded, ServerFault, Unavailable, of_http
from firstserve.client.http_retry import RetryUntil, TimeLeft, asked_wait_s, read_until
from firstserve.client.timed_connection import TimedPool, TimedTlsPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.client.address import Address
    from firstserve.client.transport import Options, SignatureOf
    from firstserve.models.model_spec import ModelSpec

_KEPT_CONNECTIONS = 32
_GZIP_LEVEL = 1
"""The fastest; of numbers as text the others take little more away."""
_SHOWN_CHARACTERS = 200
"""Of an answer that is not the server's own, such as a proxy's page."""


class _Reply(NamedTuple):
    """A response, and its body read to the end."""

    head: urllib3.BaseHTTPResponse
    body: bytes


class Rest:
    """Connections to one server, which several threads may use."""

    def __init__(self, address: Address, options: Options) -> None:
        self._address = address
        self._options = options
        certificates = options.root_certificates
        self._pool = urllib3.PoolManager(
            maxsize=_KEPT_CONNECTIONS,
            headers={"User-Agent": f"firstserve/{__version__}"},
            ca_cert_data=None if certificates is None else certificates.decode("ascii"),
        )
        self._pool.pool_classes_by_scheme = {"http": TimedPool, "https": TimedTlsPool}

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def predict(
        self, spec: ModelSpec, signature_name: str, inputs: Mapping[str, Any], signature: SignatureOf, until_s: float
    ) -> Answer:
        """Columns in, columns out."""
        body = {"signature_name": signature_name, "inputs": inputs}
        answer = self._post_json(f"{_model_path(spec)}:predict", body, "outputs", until_s)
        for newly_asked in (False, True):
            outputs = json_values.named_outputs(answer, signature(newly_asked=newly_asked).outputs)
            if outputs is not None:
                return Answer(outputs, spec.version)
        raise ServerFault(f'{self._address} answers other outputs than its signature "{signature_name}" has')

    def predict_instances(self, spec: ModelSpec, signature_name: str, instances: Any, until_s: float) -> list[Any]:
        """Rows in, rows out, as JSON has them."""
        body = {"signature_name": signature_name, "instances": instances}
        predictions: list[Any] = self._post_json(f"{_model_path(spec)}:predict", body, "predictions", until_s)
        return predictions

    def predict_picture(self, picture: bytes, query: Mapping[str, str], until_s: float) -> tuple[Any, str]:
        """The answer, and its `Server-Timing`."""
        headers = {"Content-Type": "application/octet-stream"}
        reply = self._ask("POST", f"/predict?{urlencode(query)}", until_s, picture, headers)
        return self._json(reply), reply.head.headers.get("Server-Timing", "")

    def status(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelStatusResponse."""
        return self._json(self._ask("GET", _model_path(spec), until_s))

    def metadata(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelMetadataResponse."""
        return self._json(self._ask("GET", f"{_model_path(spec)}/metadata", until_s))

    def _post_json(self, path: str, document: object, key: str, until_s: float) -> Any:
        """What the answer has under the key."""
        body = json_values.write(document)
        headers = {"Content-Type": "application/json"}
        if self._options.compress:
            body = gzip.compress(body, _GZIP_LEVEL)
            headers["Content-Encoding"] = "gzip"
        answer = self._json(self._ask("POST", path, until_s, body, headers))
        with understood(self._address):
            return answer[key]

    def _ask(
        self,
        method: str,
        path: str,
        until_s: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Reply:
        token = self._options.token()
        sent = {**self._pool.headers, **(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            reply = self._exchange(method, path, until_s, body, sent)
        except MaxRetryError as error:
            self._unanswered(error.reason or error, until_s)
        except HTTPError as error:
            self._unanswered(error, until_s)
        if reply.head.status != 200:
            raise _refusal(reply)
        return reply

    def _exchange(
        self, method: str, path: str, until_s: float, body: bytes | None, headers: Mapping[str, str]
    ) -> _Reply:
        """Asks until there is a whole answer; raises HTTPError where there is none."""
        url = f"{self._address}{path}"
        retries = RetryUntil.within(until_s, self._options.retries)
        while True:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=TimeLeft(until_s),
                retries=retries,
                redirect=False,
                preload_content=False,
            )
            try:
                return _Reply(response, read_until(response, until_s, self._options.answer_limit_bytes))
            except (ProtocolError, ReadTimeoutError) as error:
                # urllib3 asks again for what breaks before an answer's body, and not within it.
                retries = cast("RetryUntil", response.retries).increment(method, url, error=error)
                retries.sleep()

    def _unanswered(self, error: Exception, until_s: float) -> NoReturn:
        if isinstance(error, NewConnectionError):
            raise Unavailable(f"nobody listens at {self._address}: {error}") from error
        if isinstance(error, NoAnswerInTime) or time.monotonic() >= until_s:
            raise DeadlineExceeded(f"no answer from {self._address} within the time limit") from error
        raise Unavailable(f"the connection to {self._address} broke: {error}") from error

    def _json(self, reply: _Reply) -> Any:
        with understood(self._address):
            return json_values.read(reply.body)


def _model_path(spec: ModelSpec) -> str:
    path = f"/v1/models/{quote(spec.name, safe='')}"
    if spec.version is not None:
        return f"{path}/versions/{spec.version}"
    return path if spec.label is None else f"{path}/labels/{quote(spec.label, safe='')}"


def _refusal(reply: _Reply) -> ClientError:
    """The error of an answer: the server's text, or what somebody before it has said."""
    status = reply.head.status
    try:
        message = str(json_values.read(reply.body)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        text = re.sub("<[^>]*>", " ", reply.body.decode("utf-8", "replace"))
        message = f"status {status}: {' '.join(text.split())[:_SHOWN_CHARACTERS] or reply.head.reason}"
    return of_http(status)(message, code=str(status), retry_after_s=asked_wait_s(reply.head))
