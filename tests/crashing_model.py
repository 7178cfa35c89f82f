"""A .tflite that LiteRT's C library does not survive.

Layout: https://flatbuffers.dev/internals/; fields by tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUBGRAPHS = 2
"""The field of a model."""
FAR_BYTES = 0x7FFFFF00
"""Where the memory of no process of ours goes on. Behind a file that is cut off, there may be another one."""


def crashing_model(good: Path) -> bytes:
    """The bytes of a good model whose subgraphs are said to lie 2 GiB behind where they are told of."""
    content = bytearray(good.read_bytes())
    (model,) = struct.unpack_from("<I", content)
    (back,) = struct.unpack_from("<i", content, model)
    (field,) = struct.unpack_from("<H", content, model - back + 4 + 2 * SUBGRAPHS)
    struct.pack_into("<I", content, model + field, FAR_BYTES)
    return bytes(content)
