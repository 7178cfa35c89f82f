"""Listener: the port that HTTP is spoken on, bound to a socket that outlives the worker."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.config.settings import HttpSettings

_BACKLOG = 2048


def listen(http: HttpSettings, sockets: Sequence[socket.socket]) -> socket.socket:
    """The one of the sockets that listens; binds it first, unless an earlier worker has.

    Raises FirstserveError where the port cannot be had.
    """
    for each in sockets:
        if each.getsockname()[1]:
            return each
    try:
        try:
            # IPv6's wildcard takes IPv4 as well, where the machine knows IPv6.
            return _bind(http.bind_address or "::", http.port, sockets)
        except OSError as error:
            if http.bind_address or error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
            return _bind("0.0.0.0", http.port, sockets)  # noqa: S104 - a server in a container
    except OSError as error:
        host = f"[{http.bind_address}]" if ":" in http.bind_address else http.bind_address
        where = f"{host}:{http.port}" if host else f"port {http.port}"
        remedy = "another port is given by PORT or --rest_api_port"
        if host and error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            remedy = "--bind_address takes an address of this machine, such as 127.0.0.1 or [::]"
        raise FirstserveError(f"cannot listen on {where}: {error.strerror}; {remedy}") from error


def _bind(address: str, port: int, sockets: Sequence[socket.socket]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = next((each for each in sockets if each.family == family), None)
    if listener is None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # gunicorn sets this too, but for connections that arrive before it has started that is too late: every answer on
    # them would wait 40 ms for the client's acknowledgement of its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((address, port))
    listener.listen(_BACKLOG)
    return listener
