"""Source: a model's base path and version policy -> the version folders that are wanted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import LoadError, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from firstserve.models.model_config import ModelConfig


_HIGHEST_VERSION = 2**63 - 1
"""Versions are int64 in the protocol."""
_MOST_DIGITS = len(str(_HIGHEST_VERSION))


class Version(NamedTuple):
    """A version folder: `<base path>/<number>`."""

    number: int
    path: Path


class Look(NamedTuple):
    """What a look at a base path has found."""

    versions: Mapping[int, Path]
    """The folders that the policy picks of those on disk, highest number first; empty where there is none."""
    warnings: Sequence[str]
    """What an operator may have meant otherwise."""


def look(config: ModelConfig) -> Look:
    """Looks for a model's versions. Raises NotFound where the base path cannot be seen."""
    try:
        on_disk, too_high = _versions_on_disk(config.base_path)
    except OSError as error:
        raise NotFound(
            f"Could not find base path {config.base_path} for servable {config.name} with error {error.strerror}"
        ) from error
    numbers = sorted(on_disk, reverse=True)
    if config.policy.specific is not None:
        numbers = [number for number in numbers if number in config.policy.specific]
    elif config.policy.latest is not None:
        numbers = numbers[: max(config.policy.latest, 1)]
    return Look({number: on_disk[number] for number in numbers}, _warnings(config, numbers, too_high))


def _warnings(config: ModelConfig, numbers: Sequence[int], too_high: Sequence[str]) -> list[str]:
    base_path, name = config.base_path, config.name
    warnings = [
        f"{base_path / folder} is no version of servable {name}: a version is a number up to {_HIGHEST_VERSION}"
        for folder in too_high
    ]
    if config.policy.specific is None and not numbers:
        # The words are TensorFlow Serving's.
        warnings.append(
            f"No versions of servable {name} found under base path {base_path}. Did you forget to name your leaf "
            "directory as a number (eg. '/1/')?"
        )
    missing = sorted((config.policy.specific or frozenset()).difference(numbers))
    return warnings + [
        f"Version {number} of servable {name}, which its version policy asks for, was not found under base path "
        f"{base_path}: a version's folder is named by its number, such as {base_path / str(number)}"
        for number in missing
    ]


def check_base_path(base_path: Path) -> None:
    """Raises LoadError, with the remedy, where there is nothing to serve now."""
    try:
        versions, _ = _versions_on_disk(base_path)
    except FileNotFoundError:
        raise LoadError(
            f"there is no model folder {base_path}: give the folder that holds the version folders by "
            "--model_base_path, or make one with generate/run.sh and convert_to_tflite/run.sh"
        ) from None
    except OSError as error:
        raise LoadError(f"the model folder {base_path} cannot be read: {error.strerror}") from error
    if not versions:
        raise LoadError(
            f"no version directory under {base_path}: expected a folder named by a number, such as {base_path / '1'}"
        )


def fingerprint(version_folder: Path) -> int:
    """A number that changes when a file of the folder does: whether a copy is still under way, or was mended."""
    seen = []
    for folder, _, files in os.walk(version_folder):
        for name in files:
            try:
                stat = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - as os.walk gives them
            except OSError:
                continue
            seen.append((folder, name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return hash(tuple(sorted(seen)))


def version_number(digits: str) -> int | None:
    """The version that digits write; None for a number beyond int64, which no request can ask for."""
    significant = digits.lstrip("0") or "0"
    # int() refuses thousands of digits.
    if len(significant) > _MOST_DIGITS or int(significant) > _HIGHEST_VERSION:
        return None
    return int(significant)


def _versions_on_disk(base_path: Path) -> tuple[dict[int, Path], list[str]]:
    """The folders by number, and the names of those whose number no request could ask for.

    Of two names of one number, such as 1 and 001, the one that sorts first wins, always the same.
    """
    versions, too_high = {}, []
    for name in sorted(os.listdir(base_path), reverse=True):  # noqa: PTH208 - on the cold path, and only names are needed
        if name.isascii() and name.isdigit():
            number = version_number(name)
            if number is None:
                too_high.append(name)
            else:
                versions[number] = base_path / name
    return versions, too_high
