"""The command `firstserve weight_cache`: version folder -> XNNPACK's weight cache beside the model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError
from firstserve.weight_cache.builder import build, load_times_ms, remove

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUILD_HELP = """\
Writes the weights of a model.tflite, packed as XNNPACK needs them, beside it: the folder weight_cache in the version
folder. A server maps them in place of packing the weights itself, and so loads a model of 200 MB within milliseconds.
It uses them only where they are surely the model's own: for the same model, release of LiteRT and type of CPU, and
after a run that must give what the model gave here. Otherwise it packs as ever, and a line in its log tells why.

Run it on the type of machine that serves, and again after every change of the model; caches for several types of
machines may lie side by side. In a Dockerfile:
  RUN firstserve weight_cache build /models/mobilenet/1
"""


def main(arguments: Sequence[str]) -> int:
    """Runs `weight_cache build` and gives the exit status; 2 for a command line that is none."""
    parser = argparse.ArgumentParser("firstserve weight_cache", description="Makes large models load faster.")
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser(
        "build",
        help="packs a model's weights into a file beside it",
        description=_BUILD_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    builder.add_argument("folder", nargs="+", type=Path, metavar="VERSION_FOLDER", help="a folder with a model.tflite")
    builder.add_argument("--keep", action="store_true", help="keeps a cache with which the model loads no faster")
    options = parser.parse_args(arguments)
    try:
        for folder in options.folder:
            _build(folder, keep=options.keep)
    except (FirstserveError, OSError) as error:
        print(f"firstserve weight_cache: {folder}: {error}", file=sys.stderr)
        return 1
    return 0


def _build(folder: Path, *, keep: bool) -> None:
    file = build(folder)
    with_ms, without_ms = load_times_ms(folder)
    print(f"{folder}: loads in {with_ms:.0f} ms with a weight cache, in {without_ms:.0f} ms without")
    if with_ms < without_ms or keep:
        print(f"Built {file}: {file.stat().st_size / 1e6:.1f} MB. Next: serve it on machines of this type.")
    else:
        remove(file)
        print("No cache is kept: packing takes no longer than the checks. --keep keeps it; instances share its memory.")
