"""Servers that already run behind a URL, such as Cloud Run's: the first request to a new revision is a cold start.

The time is that of the whole request, network and TLS included. Without a service name nothing makes an instance new:
then it is a cold start only where the service had scaled to zero.
"""

from __future__ import annotations

import subprocess
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.lab.errors import BenchError, NoAnswerError
from bench.lab.footprint import Footprint
from bench.lab.reply import Reply
from bench.lab.target import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.lab.picture import Picture


class UrlTarget:
    """A server behind a URL; with `service`, every cold start gets a new revision of that Cloud Run service."""

    engine = "url"
    cpus = None
    page_cache = ""
    server: str

    def __init__(self, url: str, service: str = "", region: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BenchError(f"{url} is no URL: give one as https://NAME-HASH.a.run.app")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._netloc = parts.netloc
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._service = service
        self._region = region
        self._token = ""
        self.server = service or parts.netloc

    def cold_start(self, picture: Picture, timeout_s: float) -> Measured:
        """The time of one request, after a new revision where the service is known.

        A request that is refused for want of a token has started no instance: it is repeated with one.
        """
        if self._service:
            region = ["--region", self._region] if self._region else []
            variable = f"FIRSTSERVE_BENCH_REVISION={time.time_ns()}"
            # Without the health check of the deployment no instance starts before the request does.
            update = ("beta", "run", "services", "update", self._service, *region)
            _gcloud(*update, "--update-env-vars", variable, "--no-deploy-health-check", "--quiet")
        reply, time_ms = self._ask(picture, timeout_s)
        if reply.status in (401, 403):
            self._token = self._identity_token()
            reply, time_ms = self._ask(picture, timeout_s)
        if reply.status in (401, 403):
            raise BenchError(
                f"{self._origin} answers {reply.status}: the account of `gcloud auth list` needs the role "
                "roles/run.invoker on the service."
            )
        return Measured(time_ms, picture.check(reply), reply.headers.get("server-timing", ""))

    def footprint(self, picture: Picture, timeout_s: float) -> Footprint:  # noqa: ARG002  # the targets' interface
        """Not known from outside."""
        return Footprint(None, None)

    def image_bytes(self) -> int | None:
        """Not known from outside."""
        return None

    def packages(self) -> Mapping[str, str]:
        """Not known from outside."""
        return {}

    def version(self) -> str:
        """Not known from outside."""
        return ""

    def _ask(self, picture: Picture, timeout_s: float) -> tuple[Reply, float]:
        headers = {"Content-Type": picture.content_type} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        connection = self._connect(self._netloc, timeout=timeout_s)
        started_s = time.perf_counter()
        try:
            connection.request("POST", "/predict", picture.data, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            raise NoAnswerError(f"no answer from {self._origin}: {error}") from error
        finally:
            connection.close()
        time_ms = (time.perf_counter() - started_s) * 1000
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body), time_ms

    def _identity_token(self) -> str:
        try:
            # Only a service account may name an audience, and its token must have one.
            return _gcloud("auth", "print-identity-token", f"--audiences={self._origin}")
        except BenchError:
            return _gcloud("auth", "print-identity-token")


def _gcloud(*arguments: str) -> str:
    try:
        done = subprocess.run(["gcloud", *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BenchError("gcloud is not there: install the Google Cloud CLI and run `gcloud auth login`.") from error
    except subprocess.CalledProcessError as error:
        raise BenchError(f"`gcloud {' '.join(arguments)}` failed: {error.stderr.strip()}") from error
    return done.stdout.strip()
