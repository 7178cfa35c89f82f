"""The command bench/coldstart: servers, started in turn -> times to the first answer, as JSON and a table."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lab import page_cache
from bench.lab.command import run, say
from bench.lab.engines.cloud_run import UrlTarget
from bench.lab.engines.oci import OciEngine
from bench.lab.engines.process import ProcessEngine
from bench.lab.phases import read_moments
from bench.lab.picture import DEFAULT_CLASS, DEFAULT_PICTURE, load_picture
from bench.lab.results import LOCAL, ColdStart, Report, describe_answer
from bench.lab.servers import FLOORS, ROOT, SERVERS, choose_servers
from bench.lab.table import coldstart_table, phases_table
from bench.lab.target import LocalTarget

if TYPE_CHECKING:
    from bench.lab.footprint import Footprint
    from bench.lab.picture import Picture
    from bench.lab.target import Engine, Measured, Target

ENGINES = ("process", "runc", "gvisor")


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/coldstart",
        description="Measures the time from the start of a server to its first correct answer, "
        f"several servers in turn. Servers: {', '.join(server.name for server in SERVERS)}; "
        f"floors: {', '.join(floor.name for floor in FLOORS)}.",
    )
    add = parser.add_argument
    add("servers", nargs="*", metavar="SERVER", help="which to start; all but the floors, where none is named")
    add("--floors", action="store_true", help="also the floors, which answer a constant: C alone and Python alone")
    add("-e", "--engine", action="append", choices=ENGINES, help="how they are started; repeatable (default: process)")
    add(
        "--cpus",
        action="append",
        type=int,
        metavar="N",
        help="how many CPUs everything started may use; repeatable, each in turn (default: all, the client's included)",
    )
    add(
        "--page-cache",
        choices=(page_cache.WARM, page_cache.COLD),
        default=page_cache.WARM,
        help="cold: empties the machine's page cache before every timed start, which needs root (default: %(default)s)",
    )
    add("--url", action="append", default=[], help="a server that runs elsewhere, such as on Cloud Run; repeatable")
    add(
        "--service",
        action="append",
        default=[],
        metavar="NAME",
        help="the Cloud Run service behind the --url of the same place: gets a new revision before every request, "
        "so that each one is a cold start; repeatable",
    )
    add("--region", default="", help="the region of the --service (default: gcloud's own)")
    add("-n", "--runs", type=int, default=9, help="how many cold starts of each count (default: %(default)s)")
    add(
        "--uncounted",
        type=int,
        default=1,
        metavar="RUNS",
        help="rounds before those, which bring all files into the page cache; none for a --url (default: %(default)s)",
    )
    add("--picture", metavar="FILE", help=f"the image that is sent (default: {DEFAULT_PICTURE})")
    add("--expect", type=int, metavar="CLASS", help=f"its class; another answer ends it all (default: {DEFAULT_CLASS})")
    add("--timeout", type=float, default=120, metavar="S", help="how many seconds may pass (default: %(default)s)")
    add("-o", "--out", type=Path, default=LOCAL / "coldstart.json", metavar="FILE", help="where the JSON file goes")
    add("--runc", default=os.environ.get("RUNC", "runc"), metavar="BINARY", help="runc's binary, also as RUNC")
    add("--runsc", default=os.environ.get("RUNSC", "runsc"), metavar="BINARY", help="gVisor's binary, also as RUNSC")
    add(
        "--container-engine",
        choices=("podman", "docker"),
        default=os.environ.get("ENGINE", "").replace("process", ""),
        help="whose images, also as ENGINE (default: podman's, else docker's)",
    )
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs: at least 1")
    if options.service and len(options.service) != len(options.url):
        parser.error("--service: give one for every --url, in the same order")
    return options


def make_engine(name: str, options: argparse.Namespace, stack: ExitStack) -> Engine:
    """The engine of this name."""
    match name:
        case "runc":
            return OciEngine(name, options.runc, [], options.container_engine, stack)
        case "gvisor":
            flags = ["--network=host", "--ignore-cgroups"]
            return OciEngine(name, options.runsc, flags, options.container_engine, stack)
        case _:
            return ProcessEngine()


def make_targets(options: argparse.Namespace, stack: ExitStack) -> list[Target]:
    """Everything that was asked for; only the URLs where nothing local was."""
    if options.page_cache == page_cache.COLD:
        page_cache.check_droppable()
    servers = choose_servers(options.servers, (*SERVERS, *FLOORS)) if options.servers else list(SERVERS)
    servers += [floor for floor in FLOORS if options.floors and floor not in servers]
    local = options.servers or options.floors or options.engine or not options.url
    engines = [make_engine(name, options, stack) for name in options.engine or ("process",)] if local else []
    targets: list[Target] = [
        LocalTarget(server, engine, cpus, options.page_cache)
        for engine in engines
        for cpus in options.cpus or (None,)
        for server in servers
    ]
    for url, service in zip_longest(options.url, options.service, fillvalue=""):
        targets.append(UrlTarget(url, service, options.region))
    return targets


def measure(targets: list[Target], picture: Picture, options: argparse.Namespace) -> list[ColdStart]:
    """Starts each target once in every round, one after the other, so that whatever disturbs meets them all."""
    for _ in range(options.uncounted):
        for target in targets:
            if target.engine != UrlTarget.engine:
                start(target, picture, options.timeout, "uncounted run")
    # Before the timed ones, because a fault of a server that is only seen now ends it all.
    footprints = [watch(target, picture, options.timeout) for target in targets]
    measured: list[list[Measured]] = [[] for _ in targets]
    for number in range(1, options.runs + 1):
        for target, runs in zip(targets, measured, strict=True):
            runs.append(start(target, picture, options.timeout, f"run {number} of {options.runs}"))
    return [summarize_runs(*found) for found in zip(targets, measured, footprints, strict=True)]


def start(target: Target, picture: Picture, timeout_s: float, progress: str) -> Measured:
    """One cold start."""
    one = target.cold_start(picture, timeout_s)
    found = f"{one.time_ms:,.0f} ms, {describe_answer(one.answer)}"
    say(f"{progress}: {target.server} ({describe_conditions(target)}) {found}")
    return one


def watch(target: Target, picture: Picture, timeout_s: float) -> Footprint:
    """The memory of a start of its own: looking at it would disturb a timed one."""
    footprint = target.footprint(picture, timeout_s)
    say(f"memory run: {target.server} ({describe_conditions(target)}) {footprint.describe()}")
    return footprint


def describe_conditions(target: Target) -> str:
    """The engine, and the number of CPUs where it is limited."""
    return target.engine if target.cpus is None else f"{target.engine}, {target.cpus} CPU{'s' * (target.cpus > 1)}"


def summarize_runs(target: Target, runs: list[Measured], footprint: Footprint) -> ColdStart:
    """All runs of one target as a result; what is not a time is taken from the last of them."""
    last = runs[-1]
    return ColdStart(
        server=target.server,
        engine=target.engine,
        cpus=target.cpus,
        page_cache=target.page_cache,
        runs_ms=[round(one.time_ms, 2) for one in runs],
        moments_ms=[read_moments(one.server_timing) for one in runs],
        class_id=last.answer.class_id,
        label=last.answer.label,
        server_timing=last.server_timing,
        image_bytes=target.image_bytes(),
        highest_memory_bytes=footprint.highest_bytes,
        memory_bytes=footprint.settled_bytes,
        packages=dict(target.packages()),
        version=target.version(),
    )


def main() -> None:
    """Measures, writes the JSON file, prints the table."""
    options = parse_options()
    picture = load_picture(options.picture, options.expect, ROOT)
    with ExitStack() as stack:
        targets = make_targets(options, stack)
        coldstarts = measure(targets, picture, options)
    report = Report("coldstart", picture.describe(), options.runs, coldstarts=coldstarts)
    report.write(options.out)
    print("\n\n".join(filter(None, (coldstart_table(report), phases_table(report)))))
    say(f"Written to {options.out}. Next: bench/report {options.out}")


if __name__ == "__main__":
    run("bench/coldstart", main)
