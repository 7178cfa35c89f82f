"""JPEG: the scans of a file, each of which costs a pass over all pixels, and memory where there are several."""

from __future__ import annotations

from firstserve.errors import TooLarge

LIMIT_SCANS = 50
"""Encoders write about ten."""
_SOS, _EOI = 0xDA, 0xD9


def has_several_scans(body: bytes, first_scan_end: int, components: int) -> bool:
    """Whether the scan whose header ends there is not the only one: it leaves components to others."""
    start = body.rfind(b"\xff\xda", 0, first_scan_end)
    return body[start + 4] < components


def check_scans(body: bytes, first_scan_end: int) -> None:
    """Raises TooLarge for more scans than `LIMIT_SCANS`, counted by their markers (ITU-T T.81, B.1.1)."""
    import re

    # In a scan's data, 0xff stands before 0 or a restart marker.
    marker = re.compile(rb"\xff+([^\0\xd0-\xd7\xff])")
    count, place = 1, first_scan_end
    while (found := marker.search(body, place)) is not None:
        code = found[1][0]
        if code == _EOI:
            return
        count += code == _SOS
        if count > LIMIT_SCANS:
            raise TooLarge(
                f"the JPEG has more scans than the limit of {LIMIT_SCANS}: send it with fewer, or as a baseline JPEG"
            )
        place = found.end() + int.from_bytes(body[found.end() : found.end() + 2], "big")
