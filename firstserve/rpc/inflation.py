"""Inflation: a message as it came, by gzip, deflate or plain -> its bytes, piece by piece within the memory there is.

grpc would inflate it as a whole before anybody could look, and a few hundred kB hold gigabytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument, TooLarge

if TYPE_CHECKING:
    from firstserve.rpc.message_memory import Claim

_GZIP = b"\x1f\x8b"
"""No message begins so: it would be a field of a wire type that there is not."""
_DEFLATE = 0x78
"""As a message it would be field 15, which none of ours begins with."""
_HEADER_DIVISOR = 31
"""Of zlib's first two bytes. Format: RFC 1950."""
_EITHER = 32 + zlib.MAX_WBITS
_PIECE_BYTES = 1024 * 1024


def inflate(data: bytes, claim: Claim, limit_bytes: int) -> bytes | bytearray:
    """Raises InvalidArgument for what is cut off or damaged, TooLarge beyond the limit, QueueFull beyond the memory."""
    if not _is_compressed(data):
        _check_size(len(data), limit_bytes)
        return data
    inflated = bytearray()
    stream = zlib.decompressobj(_EITHER)
    pending = data
    try:
        while not stream.eof and pending:
            piece = stream.decompress(pending, _PIECE_BYTES)
            pending = stream.unconsumed_tail
            claim.extend(len(piece))
            inflated += piece
            _check_size(len(inflated), limit_bytes)
    except zlib.error as error:
        raise InvalidArgument(f"the compressed message is damaged: {error}") from error
    if not stream.eof or stream.unused_data:
        raise InvalidArgument("the compressed message is cut off, or something follows it")
    return inflated


def _is_compressed(data: bytes) -> bool:
    if data.startswith(_GZIP):
        return True
    return len(data) > 1 and data[0] == _DEFLATE and not int.from_bytes(data[:2]) % _HEADER_DIVISOR


def _check_size(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise TooLarge(
            f"the message is longer than {limit_bytes} bytes, its limit (grpc.max_receive_message_length in "
            "--grpc_channel_arguments): send it in parts"
        )
