"""What is imported until the first answer: whatever is added here delays it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target

FIRSTSERVE = """
cli errors heap launch listener parent servable server startup supervisor tensors worker_process
config config.base_path config.command_line config.flag config.flags config.kinds config.own_flags config.ports
config.settings config.tensorflow_serving_flags
first_responder first_responder.answer first_responder.connection first_responder.first_model first_responder.request
first_responder.responder
image image.classifier image.decoder image.memory image.options image.preprocess
models models.load_note models.model_config models.source
runtimes runtimes.checks
"""
RUNTIMES = {
    "fast": "associated_file lazy_file litert litert_c litert_compilation litert_compiled_model litert_model "
    "litert_pool litert_reserve tflite_metadata tflite_signatures",
    "slow": "signature_def tensorflow tensorflow_c tensorflow_tensor",
}
"""What each server has of `runtimes/` beside that."""
LATER = {
    *("flask", "gunicorn", "werkzeug", "jinja2", "logging.config", "ssl", "asyncio"),
    *("csimdjson", "google", "grpc", "grpc_health", "grpc_reflection", "numpy", "prometheus_client", "rapidjson"),
}
"""What other answers need."""
FULL_SERVER = "firstserve.web.http_server"
"""The first module of the full server; its import begins when the first answer is out."""


TELLS_ITS_MODULES = """
import os, sys

journal = os.open(os.environ["MODULES_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(lambda event, args: os.write(journal, f"{args[0]}\\n".encode()) if event == "import" else None)
"""
"""A sitecustomize for the server: notes every module when its import begins (Python's audit event `import`)."""


TELLS_ITS_PAGES = """
import os, sys

def note(event, args):
    if event == "open" and str(args[0]).endswith("page.html"):
        os.write(journal, f"{args[0]}\\n".encode())

journal = os.open(os.environ["PAGES_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(note)
"""
"""The same for the pages that it opens (Python's audit event `open`)."""


def imported(target: Target, folder: Path, cat: bytes) -> set[str]:
    """The modules that a server imports until its first answer is out."""
    (folder / "sitecustomize.py").write_text(TELLS_ITS_MODULES)
    modules = folder / "modules"
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "MODULES_FILE": str(modules)}
    with serving(*target.argv(), environment=environment) as server:
        server.wait_until_open()
        assert server.predict(cat).status == 200
        assert server.ask("GET", "/v2/health/live").status == 200
    before, found, _ = modules.read_text().partition(f"\n{FULL_SERVER}\n")
    assert found
    return set(before.split())


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_the_first_answer_loads_these_modules_and_no_others(
    targets: dict[str, Target], name: str, tmp_path: Path, cat: bytes
) -> None:
    modules = imported(targets[name], tmp_path, cat)
    own = {module.removeprefix("firstserve.") for module in modules if module.startswith("firstserve.")}
    assert own == {*FIRSTSERVE.split(), *(f"runtimes.{module}" for module in RUNTIMES[name].split())}


@pytest.fixture(params=[1, 2])
def cpus(request: pytest.FixtureRequest) -> Iterator[int]:
    """So many CPUs for the test and what it starts."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not tell processes their CPUs")
    own = os.sched_getaffinity(0)
    count: int = request.param
    if len(own) < count:
        pytest.skip(f"this machine has {len(own)} CPU")
    os.sched_setaffinity(0, sorted(own)[:count])
    yield count
    os.sched_setaffinity(0, own)


@pytest.mark.usefixtures("cpus")
@pytest.mark.parametrize("name", ["fast", "slow"])
def test_the_full_server_begins_when_the_first_answer_is_out(
    targets: dict[str, Target], name: str, tmp_path: Path, cat: bytes
) -> None:
    tops = {module.partition(".")[0] for module in imported(targets[name], tmp_path, cat)}
    assert tops.isdisjoint(LATER)


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_pages_are_read_when_they_are_asked_for(
    targets: dict[str, Target], name: str, tmp_path: Path, cat: bytes
) -> None:
    (tmp_path / "sitecustomize.py").write_text(TELLS_ITS_PAGES)
    pages = tmp_path / "pages"
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PAGES_FILE": str(pages)}
    with serving(*targets[name].argv(), environment=environment) as server:
        server.wait_until_open()
        assert server.predict(cat).status == 200
        assert server.ask("GET", "/v2/health/ready").status == 200
        assert pages.read_text() == ""
        for path, file in (("/", "playground/page.html"), ("/docs", "openapi/page.html")):
            assert server.ask("GET", path).status == server.ask("GET", path).status == 200
            assert pages.read_text().splitlines()[-1].endswith(file)
        # And once.
        assert len(pages.read_text().splitlines()) == 2
