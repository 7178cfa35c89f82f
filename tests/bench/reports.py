"""Reports as a measurement gives them, without one."""

from __future__ import annotations

from bench.lab.results import ColdStart, Load, LoadLevel, Report

PICTURE = {"name": "cat.jpg", "bytes": 37_971, "expected": 285}
NUMBERS = {"name": "half_plus_two", "bytes": 30, "expected": [2.5, 3.0, 4.5]}


MOMENTS = {"port_open": 40.0, "request_read": 60.0, "runtime_loaded": 88.0, "decoded": 92.0, "first_run": 100.0}


def cold_start(
    server: str, runs_ms: list[float], engine: str = "process", cpus: int | None = None, page_cache: str = "warm"
) -> ColdStart:
    return ColdStart(
        server=server,
        engine=engine,
        cpus=cpus,
        page_cache=page_cache,
        runs_ms=runs_ms,
        moments_ms=[MOMENTS if server.startswith("server") else {} for _ in runs_ms],
        class_id=285,
        label="" if server.startswith("baseline") else "Egyptian cat",
        server_timing="decode;dur=1.9",
        image_bytes=None if engine == "process" else 50 * 2**20,
        highest_memory_bytes=90 * 2**20,
        memory_bytes=80 * 2**20,
        packages={"flask": "3.1.3"},
        version="3.11.7",
    )


def cold_starts() -> Report:
    starts = [
        cold_start("baseline_litert", [300.0, 310.0, 290.0]),
        cold_start("server_python_fast", [150.0, 140.0, 170.0]),
        cold_start("server_python_fast", [400.0, 380.0, 420.0], "gvisor"),
    ]
    return Report("coldstart", PICTURE, 3, coldstarts=starts)


def load() -> Report:
    def levels(requests_per_s: float) -> list[LoadLevel]:
        return [LoadLevel(8, requests_per_s, 10.0, 20.0, 500, 0, 0, 0)]

    loads = [
        Load("baseline_litert", "REST", "", levels(100.0), 90 * 2**20),
        Load("server_python_fast", "REST", "baseline_litert", levels(150.0), None),
    ]
    return Report("load", PICTURE, 3, loads=loads)


def overhead() -> Report:
    loads = [
        Load("baseline_constant", "REST", "", [LoadLevel(1, 2000.0, 0.34, 0.82, 6000, 0, 0, 0)], 42 * 2**20),
        Load("server_python_fast", "REST", "baseline_constant", [LoadLevel(1, 1500.0, 0.55, 0.9, 4500, 0, 0, 0)], None),
        Load("server_python_fast", "gRPC", "baseline_constant", [LoadLevel(1, 1000.0, 0.65, 11, 3000, 0, 0, 0)], None),
    ]
    return Report("load", NUMBERS, 3, loads=loads)
