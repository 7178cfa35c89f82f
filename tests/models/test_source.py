"""Which version folders of a base path are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstserve.errors import LoadError, NotFound
from firstserve.models.model_config import LATEST, ModelConfig, VersionPolicy
from firstserve.models.source import check_base_path, fingerprint, look, version_number

if TYPE_CHECKING:
    from pathlib import Path


def make(base_path: Path, *names: str) -> Path:
    for name in names:
        (base_path / name).mkdir()
    return base_path


def aspired(base_path: Path, policy: VersionPolicy = LATEST) -> dict[int, str]:
    versions = look(ModelConfig("m", base_path, policy)).versions
    return {number: path.name for number, path in versions.items()}


def warnings(base_path: Path, policy: VersionPolicy = LATEST) -> list[str]:
    return list(look(ModelConfig("m", base_path, policy)).warnings)


def test_the_highest_number_is_the_latest(tmp_path: Path) -> None:
    assert aspired(make(tmp_path, "9", "10", "2")) == {10: "10"}


def test_leading_zeros_stay_in_the_folders_name(tmp_path: Path) -> None:
    assert aspired(make(tmp_path, "00000123", "5")) == {123: "00000123"}


def test_of_two_names_of_one_number_one_wins(tmp_path: Path) -> None:
    assert aspired(make(tmp_path, "1", "001", "01")) == {1: "001"}


@pytest.mark.parametrize(
    ("policy", "numbers"),
    [
        (VersionPolicy(latest=2), [10, 9]),
        (VersionPolicy(latest=0), [10]),
        (VersionPolicy(latest=100), [10, 9, 2]),
        (VersionPolicy(), [10, 9, 2]),
        (VersionPolicy(specific=frozenset({2, 9, 77})), [9, 2]),
    ],
)
def test_the_policy_picks(tmp_path: Path, policy: VersionPolicy, numbers: list[int]) -> None:
    assert list(aspired(make(tmp_path, "9", "10", "2"), policy)) == numbers


def test_other_names_are_no_versions(tmp_path: Path) -> None:
    assert aspired(make(tmp_path, "latest", "v2", "-3", "1.5", "²", "tmp_4")) == {}


@pytest.mark.parametrize(
    ("digits", "version"),
    [
        ("0", 0),
        ("00000123", 123),
        ("9223372036854775807", 2**63 - 1),
        ("0" * 5000 + "7", 7),
        ("9223372036854775808", None),
        ("9" * 5000, None),
    ],
)
def test_a_version_is_an_int64(digits: str, version: int | None) -> None:
    assert version_number(digits) == version


def test_a_number_over_int64_is_no_version_and_is_warned_of(tmp_path: Path) -> None:
    make(tmp_path, "7", "20240131123045123456")
    assert aspired(tmp_path) == {7: "7"}
    assert warnings(tmp_path) == [
        f"{tmp_path}/20240131123045123456 is no version of servable m: a version is a number up to 9223372036854775807"
    ]


def test_a_base_path_without_versions_is_warned_of_with_the_hint(tmp_path: Path) -> None:
    make(tmp_path, "v1.0")
    for policy in (LATEST, VersionPolicy()):
        (warning,) = warnings(tmp_path, policy)
        assert warning == (
            f"No versions of servable m found under base path {tmp_path}. Did you forget to name your leaf directory "
            "as a number (eg. '/1/')?"
        )


def test_each_specific_version_that_is_missing_is_warned_of(tmp_path: Path) -> None:
    make(tmp_path, "2")
    assert warnings(tmp_path, VersionPolicy(specific=frozenset({2, 9, 5}))) == [
        f"Version {number} of servable m, which its version policy asks for, was not found under base path {tmp_path}: "
        f"a version's folder is named by its number, such as {tmp_path}/{number}"
        for number in (5, 9)
    ]


def test_what_is_there_is_not_warned_of(tmp_path: Path) -> None:
    make(tmp_path, "1", "v1.0")
    assert warnings(tmp_path) == []


def test_a_base_path_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    with pytest.raises(NotFound, match=f"Could not find base path {path} for servable m with error No such file"):
        aspired(path)


def test_a_missing_base_path_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"there is no model folder .*--model_base_path"):
        check_base_path(tmp_path / "nowhere")


def test_a_base_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LoadError, match="cannot be read: Not a directory"):
        check_base_path(tmp_path / "file")


def test_a_base_path_without_a_version_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no version directory under .*: expected a folder named by a number"):
        check_base_path(make(tmp_path, "latest"))


def test_the_fingerprint_changes_with_a_files_content(tmp_path: Path) -> None:
    before = fingerprint(tmp_path)
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "data").write_bytes(b"1")
    between = fingerprint(tmp_path)
    (tmp_path / "variables" / "data").write_bytes(b"22")
    assert len({before, between, fingerprint(tmp_path)}) == 3
    assert fingerprint(tmp_path) == fingerprint(tmp_path)
