"""Who gets which variant, and the file that says so."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from examples.deeplab_gateway.shares import Shares, SharesError, parse, variant_of

if TYPE_CHECKING:
    from pathlib import Path

USERS = [f"user-{number}@example.com" for number in range(1000)]


@pytest.mark.parametrize("small", [10, 50, 90])
def test_a_thousand_users_are_divided_as_the_shares_say(small: int) -> None:
    counts = Counter(variant_of(user, {"small": small, "large": 100 - small}) for user in USERS)
    deviation = math.sqrt(len(USERS) * small / 100 * (1 - small / 100))
    assert abs(counts["small"] - len(USERS) * small / 100) < 3 * deviation
    assert counts.total() == len(USERS)


def test_three_variants_are_divided_as_the_shares_say() -> None:
    shares = {"a": 20, "b": 30, "c": 50}
    counts = Counter(variant_of(user, shares) for user in USERS)
    # Pearson's test with two degrees of freedom: chance alone goes beyond 13.8 once in a thousand times.
    assert sum((counts[label] - 10 * share) ** 2 / (10 * share) for label, share in shares.items()) < 13.8


def test_the_same_user_gets_the_same_variant() -> None:
    """In any process, on any machine: these are constants."""
    variants = [variant_of(f"user {number}", {"small": 50, "large": 50}) for number in range(8)]
    assert variants == ["large", "large", "small", "small", "small", "large", "small", "small"]


def test_the_order_in_the_file_moves_nobody() -> None:
    assert all(
        variant_of(user, {"small": 30, "large": 70}) == variant_of(user, {"large": 70, "small": 30}) for user in USERS
    )


def test_a_share_that_grows_takes_users_and_loses_none() -> None:
    before = {user: variant_of(user, {"small": 90, "large": 10}) for user in USERS}
    after = {user: variant_of(user, {"small": 60, "large": 40}) for user in USERS}
    moves = Counter((before[user], after[user]) for user in USERS)
    assert moves["large", "small"] == 0
    assert moves["small", "large"] > 0


def test_a_share_of_zero_gets_nobody() -> None:
    assert {variant_of(user, {"small": 0, "large": 100}) for user in USERS} == {"large"}


def test_a_change_of_the_file_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "shares.json"
    file.write_text('{"small": 90, "large": 10}')
    shares = Shares(file)
    file.write_text('{"small": 20, "large": 80}')
    assert shares.read() == ({"small": 20, "large": 80}, None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no JSON"),
        ('{"small": 50, "large"', "no JSON"),
        ("[50, 50]", "expected an object such as"),
        ("{}", "expected an object such as"),
        ('{"small": 50, "large": 40}', "add up to 90: expected 100"),
        ('{"small": 101, "large": -1}', "the share of small is 101: expected a number from 0 to 100"),
        ('{"small": "50", "large": 50}', "the share of small is '50'"),
        ('{"small": NaN, "large": 50}', "the share of small is nan"),
        ('{"small": true, "large": 99}', "the share of small is True"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_and_named(text: str, complaint: str) -> None:
    with pytest.raises(SharesError, match=complaint):
        parse(text)


def test_shares_may_have_decimals() -> None:
    thirds = {"a": 33.3, "b": 33.3, "c": 33.4}
    assert parse(json.dumps(thirds)) == thirds


@pytest.mark.parametrize("broken", [None, b"{", b"\xff"])
def test_a_file_that_breaks_leaves_the_last_good_shares_in_force(tmp_path: Path, broken: bytes | None) -> None:
    file = tmp_path / "shares.json"
    file.write_text('{"small": 90, "large": 10}')
    shares = Shares(file)
    if broken is None:
        file.unlink()
    else:
        file.write_bytes(broken)
    in_force, problem = shares.read()
    assert in_force == {"small": 90, "large": 10}
    assert problem
    file.write_text('{"small": 50, "large": 50}')
    assert shares.read() == ({"small": 50, "large": 50}, None)
