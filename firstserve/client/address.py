"""Address: a server's URL -> protocol, host, port and the path that everything is below."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "grpc": 8500, "grpcs": 443}
"""The schemes, and the port of each where the URL has none."""


class Address(NamedTuple):
    """Where a server is. `host` is without the brackets of IPv6, `path` without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def by_grpc(self) -> bool:
        """Whether it is asked by gRPC, and not by REST."""
        return self.scheme.startswith("grpc")

    @property
    def encrypted(self) -> bool:
        """Whether what is sent goes over TLS."""
        return self.scheme.endswith("s")

    @property
    def netloc(self) -> str:
        """Host and port, as URLs have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def on_this_machine(self) -> bool:
        """Whether nothing that is sent there leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def read_address(url: str) -> Address:
    """Raises ValueError for a URL that is none of a model server."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no server's address: give one such as http://localhost:8501, with {_schemes()}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{url!r} holds more than scheme, host, port and path: leave the rest away")
    path = parts.path.rstrip("/")
    if path and parts.scheme.startswith("grpc"):
        raise ValueError(f"{url!r} has a path, which gRPC does not have: leave {path!r} away")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return Address(parts.scheme, parts.hostname, port, path)


def _schemes() -> str:
    *some, last = (f"{scheme}://" for scheme in _PORTS)
    return f"{', '.join(some)} or {last}"
