"""The server in Rust as a plain process: built by stand-ins for cargo and Python, run by its run.sh."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVER = "server_rust_fastest"
PYTHON = """
library=$3/lib/python3.11/site-packages/ai_edge_litert/libLiteRt.so
[[ "$1 $2" == "-m venv" ]] || exit 0
mkdir -p "$3/bin" "$(dirname "$library")"
echo LiteRT >"$library"
cp "$0" "$3/bin/python"
"""
CARGO = """
while [[ $1 != --target-dir ]]; do shift; done
mkdir -p "$2/release"
printf '#!/usr/bin/env bash\\necho "$PORT $*"\\n' >"$2/release/server_rust_fastest"
chmod +x "$2/release/server_rust_fastest"
"""
TOOLS = ("cargo", "cc", "cmake", "nasm")


@pytest.fixture
def rust(stand_in: Callable[[str, str], Path]) -> Path:
    """Puts everything on the PATH that the server is built with, and gives the file of cargo's calls."""
    for tool in TOOLS[1:]:
        stand_in(tool, "true")
    stand_in("python3", PYTHON)
    return stand_in("cargo", CARGO)


@pytest.fixture
def script(
    project: Path, programs: Path, environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs build.sh or run.sh of the server."""

    def run(name: str, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(project / SERVER / name), *options],
            env=environment | {"PATH": str(programs)} | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.usefixtures("rust")
def test_missing_tool_is_named_with_where_to_get_it(
    script: Callable[..., subprocess.CompletedProcess[str]], programs: Path, tool: str
) -> None:
    (programs / tool).unlink()
    (programs / "uname").unlink()
    (programs / "uname").write_text("#!/usr/bin/env bash\necho x86_64\n")
    (programs / "uname").chmod(0o755)
    built = script("build.sh")
    assert built.returncode == 1
    assert f"{SERVER} is built with {tool}, which is not installed: get " in built.stderr


def test_build_is_what_the_lock_file_says_and_puts_the_library_beside_the_program(
    script: Callable[..., subprocess.CompletedProcess[str]], project: Path, rust: Path
) -> None:
    built = script("build.sh")
    assert built.returncode == 0, built.stderr
    assert built.stdout == f"Next: bash {SERVER}/run.sh\n"
    folder = project / SERVER
    assert rust.read_text() == (
        f"build --locked --profile release --manifest-path {folder}/Cargo.toml --target-dir {folder}/target\n"
    )
    assert (folder / "target/release/libLiteRt.so").read_text() == "LiteRT\n"


@pytest.mark.usefixtures("rust")
def test_program_gets_the_project_s_model_before_the_options(
    script: Callable[..., subprocess.CompletedProcess[str]], project: Path, port: int
) -> None:
    ran = script("run.sh", "--num_tflite_pools=2", PORT=str(port))
    model = f"--model_name=mobilenet --model_base_path={project}/saved_model_tflite"
    assert ran.stdout == f"{port} {model} --num_tflite_pools=2\n", ran.stderr


@pytest.mark.usefixtures("rust")
def test_program_gets_the_model_dir_under_its_name(
    script: Callable[..., subprocess.CompletedProcess[str]], model_folder: Path, port: int
) -> None:
    ran = script("run.sh", PORT=str(port), MODEL_DIR=str(model_folder))
    assert ran.stdout == f"{port} --model_name=flowers --model_base_path={model_folder}\n", ran.stderr


@pytest.mark.parametrize("variable", ["MODEL_BASE_PATH", "FIRSTSERVE_MODEL_NAME"])
@pytest.mark.usefixtures("rust")
def test_model_of_the_environment_is_left_to_the_program(
    script: Callable[..., subprocess.CompletedProcess[str]], port: int, variable: str
) -> None:
    assert script("run.sh", PORT=str(port), **{variable: "/models"}).stdout == f"{port} \n"
