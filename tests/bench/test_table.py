from __future__ import annotations

from bench.lab.table import coldstart_table, load_table, phases_table
from tests.bench.reports import cold_start, cold_starts, load, overhead


def cells(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_a_server_is_divided_by_its_baseline_under_the_same_engine() -> None:
    _, _, *rows = cells(coldstart_table(cold_starts()))
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("process", "baseline_litert", "-"),
        ("process", "server_python_fast", "0.50"),
        ("gvisor", "server_python_fast", "-"),
    ]


def test_cold_starts_show_median_spread_image_memory_and_answer() -> None:
    rows = cells(coldstart_table(cold_starts()))
    assert rows[-1][3:5] == ["400 ms", "380 - 420"]
    assert rows[-1][6:] == ["50 MiB", "90 MiB", "80 MiB", "Egyptian cat"]
    assert rows[2][-1] == "class 285"


def test_the_machine_and_the_number_of_runs_stand_below() -> None:
    last = coldstart_table(cold_starts()).splitlines()[-1]
    assert "CPUs" in last
    assert last.endswith("cat.jpg (38 kB), 3 cold starts of each, warm page cache.")


def test_a_server_is_divided_by_its_baseline_with_as_many_cpus() -> None:
    report = cold_starts()
    report.coldstarts[:] = [
        cold_start("baseline_litert", [300.0], cpus=1),
        cold_start("server_python_fast", [120.0], cpus=2),
        cold_start("server_python_fast", [240.0], cpus=1),
    ]
    _, _, *rows = cells(coldstart_table(report))
    assert [(row[1], row[5]) for row in rows] == [("1", "-"), ("2", "-"), ("1", "0.80")]


def test_phases_are_moments_since_the_start_of_the_servers_that_tell_them() -> None:
    heading, _, *rows = cells(phases_table(cold_starts()))
    assert heading[3:] == [
        *("process start", "port open", "runtime loaded", "request read", "decoded", "first run", "answered"),
    ]
    assert rows == [
        ["process", "-", "server_python_fast", "50", "90", "138", "110", "142", "150", "150"],
        ["gvisor", "-", "server_python_fast", "300", "340", "388", "360", "392", "400", "400"],
    ]


def test_without_phases_there_is_no_table_of_them() -> None:
    report = cold_starts()
    report.coldstarts[:] = report.coldstarts[:1]
    assert phases_table(report) == ""


def test_load_is_divided_by_the_baselines_throughput() -> None:
    _, _, baseline, fast = cells(load_table(load()))
    assert baseline[:5] == ["REST", "baseline_litert", "8", "100.0", "-"]
    assert fast[:5] == ["REST", "server_python_fast", "8", "150.0", "1.50"]


def test_both_protocols_are_divided_by_the_one_baseline() -> None:
    _, _, _, *servers = cells(load_table(overhead()))
    assert [(row[0], row[4]) for row in servers] == [("REST", "0.75"), ("gRPC", "0.50")]


def test_short_times_have_a_digit_more() -> None:
    assert cells(load_table(overhead()))[-1][5:7] == ["0.65 ms", "11.0 ms"]


def test_a_small_question_is_measured_in_bytes() -> None:
    assert load_table(overhead()).splitlines()[-1].endswith("half_plus_two (30 bytes), 3 rounds.")


def test_every_row_is_as_wide_as_the_heading() -> None:
    for table in (
        coldstart_table(cold_starts()),
        phases_table(cold_starts()),
        load_table(load()),
        load_table(overhead()),
    ):
        assert len({len(line) for line in table.splitlines() if line.startswith("|")}) == 1
