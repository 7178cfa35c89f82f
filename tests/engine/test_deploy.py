from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://server-python-fast-123456789.europe-west1.run.app"


@pytest.fixture
def model(project: Path) -> Path:
    path = project / "saved_model_tflite" / "1" / "model.tflite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a model")
    return path


def gcloud(listing: Path) -> str:
    """Lists what the folder given by --source holds, as gcloud would send it, and prints a URL."""
    return f"""
while [[ $1 != --source ]]; do shift; done
echo "$2" >"{listing}"
(cd "$2" && find . -type f) >>"{listing}"
echo {URL}"""


def deploy(project: Path, programs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(project / "server_python_fast" / "deploy.sh"), *options],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.usefixtures("model")
def test_prints_the_url_alone_on_standard_output_and_what_to_do_next(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    stand_in("gcloud", gcloud(tmp_path / "listing"))
    deployed = deploy(project, programs)
    assert (deployed.returncode, deployed.stdout) == (0, f"{URL}\n")
    assert "bash run_client_cloud.sh" in deployed.stderr


@pytest.mark.usefixtures("model")
def test_asks_for_a_private_service_with_cpu_boost_and_passes_options_on(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    calls = stand_in("gcloud", gcloud(tmp_path / "listing"))
    deploy(project, programs, "--region", "europe-west1", "--allow-unauthenticated")
    call = calls.read_text()
    assert call.startswith("beta run deploy server-python-fast --source ")
    assert " --cpu-boost " in call
    assert " --no-allow-unauthenticated " in call
    assert call.endswith(" --region europe-west1 --allow-unauthenticated\n")


@pytest.mark.usefixtures("model")
def test_sends_the_dockerfile_at_the_top_and_what_it_copies(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    listing = tmp_path / "listing"
    stand_in("gcloud", gcloud(listing))
    deploy(project, programs)
    stage, *files = listing.read_text().splitlines()
    package = {
        f"./{path.relative_to(project)}"
        for part in ("engine/root", "firstserve")
        for path in (project / part).rglob("*.*")
    }
    assert set(files) == package | {
        "./Dockerfile",
        "./saved_model_tflite/1/model.tflite",
        "./server_python_fast/main.py",
        "./server_python_fast/requirements-build.txt",
        "./server_python_fast/requirements.txt",
    }
    assert not Path(stage).exists()


def test_missing_model_is_refused_with_the_command_that_makes_one(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path]
) -> None:
    stand_in("gcloud", "true")
    deployed = deploy(project, programs)
    assert deployed.returncode == 1
    assert "bash convert_to_tflite/run.sh" in deployed.stderr


@pytest.mark.usefixtures("model")
def test_missing_gcloud_is_refused_with_where_to_get_it(project: Path, programs: Path) -> None:
    deployed = deploy(project, programs)
    assert deployed.returncode == 1
    assert "https://cloud.google.com/sdk/docs/install" in deployed.stderr


@pytest.mark.usefixtures("model")
def test_failed_deployment_fails_and_leaves_no_stage(
    project: Path, programs: Path, stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    listing = tmp_path / "listing"
    stand_in("gcloud", gcloud(listing) + "; echo 'ERROR: permission denied' >&2; exit 1")
    deployed = deploy(project, programs)
    assert deployed.returncode == 1
    assert not Path(listing.read_text().splitlines()[0]).exists()
