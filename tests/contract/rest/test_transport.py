"""Bodies: compressed, in chunks, large, of any content type, and unread ones."""

from __future__ import annotations

import gzip
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.lab.memory import process_tree
from tests.contract.rest.conftest import Rest, error_of
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from tests.contract.conftest import Target

BODY = b'{"instances": [1.0, 2.0, 5.0]}'
ANSWER = {"predictions": [2.5, 3.0, 4.5]}
PREDICT = "/v1/models/m:predict"
EMPTY = (400, "JSON Parse error: The document is empty")
LIMIT_BYTES = 100 * 1024 * 1024
"""--max_rest_body_bytes"""
GIGABYTE = 1024 * 1024 * 1024
"""Of memory; the servers' settings.sh ask for as many of them."""
PICTURE_LIMIT_BYTES = 32 * 1024 * 1024


def highest_memory_bytes(pid: int) -> int:
    """The most that one of a server's processes has had so far."""
    statuses = (Path(f"/proc/{each}/status").read_text() for each in process_tree(pid))
    return max(int(match[1]) * 1024 for status in statuses if (match := re.search(r"VmHWM:\s+(\d+)", status)))


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_the_content_type_is_not_looked_at(rest: Rest, content_type: str) -> None:
    assert rest.ask("POST", PREDICT, BODY, Content_Type=content_type).json == ANSWER


def test_an_empty_body(rest: Rest) -> None:
    assert error_of(rest.ask("POST", PREDICT, b"")) == EMPTY


def test_a_body_in_chunks(rest: Rest) -> None:
    connection = rest.server.connect()
    connection.request("POST", PREDICT, iter([BODY[:5], BODY[5:]]), encode_chunked=True)
    assert connection.getresponse().read().startswith(b'{\n    "predictions": [2.5')
    connection.close()


def test_a_body_by_gzip(rest: Rest) -> None:
    assert rest.ask("POST", PREDICT, gzip.compress(BODY), Content_Encoding="gzip").json == ANSWER


@pytest.mark.parametrize("body", [BODY, gzip.compress(BODY)[:-4], b""])
def test_damaged_gzip_counts_as_empty(rest: Rest, body: bytes) -> None:
    assert error_of(rest.ask("POST", PREDICT, body, Content_Encoding="gzip")) == EMPTY


def test_gzip_that_inflates_beyond_the_limit_is_too_large(rest: Rest) -> None:
    bomb = gzip.compress(b" " * LIMIT_BYTES + BODY, 1)
    status, text = error_of(rest.ask("POST", PREDICT, bomb, Content_Encoding="gzip"))
    assert (status, text) == (413, f"the body inflates to more than {LIMIT_BYTES} bytes (--max_rest_body_bytes)")


def test_gzip_up_to_the_limit_is_inflated(rest: Rest) -> None:
    body = gzip.compress(b" " * (LIMIT_BYTES - len(BODY)) + BODY, 1)
    assert rest.ask("POST", PREDICT, body, Content_Encoding="gzip").json == ANSWER


def test_gzip_in_parts_is_inflated(rest: Rest) -> None:
    parts = gzip.compress(BODY[:9]) + gzip.compress(b"") * 500 + gzip.compress(BODY[9:])
    assert rest.ask("POST", PREDICT, parts, Content_Encoding="gzip").json == ANSWER


@pytest.mark.parametrize(("rest", "limit_bytes"), [("fast", GIGABYTE), ("slow", 2 * GIGABYTE)], indirect=["rest"])
@pytest.mark.parametrize("item", [b"0,", b"[],[0,0],", b'{"x":0},'])
def test_many_values_in_few_bytes_are_too_large_and_take_little_memory(
    rest: Rest, limit_bytes: int, item: bytes
) -> None:
    items = item * ((LIMIT_BYTES - 100) // len(item))
    bomb = gzip.compress(b'{"instances":[' + items[:-1] + b"]}", 1)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(rest.ask, "POST", PREDICT, bomb, Content_Encoding="gzip") for _ in range(3)]
        for answer in asked:
            status, text = error_of(answer.result())
            assert status == 413
            assert "that are read as JSON" in text
    assert rest.ask("POST", PREDICT, BODY).json == ANSWER
    assert highest_memory_bytes(rest.server.process.pid) < limit_bytes


def test_nine_hundred_levels_are_refused(rest: Rest) -> None:
    body = b'{"instances":' + b"[" * 900 + b"0," * 500_000 + b"0" + b"]" * 900 + b"}"
    assert error_of(rest.ask("POST", PREDICT, gzip.compress(body), Content_Encoding="gzip"))[0] == 400


def test_other_encodings_are_not_decoded(rest: Rest) -> None:
    status, text = error_of(rest.ask("POST", PREDICT, zlib.compress(BODY), Content_Encoding="deflate"))
    assert (status, text[:17]) == (400, "JSON Parse error:")


def test_answers_are_never_compressed(rest: Rest) -> None:
    answer = rest.ask("POST", PREDICT, BODY, Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] is None
    assert answer.json == ANSWER


def test_a_body_may_be_larger_than_a_picture(rest: Rest) -> None:
    assert rest.ask("POST", PREDICT, b" " * PICTURE_LIMIT_BYTES + BODY).json == ANSWER


def test_a_large_tensor(rest: Rest) -> None:
    values = [number / 4 for number in range(200_000)]
    assert rest.result({"instances": values}) == [value / 2 + 2 for value in values]
    assert rest.result({"inputs": {"x": values}}) == [value / 2 + 2 for value in values]


def test_a_connection_lives_on_after_an_error(rest: Rest) -> None:
    connection = rest.server.connect()
    for method, path, body, status in (
        ("PUT", "/v1/models/m", bytes(3_000_000), 400),
        ("POST", "/v1/models/none:predict", BODY, 404),
        ("GET", "/v1/models/m/versions/9" + "9" * 20, BODY, 400),
        ("OPTIONS", PREDICT, BODY, 400),
        ("POST", PREDICT, b"[", 400),
        ("POST", PREDICT, BODY, 200),
    ):
        connection.request(method, path, body)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


@pytest.mark.parametrize("name", ["fast", "rust"])
def test_cross_origin_requests_are_allowed_by_a_flag(targets: dict[str, Target], models: Path, name: str) -> None:
    flags = ["--model_name=m", f"--model_base_path={models / 'tflite'}", "--rest_api_enable_cors_support"]
    with serving(*targets[name].argv(), f"--port={free_port()}", *flags) as server:
        server.wait_until_open()
        rest = Rest(server)
        for answer in (
            rest.post(BODY),
            rest.post("["),
            rest.ask("GET", "/v1/models/m"),
            rest.ask("OPTIONS", PREDICT, Origin="https://a"),
            rest.ask("OPTIONS", PREDICT),
            rest.ask("DELETE", "/v1/models/m/versions/" + "9" * 30),
        ):
            headers = {name.lower(): text for name, text in answer.headers.items()}
            assert {name: text for name, text in headers.items() if name.startswith("access-control-")} == {
                "access-control-allow-origin": "*",
                "access-control-allow-methods": "POST, GET",
                "access-control-allow-headers": "Content-Type",
            }


def test_a_run_that_takes_too_long_is_ended(targets: dict[str, Target], models: Path) -> None:
    slow = targets["slow"]
    flags = ["--model_name=m", f"--model_base_path={models / 'tensorflow_only'}", "--rest_api_timeout_in_ms=700"]
    with serving(*slow.argv(), f"--port={free_port()}", *flags) as server:
        server.wait_until_open()
        rest = Rest(server)
        rest.ask("GET", "/v1/models/m/metadata")
        status, _ = rest.refusal('{"signature_name": "count", "inputs": 2000000000}')
        assert status == 504
        assert rest.result({"signature_name": "count", "inputs": 5}) == 5
