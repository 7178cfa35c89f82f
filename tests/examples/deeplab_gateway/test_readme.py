"""The README of examples/deeplab_gateway: its commands print what it shows."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from tests.examples.deeplab_gateway.running import EXAMPLE, gateway, share
from tests.examples.test_walk_through import COMMAND, CONSOLE
from tests.server_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FIGURE = re.compile(r'(?<="inference_ms":)[\d.]+|(?<="share":)[\d.]+|(?<=_sum{variant="large"} )\S+')
"""The times, which are others each time, and the shares, which may be a pixel's more on another processor."""


def test_every_command_prints_what_the_readme_shows(server_port: int, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shares = share(tmp_path / "shares.json", small=50, large=50)
    with gateway(shares, server_port) as process:
        for block in CONSOLE.findall((EXAMPLE / "README.md").read_text()):
            _, *parts = COMMAND.split(block)
            for command, shown in zip(parts[::2], parts[1::2], strict=True):
                typed = command.replace("localhost:8080", f"localhost:{process.port}")
                typed = typed.replace("examples/deeplab_gateway/served/shares.json", str(shares))
                run = subprocess.run(["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=False)
                assert FIGURE.sub("", run.stdout.replace("\r", "")) == FIGURE.sub("", shown), command
