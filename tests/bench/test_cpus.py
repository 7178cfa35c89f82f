from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.lab.cpus import bound_to, share_out
from bench.lab.errors import BenchError

ALL = frozenset(os.sched_getaffinity(0))
COUNT_CPUS = "import os; print(len(os.sched_getaffinity(0)))"


def test_the_client_gets_what_the_server_leaves() -> None:
    shares = share_out(1)
    assert len(shares.server) == 1
    assert shares.client == (ALL - shares.server or shares.server)


def test_where_none_is_left_the_client_shares_the_servers() -> None:
    assert share_out(len(ALL)) == (ALL, ALL)


@pytest.mark.parametrize("count", [0, -1, len(ALL) + 1])
def test_more_cpus_than_there_are_is_an_error(count: int) -> None:
    with pytest.raises(BenchError, match=f"there are 1 to {len(ALL)} to choose from"):
        share_out(count)


def test_what_is_started_runs_on_the_servers_cpus() -> None:
    with bound_to(share_out(1).server):
        found = subprocess.check_output([sys.executable, "-c", COUNT_CPUS])
    assert int(found) == 1
    assert os.sched_getaffinity(0) == ALL


def test_without_a_number_nothing_is_bound() -> None:
    with bound_to(share_out(None).server):
        assert os.sched_getaffinity(0) == ALL
