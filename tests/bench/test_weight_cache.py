"""The command bench/weight_cache."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.server_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def measure(*options: object) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "bench/weight_cache"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_table_and_the_file_tell_loads_with_the_cache_beside_those_without(
    tflite_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "result.json"
    done = measure("--rounds=1", f"--model={tflite_model / '1'}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    assert "| weight cache   | warm       |" in done.stdout
    report = json.loads(out.read_text())
    assert report["model_bytes"] == (tflite_model / "1/model.tflite").stat().st_size
    assert [(loads["weights"], loads["page_cache"]) for loads in report["loads"]] == [
        ("packed at load", "warm"),
        ("weight cache", "warm"),
        ("packed at load", "cold"),
        ("weight cache", "cold"),
    ]
    packed, mapped = (loads["pss_of_two_bytes"] for loads in report["loads"][:2])
    # Two processes share the 10 MB that each would pack for itself.
    assert packed - mapped > 10_000_000


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    done = measure(f"--model={tmp_path}")
    assert done.returncode == 1
    assert "bench/weight_cache: " in done.stderr
    assert "no model.tflite in" in done.stderr
