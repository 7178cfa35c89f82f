"""A new model that cannot be loaded, beside one that serves, while it is tried again."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.contract.awaited import wait_for_answer
from tests.contract.model_config import model_config
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

BODY = b'{"instances": [0]}'
READY = "/v2/health/ready"


@contextmanager
def configured(target: Target, folder: Path, *flags: str) -> Iterator[tuple[ServerProcess, Path]]:
    """A server that serves `good`, and reads its config file every second."""
    config = folder / "models.config"
    config.write_text(model_config({"good": target.base_path}))
    with serving(
        *target.argv(),
        f"--port={free_port()}",
        f"--model_config_file={config}",
        "--model_config_file_poll_wait_seconds=1",
        *flags,
    ) as server:
        server.wait_until_open()
        wait_for_answer(server, "GET", READY, None, lambda answer: answer.status == 200)
        yield server, config


def test_a_new_model_that_fails_leaves_places_and_readiness_to_others(
    target: Target, tmp_path: Path, cat: bytes
) -> None:
    with configured(target, tmp_path, "--max_requests_at_once=1") as (server, config):
        (tmp_path / "bad" / "1").mkdir(parents=True)
        (tmp_path / "bad" / "1" / target.model_file).write_bytes(b"no model at all")
        config.write_text(model_config({"good": target.base_path, "bad": tmp_path / "bad"}))
        wait_for_answer(
            server, "POST", "/v1/models/bad:predict", BODY, lambda answer: b"could not be loaded" in answer.body
        )
        refused = server.ask("POST", "/v1/models/bad:predict", BODY)
        assert refused.status == 404
        assert refused.error.startswith("Servable not found for request: Latest(bad); it could not be loaded: ")
        assert str(tmp_path / "bad" / "1") in refused.error
        assert server.predict(cat, "?model=good").top[0] == 285
        assert server.ask("GET", READY).status == 200
        assert "Successfully loaded servable version {name: good version: 1} in " in server.log


def test_a_folder_without_versions_is_unloaded_and_told(target: Target, tmp_path: Path) -> None:
    shutil.copytree(target.base_path, tmp_path / "good")
    folder = target._replace(base_path=tmp_path / "good")
    with configured(folder, tmp_path) as (server, _):
        (tmp_path / "good" / "1").rename(tmp_path / "gone")
        wait_for_answer(server, "GET", READY, None, lambda answer: answer.status == 503)
        warning = f"No versions of servable good found under base path {tmp_path / 'good'}. Did you forget to name"
        wait_for_answer(
            server, "GET", READY, None, lambda _: "Done unloading servable version {name: good" in server.log
        )
        assert warning in server.log


def test_a_version_over_int64_is_none(target: Target, tmp_path: Path, cat: bytes) -> None:
    shutil.copytree(target.base_path / "1", tmp_path / "good" / "1")
    (tmp_path / "good" / "20240131123045123456").mkdir()
    folder = target._replace(base_path=tmp_path / "good")
    with configured(folder, tmp_path) as (server, _):
        assert server.predict(cat).json["version"] == "1"
        for digits in ("20240131123045123456", "9" * 3000):
            answer = server.predict(cat, f"?version={digits}")
            assert (answer.status, answer.error) == (404, f"Servable not found for request: Specific(good, {digits})")
            by_rest = server.ask("POST", f"/v1/models/good/versions/{digits}:predict", BODY)
            assert (by_rest.status, by_rest.body) == (400, b"")
        assert "20240131123045123456 is no version of servable good" in server.log
        assert "Traceback" not in server.log
