"""Models that LiteRT runs in part or not at all: what can be served is, and the rest is named with its remedy."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.awaited import wait_for_line
from tests.server_process import ROOT, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import Answer, ServerProcess

    Serve = Callable[[str], AbstractContextManager[ServerProcess]]

SQUARES = [[[1.0, 2.0], [3.0, 4.0]]]
NO_DETERMINANT = "needs TensorFlow's own MatrixDeterminant, which LiteRT does not have"
OTHER_RUNTIME = "server_python_fast with --runtime=interpreter"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models that limited_models.py writes."""
    folder = tmp_path_factory.mktemp("limited_models")
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, ROOT / "tests/limited_models.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(params=["fast", "rust"])
def serve(request: pytest.FixtureRequest, targets: dict[str, Target], models: Path) -> Serve:
    """Serves one of the models as `m`."""
    return server_of(targets[request.param], models)


@pytest.fixture
def interpret(targets: dict[str, Target], models: Path) -> Serve:
    """Serves one of the models as `m` through the interpreter."""
    return server_of(targets["interpreter"], models)


def server_of(target: Target, models: Path) -> Serve:
    @contextmanager
    def serve(name: str) -> Iterator[ServerProcess]:
        with serving(*target.argv(), "--model_name=m", f"--model_base_path={models / name}") as server:
            yield server

    return serve


def ask(server: ServerProcess, **request: Any) -> Answer:
    server.wait_until_open()
    return server.ask("POST", "/v1/models/m:predict", json.dumps(request).encode())


def refused(serve: Serve, name: str) -> str:
    """What a server says of a model with which it does not start."""
    with serve(name) as server:
        assert server.process.wait(60) != 0
        return server.log


@pytest.mark.parametrize("name", ["tensorflow_operation_first", "tensorflow_operation_second"])
def test_a_signature_is_served_beside_one_that_cannot_be(serve: Serve, name: str) -> None:
    with serve(name) as server:
        answer = ask(server, instances=SQUARES, signature_name="double")
        assert answer.json == {"predictions": [[[2.0, 4.0], [6.0, 8.0]]]}
        answer = ask(server, instances=SQUARES, signature_name="determinant")
        assert answer.status == 501
        assert answer.error.startswith(f'signature "determinant" {NO_DETERMINANT}')


def test_a_model_that_cannot_be_served_at_all_is_refused_with_the_operation(serve: Serve) -> None:
    assert NO_DETERMINANT in refused(serve, "tensorflow_operation")


def test_one_tensor_under_two_names_is_given_under_both(serve: Serve) -> None:
    with serve("two_names") as server:
        answer = ask(server, inputs=[[1.0, 2.0]], signature_name="twice")
        assert answer.json == {"outputs": {"first": [[2.0, 4.0]], "second": [[2.0, 4.0]]}}
        assert ask(server, inputs=[[1.0, 2.0]], signature_name="plus_one").json == {"outputs": [[2.0, 3.0]]}


def test_a_large_tensor_under_two_names_is_given_under_both(serve: Serve) -> None:
    rows = 150_000
    with serve("two_names") as server:
        outputs = ask(server, inputs=[[1.0, 2.0]] * rows, signature_name="twice").json["outputs"]
        assert outputs["first"] == [[2.0, 4.0]] * rows
        assert outputs["second"] == [[2.0, 4.0]] * rows


def test_a_variable_is_one_for_all_signatures_and_shapes(serve: Serve) -> None:
    with serve("variable") as server:
        assert ask(server, inputs=[[1.0, 1.0]], signature_name="add").json == {"outputs": [2.0, 3.0]}
        assert ask(server, inputs=[[0.0, 0.0]], signature_name="read").json == {"outputs": [2.0, 3.0]}
        rows = [[1.0, 1.0]] * 3
        assert ask(server, inputs=rows, signature_name="add").json == {"outputs": [5.0, 6.0]}
        assert ask(server, inputs=[[0.0, 0.0]] * 2, signature_name="read").json == {"outputs": [5.0, 6.0]}
        assert ask(server, inputs=[[1.0, 1.0]], signature_name="add").json == {"outputs": [6.0, 7.0]}


def test_an_output_whose_size_depends_on_values_is_named(serve: Serve) -> None:
    with serve("positions") as server:
        answer = ask(server, instances=[[1.0, -2.0]])
        assert answer.status == 501
        assert answer.error.startswith('output "output_0" has a size that is known only after a run')
        assert OTHER_RUNTIME in answer.error


@pytest.mark.parametrize(
    ("name", "inputs", "reason"),
    [("lookup", [7], "gather index out of bounds"), ("division", {"x": [4], "y": [0]}, "Division by 0")],
)
def test_what_litert_reports_of_a_run_is_told(serve: Serve, name: str, inputs: Any, reason: str) -> None:
    with serve(name) as server:
        answer = ask(server, inputs=inputs)
        assert answer.status == 500
        assert reason in answer.error
        wait_for_line(server, f'"error": "{answer.error}"')
        assert not any(line.startswith("ERROR:") for line in server.log.splitlines())
        right = {"lookup": [1], "division": {"x": [9], "y": [2]}}[name]
        assert ask(server, inputs=right).json == {"outputs": {"lookup": [20.0], "division": [4]}[name]}


def test_what_litert_reports_of_a_load_is_told(serve: Serve) -> None:
    assert "Didn't find op for builtin opcode 'MUL' version '99'" in refused(serve, "newer_operation")


def test_a_model_with_state_of_its_own_is_refused_with_the_tensor(serve: Serve) -> None:
    log = refused(serve, "state")
    assert 'keeps state in its tensor \\"svdf/state\\"' in log
    assert OTHER_RUNTIME in log


def test_a_tensor_of_any_rank_takes_all_ranks(serve: Serve) -> None:
    with serve("any_rank") as server:
        assert ask(server, inputs=3.0).json == {"outputs": 6.0}
        assert ask(server, inputs=[[1.0, 2.0]]).json == {"outputs": [[2.0, 4.0]]}
        assert ask(server, inputs=[[[1.0]]]).json == {"outputs": [[[2.0]]]}
        metadata = server.ask("GET", "/v1/models/m/metadata").json["metadata"]["signature_def"]
        (tensor,) = metadata["signature_def"]["serving_default"]["inputs"].values()
        assert tensor["tensor_shape"]["unknown_rank"] is True


def test_a_git_lfs_pointer_is_named(serve: Serve) -> None:
    assert "it is a Git LFS pointer, and no model: fetch the model with git lfs pull" in refused(
        serve, "git_lfs_pointer"
    )


def test_what_a_run_leaves_in_its_tensors_is_gone_before_the_next(interpret: Serve) -> None:
    with interpret("state") as server:
        for _ in range(3):
            assert ask(server, inputs=[[1.0, 1.0]]).json == {"outputs": [[2.0]]}


def test_the_interpreter_keeps_variables_for_all_signatures(interpret: Serve) -> None:
    with interpret("variable") as server:
        with ThreadPoolExecutor(8) as clients:
            rows = [[1.0, 1.0]]
            list(clients.map(lambda _: ask(server, inputs=rows, signature_name="add"), range(32)))
        assert ask(server, inputs=[[0.0, 0.0]], signature_name="read").json == {"outputs": [33.0, 34.0]}


def test_the_interpreter_gives_outputs_whose_size_depends_on_values(interpret: Serve) -> None:
    with interpret("positions") as server:
        assert ask(server, instances=[[1.0, -2.0]]).json == {"predictions": [[0, 0]]}


def test_the_interpreter_names_a_git_lfs_pointer(interpret: Serve) -> None:
    assert "it is a Git LFS pointer, and no model: fetch the model with git lfs pull" in refused(
        interpret, "git_lfs_pointer"
    )


def test_the_interpreter_takes_all_ranks_where_a_model_does(interpret: Serve) -> None:
    with interpret("any_rank") as server:
        assert ask(server, inputs=3.0).json == {"outputs": 6.0}
        assert ask(server, inputs=[[1.0, 2.0]]).json == {"outputs": [[2.0, 4.0]]}
