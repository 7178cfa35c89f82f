from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCKER = "[[ $1 == image ]] && echo 123456789; true"


def build(project: Path, programs: Path, server: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(project / server / "build.sh")],
        env={"PATH": str(programs), **settings},
        cwd=programs,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("server", "remedy"),
    [
        ("server_python_fast", "bash convert_to_tflite/run.sh"),
        ("server_python_slow", "bash generate/run.sh"),
        ("server_rust_fastest", "bash convert_to_tflite/run.sh"),
    ],
)
def test_image_without_a_model_is_refused_with_the_command_that_makes_one(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], server: str, remedy: str
) -> None:
    stand_in("docker", DOCKER)
    built = build(project, programs, server, ENGINE="docker")
    assert built.returncode == 1
    assert remedy in built.stderr


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_image_is_built_from_the_project_with_the_flags_of_the_environment(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], engine: str
) -> None:
    version = project / "saved_model_tflite" / "1"
    version.mkdir(parents=True)
    (version / "model.tflite").touch()
    calls = stand_in(engine, DOCKER)
    built = build(
        project,
        programs,
        "server_python_fast",
        ENGINE=engine,
        ENGINE_BUILD_FLAGS="--network=host --pull",
        BASE_IMAGE="local/python:3.11",
    )
    assert built.returncode == 0, built.stderr
    assert calls.read_text().splitlines()[0] == (
        "build --network=host --pull --build-arg BASE=local/python:3.11 -t server_python_fast "
        f"-f {project}/server_python_fast/Dockerfile {project}"
    )
    assert built.stdout.splitlines() == [
        "Built the image server_python_fast: 123 MB",
        "Next: bash server_python_fast/run.sh",
    ]


@pytest.mark.parametrize("server", ["server_python_fast", "server_python_slow", "server_rust_fastest"])
def test_what_the_dockerfile_copies_is_in_the_build_context(project: Path, server: str) -> None:
    copied = [
        path
        for words in map(str.split, (project / server / "Dockerfile").read_text().splitlines())
        if words[:1] == ["COPY"] and not words[1].startswith("--from")
        for path in words[1:-1]
    ]
    assert copied
    assert {f"!{path}" for path in copied} <= set((project / ".dockerignore").read_text().splitlines())
