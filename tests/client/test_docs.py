"""docs/client.md: what it shows is typed into Python, and prints what it says."""

from __future__ import annotations

import doctest
import os
import re
from typing import TYPE_CHECKING

import pytest

from firstserve.client import Client
from tests.client.conftest import served, wait_for
from tests.contract.model_config import model_config
from tests.server_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.client.conftest import Served

DOCUMENT = ROOT / "docs/client.md"
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server(simple_model: Path, tflite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What the document has the reader start."""
    config = tmp_path_factory.mktemp("docs") / "models.config"
    models = {"add": simple_model / "tflite/add", "mobilenet": tflite_model}
    config.write_text(model_config(models, "add", {"stable": 1}))
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with served("fast", *flags) as server:
        wait_for(server, "add", 1, 2)
        yield server


def test_what_it_shows_is_printed(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = DOCUMENT.read_text().replace("http://localhost:8501", server.rest)
    text = text.replace("grpc://localhost:8500", server.grpc)
    names: dict[str, object] = {}
    test = doctest.DocTestParser().get_doctest(text, names, DOCUMENT.name, os.fspath(DOCUMENT), 0)
    test.globs = names
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
    client = names["client"]
    assert isinstance(client, Client)
    client.close()
    assert result.failed == 0, "".join(said)
    assert result.attempted > 10


def test_the_rest_of_its_code_runs() -> None:
    """What only works on Google Cloud is left to stand ready."""
    (code,) = CODE.findall(DOCUMENT.read_text())
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - it is our document
    for name in ("client", "by_grpc"):
        client = names[name]
        assert isinstance(client, Client)
        client.close()
