"""The floor under every server in Python: a whole HTTP request from the port in $PORT -> a constant.

One connection after the other, no package and no model: what Python takes by itself, run with -I and -S.
"""

import os
import signal
import socket

HEAD_LIMIT_BYTES = 16384
BODY = b'{"predictions": [{"class": 0, "label": "a constant", "score": 0.0}]}'


def receive(connection: socket.socket) -> bytes:
    """The head of a request whose body is there too; nothing where it ends early."""
    received = bytearray()
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk or len(received) > HEAD_LIMIT_BYTES:
            return b""
        received += chunk
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"\r\ncontent-length:")
    left = int(length.split(b"\r\n")[0] or 0) - len(body)
    while left > 0:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        left -= len(chunk)
    return head


def answer(connection: socket.socket) -> None:
    """Answers the one request of a connection."""
    head = receive(connection)
    if head:
        known = head.startswith(b"POST /predict ")
        status, body = (b"200 OK", BODY) if known else (b"404 Not Found", b"{}")
        fields = b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close" % len(body)
        connection.sendall(b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status, fields, body))


def main() -> None:
    """Answers one connection after the other until a signal comes."""
    # The first process of a container ignores the signals that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with socket.create_server(("", int(os.environ.get("PORT", "8080")))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                answer(connection)


if __name__ == "__main__":
    main()
