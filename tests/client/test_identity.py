"""The identity token: where it comes from, how it travels, and where it never goes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from firstserve.client import Client, Unavailable
from tests.certificates import Authority
from tests.client.scripted import Reply, scripted_grpc, scripted_http
from tests.server_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.scripted import ScriptedHttp

AUDIENCE = "https://add.example.com"
SENT = "abc"
METADATA_SERVER = Reply(200, b"", {"Metadata-Flavor": "Google"})
ACCOUNT = Reply(200, b'{"email": "run@example.com"}', {"Content-Type": "application/json"})
ASK_TWICE = f"""
from firstserve.client import CloudRunToken, ClientError
token = CloudRunToken({AUDIENCE!r})
try:
    print(token())
    print(token())
except ClientError as error:
    print(type(error).__name__, error.message)
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_it_goes_with_every_http_request() -> None:
    tokens = iter(["one", "two\n"])
    with scripted_http(Reply()) as server, Client(server.url, identity_token=lambda: next(tokens)) as client:
        client.status("m")
        client.status("m")
        assert [each.headers["Authorization"] for each in server.asked] == ["Bearer one", "Bearer two"]


def test_it_goes_over_tls(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("https")
    (tmp_path / "server.pem").write_text(issued.key + issued.certificate)
    trusted = authority.certificate.encode()
    with (
        scripted_http(Reply(), certificate=tmp_path / "server.pem") as server,
        Client(server.url, identity_token=SENT, root_certificates=trusted) as client,
    ):
        client.status("m")
        assert server.asked[0].headers["Authorization"] == f"Bearer {SENT}"


def test_it_goes_by_grpc_over_tls(authority: Authority) -> None:
    trusted = authority.certificate.encode()
    with (
        scripted_grpc(certificate=authority.issue("grpcs")) as server,
        Client(server.url, identity_token=lambda: SENT, root_certificates=trusted) as client,
    ):
        client.status("m")
        assert server.asked[0]["authorization"] == f"Bearer {SENT}"


def test_a_server_that_nobody_vouches_for_gets_none(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("unknown")
    (tmp_path / "server.pem").write_text(issued.key + issued.certificate)
    with (
        scripted_http(Reply(), certificate=tmp_path / "server.pem") as server,
        Client(server.url, identity_token=SENT) as client,
    ):
        with pytest.raises(Unavailable, match="certificate"):
            client.status("m")
        assert server.asked == []


def test_without_one_nothing_is_sent() -> None:
    with scripted_http(Reply()) as server, Client(server.url) as client:
        client.status("m")
        assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("url", ["http://add.example.com", "grpc://10.0.0.1:8500"])
def test_it_never_goes_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="use https:// or grpcs://"):
        Client(url, identity_token=SENT)


def ask_twice(server: ScriptedHttp) -> list[str]:
    """What a program prints for which the server is Google Cloud's metadata server."""
    host = server.url.removeprefix("http://")
    environment = {"PYTHONPATH": str(ROOT), "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}
    run = subprocess.run([sys.executable, "-c", ASK_TWICE], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def token_reply(lives_s: float) -> Reply:
    """A JSON Web Token that expires after this time; its signature is none."""
    parts: tuple[dict[str, object], ...] = ({"alg": "RS256"}, {"aud": AUDIENCE, "exp": int(time.time() + lives_s)}, {})
    token = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return Reply(200, token, {"Content-Type": "text/html"})


def test_cloud_run_gives_it_and_it_is_kept() -> None:
    reply = token_reply(lives_s=3600)
    with scripted_http(METADATA_SERVER, ACCOUNT, reply) as server:
        assert ask_twice(server) == [reply.body.decode()] * 2
        paths = [each.path for each in server.asked]
    identity = "/computeMetadata/v1/instance/service-accounts/default/identity"
    assert paths[2:] == [f"{identity}?audience=https%3A%2F%2Fadd.example.com&format=full"]


def test_one_that_has_expired_is_asked_anew() -> None:
    old, new = token_reply(lives_s=1), token_reply(lives_s=3600)
    with scripted_http(METADATA_SERVER, ACCOUNT, old, new) as server:
        assert ask_twice(server) == [old.body.decode(), new.body.decode()]


def test_without_an_account_it_says_so() -> None:
    with scripted_http(Reply(404)) as server:
        (said,) = ask_twice(server)
    assert said.startswith(f"Unauthenticated no identity token for {AUDIENCE}: ")
