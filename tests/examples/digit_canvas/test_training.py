"""Training from scratch: how accurate it is, and that all servers answer with what has been first_run."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from examples.digit_canvas import drawing
from tests.examples.digit_canvas import strokes
from tests.examples.digit_canvas.conftest import SERVED_BY, recognizing, scores, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.examples.digit_canvas.conftest import FirstRun

LEAST_ACCURACY = 0.985
LEAST_RATE = 0.95
VARIANTS = 15
"""Of each manner to draw a digit."""

HeldOut = tuple[list[Any], list[int], list[Any]]


def printed_accuracy(printed: str) -> float:
    found = re.search(r"^Held-out accuracy: (\d\.\d+) ", printed, re.MULTILINE)
    assert found, printed
    return float(found[1])


def test_held_out_accuracy_is_printed_and_high_enough(first_run: FirstRun) -> None:
    assert printed_accuracy(first_run.printed) >= LEAST_ACCURACY


def test_a_fifth_of_each_class_is_held_out_and_nothing_of_it_learnt(held_out: HeldOut) -> None:
    instances, classes, learnt = held_out
    assert len(instances) == len(classes) == 360
    assert set(Counter(classes).values()) <= {35, 36, 37}
    seen = {str(each) for each in learnt}
    assert len(learnt) == 1437
    assert not seen & {str(each) for each in instances}


@pytest.mark.parametrize("server", SERVED_BY)
def test_server_is_as_accurate_as_training_says(server: str, first_run: FirstRun, held_out: HeldOut) -> None:
    instances, classes, _ = held_out
    with recognizing(server, first_run.folder) as process:
        answers = np.argmax(scores(process, instances), axis=1)
    assert round(float(np.mean(answers == classes)), 4) == printed_accuracy(first_run.printed)


def test_both_exports_give_the_same_scores(first_run: FirstRun, held_out: HeldOut) -> None:
    answers = []
    for server in ("server_python_fast", "server_python_slow"):
        with recognizing(server, first_run.folder) as process:
            answers.append(scores(process, held_out[0]))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-5)
    np.testing.assert_allclose(np.sum(answers[0], axis=1), 1, atol=1e-5)


def test_digits_that_a_hand_draws_are_recognised(first_run: FirstRun) -> None:
    generator = np.random.default_rng(2024)
    drawn = {
        digit: [
            drawing.instance(strokes.picture(strokes.by_hand(digit, manner, generator)))
            for manner in range(len(manners))
            for _ in range(VARIANTS)
        ]
        for digit, manners in strokes.MANNERS.items()
    }
    with recognizing("server_python_fast", first_run.folder) as process:
        rates = {
            digit: float(np.mean(np.argmax(scores(process, np.array(instances).tolist()), axis=1) == digit))
            for digit, instances in drawn.items()
        }
    assert np.mean(list(rates.values())) >= LEAST_RATE, rates


def test_what_is_not_accurate_enough_is_not_exported(tmp_path: Path) -> None:
    run = train("--copies", "1", "--epochs", "1", "--out", tmp_path)
    assert run.returncode == 1
    assert printed_accuracy(run.stdout) < LEAST_ACCURACY
    assert "less than 0.985 is not exported" in run.stderr
    assert list(tmp_path.iterdir()) == []
