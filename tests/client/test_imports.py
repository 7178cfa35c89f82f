"""What the client brings into a program, looked at in interpreters of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT

if TYPE_CHECKING:
    from tests.client.conftest import Served

SERVERS = {"flask", "gunicorn", "werkzeug", "PIL", "tensorflow", "ai_edge_litert", "simdjson", "rapidjson"}
WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None  # so that it cannot be imported
from firstserve.client import Client
with Client({url!r}) as client:
    print(client.predict("add", {{"a": [[1.5], [1.0]][0], "b": (2.25,)}}, version=1).outputs)
"""


def run(code: str) -> str:
    environment = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def imported(code: str) -> set[str]:
    """The modules that are there when the code has run, of all packages but the standard library's."""
    names = run(f"import sys\n{code}\nprint(*(set(sys.modules) - set(sys.stdlib_module_names)))").split()
    return set(names)


def test_importing_it_brings_no_library() -> None:
    names = imported("import firstserve.client")
    assert not names & (SERVERS | {"numpy", "grpc", "google.protobuf", "urllib3", "google.auth"})


def test_rest_needs_no_grpc(simple: Served) -> None:
    names = imported(f"from firstserve.client import Client\nClient({simple.rest!r}).status('add')")
    assert "urllib3" in names
    assert not names & (SERVERS | {"numpy", "grpc", "google.protobuf", "google.auth"})


def test_grpc_needs_no_urllib3(simple: Served) -> None:
    names = imported(f"from firstserve.client import Client\nClient({simple.grpc!r}).status('add')")
    assert {"grpc", "google.protobuf"} <= names
    assert not names & (SERVERS | {"numpy", "urllib3", "google.auth"})


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_without_numpy_there_are_lists(simple: Served, protocol: str) -> None:
    assert run(WITHOUT_NUMPY.format(url=getattr(simple, protocol))) == "{'result': [4.0]}"
