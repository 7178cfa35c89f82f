"""Text file: a file in protobuf's text format -> a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf import text_format

from firstserve.errors import FailedPrecondition, InvalidArgument, NotFound
from firstserve.rpc.pool import POOL
from firstserve.standard_streams import say

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")


def read_text_file(path: Path, message: M) -> M:
    """Fills the message.

    Raises NotFound or FailedPrecondition for a file that cannot be read. For one that says something else than such a
    message, raises InvalidArgument with TensorFlow Serving's text and tells where the fault is on stderr, as it does.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"{path}; {error.strerror}") from error
    except OSError as error:
        raise FailedPrecondition(f"{path}; {error.strerror}") from error
    try:
        text_format.Parse(content.decode(), message, descriptor_pool=POOL)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        say(f"Error parsing text-format {message.DESCRIPTOR.full_name}: {_fault(error)}\n")
        raise InvalidArgument(f"Invalid protobuf file: '{path}'") from error
    return message


def _fault(error: text_format.ParseError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return f"{line}:{column}: the text is not UTF-8"
    # ParseError puts its own "line:column : " in front.
    return f"{error.GetLine() or 1}:{error.GetColumn() or 1}: {str(error).partition(' : ')[2] or error}"
