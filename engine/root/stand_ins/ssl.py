"""What gunicorn, prometheus_client and the standard library name of `ssl`, in an image without OpenSSL.

HTTP is served in the clear here, behind a platform that ends TLS; gRPC brings a TLS of its own. OpenSSL would be 5.6 MB
and a twentieth of the full server's start, and the library that is updated most often.
"""

from __future__ import annotations

from enum import IntEnum

CERT_NONE = 0
PROTOCOL_TLS = PROTOCOL_SSLv23 = 2
PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = 16, 17
SSL_ERROR_EOF = 8


class SSLError(OSError):
    """As `ssl.SSLError`."""


class SSLEOFError(SSLError):
    """As `ssl.SSLEOFError`."""


class SSLWantReadError(SSLError):
    """As `ssl.SSLWantReadError`."""


class SSLSyscallError(SSLError):
    """As `ssl.SSLSyscallError`."""


class TLSVersion(IntEnum):
    """As `ssl.TLSVersion`."""

    TLSv1_2 = 771
    TLSv1_3 = 772


class SSLContext:
    """Settings of connections that cannot be made."""

    def __init__(self, *_arguments: object, **_options: object) -> None:
        """Raises SSLError."""
        raise SSLError("this image has no OpenSSL: it neither serves HTTPS nor asks servers by it")


create_default_context = _create_default_https_context = SSLContext
