"""Command line -> deeplab/<version>/ for each model, models.config that labels the versions, shares.json."""

import argparse
import json
import re
from pathlib import Path
from typing import NamedTuple

from examples.deeplab_gateway.shares import WHOLE, Percentages, Shares, SharesError
from examples.deeplab_gateway.signature import MODEL
from generate.errors import UserError, main
from generate.quiet import quiet
from generate.version_folder import new_version

OUT = Path(__file__).parent / "served"
KINDS = {".tflite": "server_python_fast or server_rust_fastest", ".pb": "server_python_slow"}


class Variant(NamedTuple):
    """A model file, and the label that its version goes by."""

    label: str
    file: Path


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="examples/deeplab_gateway/build.sh",
        description="Build what the server serves from models of DeepLabV3; the first becomes version 1.",
    )
    parser.add_argument(
        "variants",
        type=variant,
        nargs="+",
        metavar="LABEL=FILE",
        help="a name for the variant, and its model: a quantised .tflite, or a frozen graph (.pb)",
    )
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where to (default: %(default)s)")
    parser.add_argument(
        "--input",
        default="ImageTensor:0",
        metavar="TENSOR",
        help="the frozen graph's picture (default: %(default)s, as DeepLab's own export has it)",
    )
    parser.add_argument(
        "--output",
        default="SemanticPredictions:0",
        metavar="TENSOR",
        help="the frozen graph's classes, pixel by pixel (default: %(default)s)",
    )
    parser.add_argument("--verbose", action="store_true", help="show TensorFlow's own log")
    return parser.parse_args()


def variant(text: str) -> Variant:
    """Return the variant that an argument names."""
    label, _, file = text.partition("=")
    if not re.fullmatch(r"[A-Za-z][\w.-]*", label, re.ASCII) or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is no LABEL=FILE: expected one such as small=deeplab.tflite")
    return Variant(label, Path(file))


def run(asked: argparse.Namespace) -> None:
    """Write a version folder for each variant, and the files that name them."""
    kind = _kind(asked.variants)
    with quiet(verbose=asked.verbose):
        for version, (label, file) in enumerate(asked.variants, start=1):
            with new_version(asked.out / MODEL, version) as folder:
                # TensorFlow takes seconds to import, and a .tflite does without it.
                if kind == ".tflite":
                    from examples.deeplab_gateway import tflite

                    tflite.write(file, folder)
                else:
                    from examples.deeplab_gateway import frozen_graph

                    frozen_graph.write(file, folder, asked.input, asked.output)
            print(f"Wrote version {version}, {label}, from {file.name}", flush=True)
    labels = [label for label, _ in asked.variants]
    _put(asked.out / "models.config", _config(asked.out.resolve(), labels))
    _put(asked.out / "shares.json", json.dumps(_shares(asked.out / "shares.json", labels), indent=2) + "\n")
    print(f"{KINDS[kind]} serves {asked.out}/models.config. Next: bash examples/deeplab_gateway/run.sh")


def _kind(variants: list[Variant]) -> str:
    labels = [label for label, _ in variants]
    if len(set(labels)) < len(labels):
        raise UserError(f"two variants have one label, of {', '.join(labels)}: give each its own")
    if missing := [str(file) for _, file in variants if not file.is_file()]:
        raise UserError(f"there is no file {missing[0]}: see where the models come from in the README")
    suffixes = {file.suffix for _, file in variants}
    if unknown := suffixes - set(KINDS):
        raise UserError(f"cannot make sense of a {unknown.pop() or 'file without suffix'}: expected .tflite or .pb")
    if len(suffixes) > 1:
        raise UserError("one server serves all variants, so they are of one kind: all .tflite, or all .pb")
    return suffixes.pop()


def _config(folder: Path, labels: list[str]) -> str:
    """Return a ModelServerConfig; TensorFlow Serving wants the whole path, and each label to be listed."""
    versions = range(1, len(labels) + 1)
    lines = [
        f'name: "{MODEL}"',
        f"base_path: {json.dumps(str(folder / MODEL))}",
        'model_platform: "tensorflow"',
        f"model_version_policy {{ specific {{ {' '.join(f'versions: {version}' for version in versions)} }} }}",
        *(f'version_labels {{ key: "{label}" value: {n} }}' for label, n in zip(labels, versions, strict=True)),
    ]
    body = "".join(f"    {line}\n" for line in lines)
    return f"model_config_list {{\n  config {{\n{body}  }}\n}}\n"


def _shares(path: Path, labels: list[str]) -> Percentages:
    """Return the shares that were set for these labels, else even ones."""
    try:
        shares = Shares(path).read()[0]
        if set(shares) == set(labels):
            return shares
    except SharesError:
        pass
    share, rest = divmod(WHOLE, len(labels))
    return {label: share + (place < rest) for place, label in enumerate(labels)}


def _put(path: Path, text: str) -> None:
    """Move it into place whole, for those who watch the file."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.rename(path)


if __name__ == "__main__":
    main(lambda: run(options()))
