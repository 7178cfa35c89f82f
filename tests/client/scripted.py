"""Servers that answer what a test tells them, by HTTP and gRPC, for what a model server cannot be made to do."""

from __future__ import annotations

import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import grpc

from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.certificates import Certificate

STATUS_BODY = b'{"model_version_status": [{"version": "7", "state": "AVAILABLE", "status": {}}]}'
"""The answer to a right question about a model's status."""
DRIP_S = 0.02


class Reply(NamedTuple):
    """What is answered to a request; `status` 0 ends the connection instead, -1 says nothing until the test ends.

    `raw` is sent as it is, again and again until the test ends.
    `missing_bytes` of the body never come: the connection ends before them, or with `drips` they come one by one.
    """

    status: int = 200
    body: bytes = STATUS_BODY
    headers: Mapping[str, str] = {}
    missing_bytes: int = 0
    drips: bool = False
    raw: bytes = b""


class Asked(NamedTuple):
    """A request, when it came on the clock of `time.monotonic()`, and from which port."""

    path: str
    headers: Mapping[str, str]
    at_s: float
    port: int


class ScriptedHttp(NamedTuple):
    """A running server, its address and what it was asked."""

    url: str
    asked: list[Asked]


@contextmanager
def scripted_http(*replies: Reply, certificate: Path | None = None) -> Iterator[ScriptedHttp]:
    """Gives the replies one after the other, the last one again and again; with a `certificate` (PEM, its key before
    it), over TLS.
    """
    asked: list[Asked] = []
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = replies[min(len(asked), len(replies) - 1)]
            asked.append(Asked(self.path, dict(self.headers), time.monotonic(), self.client_address[1]))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if reply.raw:
                self.close_connection = True
                with suppress(OSError):  # the client has gone
                    while not ended.wait(DRIP_S):
                        self.wfile.write(reply.raw)
                return
            if reply.status <= 0:
                if reply.status < 0:
                    ended.wait()
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + reply.missing_bytes))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = bool(reply.missing_bytes)
            with suppress(OSError):  # the client has gone
                while reply.drips and not ended.wait(DRIP_S):
                    self.wfile.write(b" ")

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ScriptedHttp(f"{scheme}://localhost:{server.server_port}", asked)
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class ScriptedGrpc(NamedTuple):
    """A running server, its address and the metadata of the calls that it got."""

    url: str
    asked: list[Mapping[str, str]]


@contextmanager
def scripted_grpc(
    *codes: grpc.StatusCode,
    certificate: Certificate | None = None,
    compression: grpc.Compression = grpc.Compression.NoCompression,
    beyond: bytes = b"",
) -> Iterator[ScriptedGrpc]:
    """Ends calls with the codes one after the other, then answers: a status with version 7 and what is `beyond`, else
    nothing.
    """
    asked: list[Mapping[str, str]] = []
    answer = GetModelStatusResponse()
    answer.model_version_status.add(version=7, state=30)

    def handle(_: bytes, context: grpc.ServicerContext) -> bytes:
        asked.append(dict(context.invocation_metadata()))
        if len(asked) <= len(codes):
            context.abort(codes[len(asked) - 1], "as told")
        return b""

    def handle_status(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_compression(compression)
        return handle(request, context) + bytes(answer.SerializeToString()) + beyond

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, called: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            is_status = called.method.endswith("/GetModelStatus")
            return grpc.unary_unary_rpc_method_handler(handle_status if is_status else handle)

    server = grpc.server(ThreadPoolExecutor(2), handlers=(Handlers(),))
    if certificate is None:
        port, scheme = server.add_insecure_port("127.0.0.1:0"), "grpc"
    else:
        pair = (certificate.key.encode(), certificate.certificate.encode())
        port, scheme = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair])), "grpcs"
    server.start()
    try:
        yield ScriptedGrpc(f"{scheme}://localhost:{port}", asked)
    finally:
        server.stop(None).wait()
