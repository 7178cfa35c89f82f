"""The page, asked by Django's test client; behind it are real servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from tests.examples.conftest import LIMIT_S
from tests.examples.simple_model_django.conftest import serving_models, site_of
from tests.server_process import ROOT, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.server_process import ServerProcess

GOOD = {"operation": "add", "a": "1.5", "b": "2.25", "asked": "stable"}


def rows(response: Any) -> list[str]:
    """The calculations that the page shows."""
    found = re.findall(r"<tr>(.*?)</tr>", response.content.decode())
    return [" ".join(re.findall(r"<td>(.*?)</td>", row)) for row in found]


def outcome(response: Any) -> str:
    """The text of the answer, or of the reason why there is none."""
    section = re.search(r"<section.*?</h2>(.*?)</section>", response.content.decode(), re.DOTALL)
    assert section is not None
    return " ".join(re.sub(r"<[^>]*>", "", section[1]).split())


@pytest.mark.parametrize(
    ("operation", "asked", "row", "version"),
    [
        ("add", {"asked": "stable"}, "1.5 + 2.25 = 4", 1),
        ("add", {"asked": "canary"}, "1.5 + 2.25 = 3.75", 2),
        ("subtract", {"asked": "latest"}, "1.5 \N{MINUS SIGN} 2.25 = -0.75", 2),
        ("multiply", {"asked": "other", "other": "1"}, "1.5 \N{MULTIPLICATION SIGN} 2.25 = 3", 1),
        ("multiply", {"asked": "other", "other": "canary"}, "1.5 \N{MULTIPLICATION SIGN} 2.25 = 3.375", 2),
    ],
)
@pytest.mark.usefixtures("model_server")
def test_the_answer_is_the_models(
    visitor: Client, operation: str, asked: dict[str, str], row: str, version: int
) -> None:
    response = visitor.post("/", GOOD | {"operation": operation} | asked)
    assert response.status_code == 200
    assert rows(response) == [row]
    told = rf"From version {version} of “{operation}”, in \d+\.\d ms, over grpc://127\.0\.0\.1:\d+"
    assert re.search(f"{told}$", outcome(response))


@pytest.mark.usefixtures("model_server")
def test_lists_are_answered_row_by_row(visitor: Client) -> None:
    response = visitor.post("/", GOOD | {"a": "1.5, -2, 3e38", "b": "2.25 2 3e38", "asked": "canary"})
    assert rows(response) == ["1.5 + 2.25 = 3.75", "-2 + 2 = 0", "3e+38 + 3e+38 = too large for a float32"]


@pytest.mark.usefixtures("model_server")
@pytest.mark.parametrize("other", ["nightly", "99"])
def test_an_unknown_version_or_label_is_not_found(visitor: Client, other: str) -> None:
    response = visitor.post("/", GOOD | {"asked": "other", "other": other})
    assert response.status_code == 404
    message = f"The model server has no version or label “{other}” of “add”: choose another one."
    assert outcome(response) == message
    assert_form_is_kept(response, asked="other", other=other)


@pytest.mark.usefixtures("model_server")
def test_site_is_ready(visitor: Client) -> None:
    assert visitor.get("/ready").status_code == 200


def test_a_server_that_does_not_answer_in_time(visitor: Client, model_server: ServerProcess) -> None:
    with site_of(model_server.port, timeout_s=0.5), model_server.standing_still():
        response = visitor.post("/", GOOD)
    assert response.status_code == 504
    assert outcome(response) == "The model server did not answer within 0.5 seconds: try again in a moment."
    assert_form_is_kept(response)
    assert visitor.post("/", GOOD).status_code == 200


def test_a_server_that_is_down_and_comes_back(visitor: Client, exported: Path) -> None:
    port = free_port()
    with site_of(port):
        with serving_models(exported, port):
            assert visitor.post("/", GOOD).status_code == 200
        response = visitor.post("/", GOOD)
        assert response.status_code == 503
        assert outcome(response) == "The model server cannot be reached just now: try again in a moment."
        assert_form_is_kept(response)
        assert visitor.get("/ready").status_code == 503
        with serving_models(exported, port):
            # The client looks for a server that was away about once a second.
            deadline_s = time.monotonic() + LIMIT_S
            while (response := visitor.post("/", GOOD)).status_code == 503:
                assert time.monotonic() < deadline_s
            assert response.status_code == 200


def test_a_server_that_turns_requests_away(visitor: Client, exported: Path) -> None:
    port = free_port()
    # RESOURCE_EXHAUSTED, as of a server with too many requests, but for each one.
    takes_little = "--grpc_channel_arguments=grpc.max_receive_message_length=10"
    with serving_models(exported, port, "tflite", takes_little), site_of(port):
        response = visitor.post("/", GOOD)
    assert response.status_code == 503
    assert outcome(response) == "The model server has too much to do just now: try again in a moment."
    assert_form_is_kept(response)


def assert_form_is_kept(response: Any, **fields: str) -> None:
    text = response.content.decode()
    for name, value in (GOOD | fields).items():
        fields_of_name = re.findall(rf'<input type="(?:text|radio)" name="{name}"[^>]*>', text)
        filled = [field for field in fields_of_name if "checked" in field or 'type="text"' in field]
        assert len(filled) == 1
        assert f'value="{value}"' in filled[0]


def test_wrong_input_is_named_beside_its_field(visitor: Client) -> None:
    response = visitor.post("/", GOOD | {"a": "<b>one</b>"})
    assert response.status_code == 400
    text = response.content.decode()
    assert "“&lt;b&gt;one&lt;/b&gt;” is not a number: write it like 2, -1.5 or 3e4." in text
    (field,) = re.findall(r'<input type="text" name="a"[^>]*>', text)
    assert 'value="&lt;b&gt;one&lt;/b&gt;"' in field
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_a_helptext id_a_error"' in field
    assert "autofocus" in field


def test_a_form_from_elsewhere_is_refused() -> None:
    assert Client(enforce_csrf_checks=True).post("/", GOOD).status_code == 403


def test_the_sites_own_form_carries_its_token(model_server: ServerProcess) -> None:
    visitor = Client(enforce_csrf_checks=True)
    token = visitor.get("/").context["csrf_token"]
    assert model_server.process.poll() is None
    assert visitor.post("/", GOOD | {"csrfmiddlewaretoken": str(token)}).status_code == 200


def test_the_page_forbids_what_is_not_in_it(visitor: Client) -> None:
    response = visitor.get("/")
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    nonce = policy.pop("style-src").removeprefix("'nonce-").removesuffix("'")
    assert f'<style nonce="{nonce}">' in response.content.decode()
    assert set(policy) == {"default-src", "form-action", "base-uri", "frame-ancestors"}
    assert policy.pop("form-action") == "'self'"
    assert set(policy.values()) == {"'none'"}
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.cookies["csrftoken"]["httponly"]


def test_another_method_is_refused(visitor: Client) -> None:
    assert visitor.put("/").status_code == 405


def test_another_host_is_refused(visitor: Client) -> None:
    with override_settings(ALLOWED_HOSTS=["calculator.example"]):
        assert visitor.get("/").status_code == 400
        assert visitor.get("/", headers={"host": "calculator.example"}).status_code == 200


def test_django_has_nothing_to_say_against_the_settings_behind_https() -> None:
    command = [sys.executable, "-P", "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    environment = os.environ | {"HTTPS": "1", "PYTHONPATH": str(ROOT)}
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
