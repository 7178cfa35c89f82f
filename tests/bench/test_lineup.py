from __future__ import annotations

from bench.lab.lineup import group
from tests.bench.reports import cold_start


def test_only_what_ran_under_the_same_conditions_stands_together() -> None:
    starts = [
        cold_start("server_python_fast", [100.0], cpus=1),
        cold_start("server_python_fast", [90.0], cpus=2),
        cold_start("server_python_fast", [300.0], "gvisor", page_cache="cold"),
        cold_start("baseline_litert", [300.0], cpus=2),
    ]
    assert {heading: [start.server for start in members] for heading, members in group(starts).items()} == {
        "A process, 1 CPU": ["server_python_fast"],
        "A process, 2 CPUs": ["baseline_litert", "server_python_fast"],
        "A container under gVisor, the sandbox of Cloud Run, cold page cache": ["server_python_fast"],
    }


def test_floors_come_after_the_servers_and_what_no_table_knows_comes_last() -> None:
    names = ["my-service", "floor_python", "floor_c", "server_python_fast"]
    (members,) = group([cold_start(name, [1.0]) for name in names]).values()
    assert [start.server for start in members] == ["server_python_fast", "floor_c", "floor_python", "my-service"]
