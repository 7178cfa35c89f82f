"""Paths, methods, labels and versions, and the headers of what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rest.conftest import error_of

if TYPE_CHECKING:
    from tests.contract.rest.conftest import Rest

BODY = '{"instances": [1.0, 2.0, 5.0]}'
MALFORMED = [
    ("GET", "/v1/"),
    ("GET", "/v1/models/"),
    ("GET", "/v1//models/m"),
    ("GET", "/v1/models/m/"),
    ("GET", "/v1/models/m:predict"),
    ("GET", "/v1/models/m/metadata?x=1"),
    ("GET", "/v1/models/m/versions/1/labels/stable"),
    ("POST", "/v1/models/m"),
    ("POST", "/v1/models/m:PREDICT"),
    ("POST", "/v1/models/m:predict/"),
    ("POST", "/v1/models/m:predict?x=1"),
    ("POST", "/v1/models/m/versions/one:predict"),
    ("POST", "/v1/models/m/versions/1/labels/stable:predict"),
    ("PUT", "/v1/models/m:predict"),
    ("DELETE", "/v1/models/m"),
    ("PATCH", "/v1/models/m"),
]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/m:predict",
        "/v1/models/m/versions/1:predict",
        "/v1/models/m/versions/0000000002:predict",
        "/v1/models/m/labels/stable:predict",
        "/v1/models/m/labels/canar%79:predict",
        "/V1/Models/%6d/VERSIONS/1:predict",
    ],
)
def test_predict(rest: Rest, path: str) -> None:
    answer = rest.ask("POST", path, BODY)
    assert (answer.status, answer.body) == (200, b'{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}')
    assert answer.headers["Content-Type"] == "application/json"


def test_no_header_is_added_that_tensorflow_serving_does_not_send(rest: Rest) -> None:
    for answer in (rest.post(BODY), rest.post(BODY, model="none"), rest.ask("GET", "/v1/models/m")):
        sent = {name.lower() for name in answer.headers}
        assert {"content-type", "content-length", "date"} <= sent
        assert sent <= {"content-type", "content-length", "date", "server", "connection"}


@pytest.mark.parametrize(("method", "path"), MALFORMED)
def test_anything_else_is_malformed(rest: Rest, method: str, path: str) -> None:
    assert error_of(rest.ask(method, path, BODY)) == (400, f"Malformed request: {method} {path}")


def test_head_has_no_body(rest: Rest) -> None:
    answer = rest.ask("HEAD", "/v1/models/m")
    assert (answer.status, answer.body) == (400, b"")


def test_methods_that_nobody_has_are_not_implemented(rest: Rest) -> None:
    assert error_of(rest.ask("TRACE", "/v1/models/m"))[0] == 501


def test_a_target_may_name_the_server(rest: Rest) -> None:
    assert rest.ask("GET", "http://localhost/v1/models/m/versions/1").status == 200


def test_a_model_without_a_name(rest: Rest) -> None:
    for path in ("/v1/models", "/v1/models/versions/1"):
        assert error_of(rest.ask("GET", path)) == (400, "Missing model name in request.")


def test_a_version_that_is_no_int64_is_answered_without_a_body(rest: Rest) -> None:
    version = 2**63
    for method, path in (
        ("GET", f"/v1/models/m/versions/{version}"),
        ("GET", f"/v1/models/m/versions/{version}/metadata"),
        ("POST", f"/v1/models/m/versions/{version}:predict"),
    ):
        answer = rest.ask(method, path, BODY if method == "POST" else None)
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (400, b"", "application/json")


def test_what_is_not_routed_is_not_found(rest: Rest) -> None:
    for path in ("/v1", "/v3/models/m", "//v1/models/m"):
        assert rest.ask("GET", path).status == 404


@pytest.mark.parametrize("verb", ["predict", "classify", "regress"])
@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("none", (404, "Servable not found for request: Latest(none)")),
        ("m?x=1", (404, "Servable not found for request: Latest(m?x=1)")),
        ("a%2Fb", (404, "Servable not found for request: Latest(a/b)")),
        ("%e2%82%ac", (404, "Servable not found for request: Latest(\N{EURO SIGN})")),
        ("m/versions/7", (404, "Servable not found for request: Specific(m, 7)")),
        ("m/labels/none", (400, "Unrecognized servable version label: none")),
        ("none/labels/none", (400, "Unrecognized servable version label: none")),
    ],
)
def test_a_model_that_is_not_there(rest: Rest, verb: str, path: str, error: tuple[int, str]) -> None:
    body = BODY if verb == "predict" else '{"examples": [{"x": 1.0}]}'
    assert rest.refusal(body, path, verb) == error


def test_a_body_that_is_no_json_comes_before_a_model_that_is_not_there(rest: Rest) -> None:
    for verb in ("predict", "classify", "regress"):
        assert rest.refusal("[", "none", verb) == (400, "JSON Parse error: Invalid value. at offset: 1")
        assert "'signature_name' key must be" in rest.refusal('{"signature_name": 1}', "none", verb)[1]


def test_a_model_that_is_not_there_comes_before_a_body_without_inputs(rest: Rest) -> None:
    assert rest.refusal("{}", "none") == (404, "Servable not found for request: Latest(none)")


@pytest.mark.parametrize("rest", ["fast", "slow"], indirect=True)
def test_examples_that_are_wrong_come_before_a_model_that_is_not_there(rest: Rest) -> None:
    for verb in ("classify", "regress"):
        assert "'examples' is expected and was not found" in rest.refusal("{}", "none", verb)[1]


@pytest.mark.parametrize(("origin", "status"), [("http://a", 200), ("https://b", 200), ("null", 400), (None, 400)])
def test_preflight(rest: Rest, origin: str | None, status: int) -> None:
    for path in ("/v1/models/m:predict", "/v1/whatever"):
        answer = rest.ask("OPTIONS", path, **({"Origin": origin} if origin else {}))
        assert (answer.status, answer.body) == (status, b"")
        assert answer.headers["Access-Control-Allow-Origin"] is None
