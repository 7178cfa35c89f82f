"""Small files of large pictures: they take bounded memory and time, and other pictures wait for them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.lab.memory import process_tree
from tests.image import odd_files
from tests.image.files import encoded, gradient
from tests.server_process import serving

if TYPE_CHECKING:
    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

MEBI = 1024 * 1024


def peak_bytes(server: ServerProcess) -> int:
    """The most that its processes have had resident."""
    states = [Path(f"/proc/{pid}/status").read_text() for pid in process_tree(server.process.pid)]
    return 1024 * sum(int(kib) for state in states for kib in re.findall(r"VmHWM:\s+(\d+) kB", state))


@pytest.mark.parametrize(
    "file", [odd_files.png_of(1, 99_999_999), odd_files.png_of(99_999_999, 1), odd_files.extended_webp(9000, 9000)]
)
def test_an_image_that_would_take_too_much_memory_is_refused_by_its_header(
    server: ServerProcess, cat: bytes, file: bytes
) -> None:
    assert server.predict(cat).status == 200
    before = peak_bytes(server)
    answer = server.predict(file)
    assert answer.status == 413
    assert f"more than the limit of {512 * MEBI} (--max_image_memory_bytes): send a smaller one" in answer.error
    assert peak_bytes(server) - before < 64 * MEBI


@pytest.mark.parametrize(("width", "height"), [(1, 4_000_000), (4_000_000, 1)])
def test_a_narrow_image_takes_no_more_memory_than_its_size_tells(
    server: ServerProcess, cat: bytes, width: int, height: int
) -> None:
    assert server.predict(cat).status == 200
    before = peak_bytes(server)
    assert server.predict(odd_files.png_of(width, height, pixels=True)).status == 200
    assert peak_bytes(server) - before < 200 * MEBI


def test_a_jpeg_of_many_scans_is_taken_up_to_their_limit(server: ServerProcess) -> None:
    assert server.predict(odd_files.with_scans(50)).status == 200
    for count in (51, 3000):
        answer = server.predict(odd_files.with_scans(count))
        assert answer.status == 413
        assert "the JPEG has more scans than the limit of 50" in answer.error


def test_images_wait_for_memory_that_others_have(target: Target) -> None:
    file = encoded(gradient(400, 400), "PNG")
    # Each takes some 1.2 MB.
    with serving(*target.argv(), "--max_image_memory_bytes=2000000") as server, ThreadPoolExecutor(8) as pool:
        server.wait_until_open()
        answers = list(pool.map(server.predict, [file] * 24))
        assert [answer.status for answer in answers] == [200] * 24
        assert server.predict(encoded(gradient(800, 500), "PNG")).status == 413


def test_an_image_whose_time_is_over_is_late(target: Target) -> None:
    flags = ("--rest_api_timeout_in_ms=1", "--first_responder=false")
    with serving(*target.argv(), *flags) as server:
        server.wait_until_open()
        while server.ask("GET", "/v2/health/ready").status != 200:
            pass
        answer = server.predict(odd_files.png_of(4000, 4000, pixels=True))
        assert answer.status == 504
