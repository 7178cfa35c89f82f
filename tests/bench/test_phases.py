from __future__ import annotations

import pytest

from bench.lab.phases import align, median_moments, read_moments

FIRST = (
    "decode;dur=1.9, inference;dur=3.1, startup;dur=88.0, port_open;dur=41.0, runtime_loaded;dur=88.0, "
    "request_read;dur=60.2, decoded;dur=92.1, first_run;dur=99.9"
)


def test_a_first_answer_tells_its_moments() -> None:
    assert read_moments(FIRST) == {
        "port_open": 41.0,
        "runtime_loaded": 88.0,
        "request_read": 60.2,
        "decoded": 92.1,
        "first_run": 99.9,
    }


@pytest.mark.parametrize("header", ["", "decode;dur=1.9, inference;dur=3.1", "port_open", "not_port_open;dur=3"])
def test_a_header_without_moments_has_none(header: str) -> None:
    assert read_moments(header) == {}


def test_both_clocks_meet_at_the_first_run() -> None:
    assert align(150.0, {"port_open": 40.0, "first_run": 100.0}) == {
        "process_start": 50.0,
        "port_open": 90.0,
        "first_run": 150.0,
        "answered": 150.0,
    }


def test_both_clocks_meet_at_the_answer_where_it_is_known() -> None:
    moments = align(150.0, {"port_open": 40.0, "first_run": 100.0, "answered": 101.0})
    assert (moments["process_start"], moments["first_run"], moments["answered"]) == (49.0, 149.0, 150.0)


def test_a_process_does_not_begin_before_it_is_started() -> None:
    assert align(95.0, {"port_open": 40.0, "first_run": 100.0})["process_start"] == 0.0


def test_without_an_end_nothing_can_be_aligned() -> None:
    assert align(150.0, {"port_open": 40.0}) == {}


def test_medians_stand_in_the_order_of_time() -> None:
    runs = [
        {"runtime_loaded": 80.0, "request_read": 60.0},
        {"runtime_loaded": 90.0, "request_read": 70.0},
        {"runtime_loaded": 85.0, "request_read": 50.0, "decoded": 95.0},
    ]
    assert list(median_moments(runs).items()) == [("request_read", 60.0), ("runtime_loaded", 85.0), ("decoded", 95.0)]
