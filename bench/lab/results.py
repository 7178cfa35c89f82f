"""Results: what a measurement found, with everything that it depends on, as a JSON file and back.

The files name no path of the machine they were measured on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench.lab.errors import BenchError
from bench.lab.machine import describe_machine, git_revision
from bench.lab.phases import align, median_moments
from bench.lab.servers import ROOT
from bench.lab.summary import Summary, summarize

if TYPE_CHECKING:
    from pathlib import Path

    from bench.lab.reply import Answer

FORMAT = 3
LOCAL = ROOT / "bench/results/local"
REST = "REST"
GRPC = "gRPC"
NO_PROTOCOL = "-"
BARE_LOOP, BARE_LOOP_RUST = "bare_loop", "bare_loop_rust"
"""The names of the measurements without a server; their connections are threads."""


@dataclass(frozen=True)
class ColdStart:
    """The cold starts of one server under the same conditions; `packages` are those of its environment or image."""

    server: str
    engine: str
    cpus: int | None
    """How many CPUs it was given; None for all that there are."""
    page_cache: str
    """Whether its files were in the page cache: warm or cold, or empty where that is not known."""
    runs_ms: list[float]
    moments_ms: list[dict[str, float]]
    """Of every run the moments that the first answer tells, in ms since the process began; see bench.lab.phases."""
    class_id: int
    label: str
    server_timing: str
    """The first answer's Server-Timing header; empty where it had none."""
    image_bytes: int | None
    highest_memory_bytes: int | None
    """The highest PSS from the start until the server has settled."""
    memory_bytes: int | None
    """PSS once it has settled."""
    packages: dict[str, str]
    version: str = ""
    """The version of the OCI runtime, or of a process's Python."""

    @property
    def summary_ms(self) -> Summary:
        """Median and spread of the runs."""
        return summarize(self.runs_ms)

    @property
    def conditions(self) -> tuple[str, int | None, str]:
        """Engine, CPUs, page cache: only cold starts under the same ones are compared."""
        return self.engine, self.cpus, self.page_cache

    @property
    def medians_ms(self) -> dict[str, float]:
        """The median of every moment since the client began to start the server; empty for a server without any."""
        return median_moments([align(time_ms, one) for time_ms, one in zip(self.runs_ms, self.moments_ms, strict=True)])


@dataclass(frozen=True)
class LoadLevel:
    """One server at one number of connections: medians over the rounds, and the sums of what was counted."""

    connections: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    answers: int
    wrong: int
    """Answers with another class or other numbers than the right ones."""
    errors: int
    """Answers that hold none, such as those with another status than 200."""
    lost: int
    """Requests without an answer."""


@dataclass(frozen=True)
class Load:
    """One server under load by one protocol; `memory_bytes` is its PSS after that."""

    server: str
    protocol: str
    baseline: str
    """The server that its figures are divided by; empty for none."""
    levels: list[LoadLevel]
    memory_bytes: int | None


@dataclass(frozen=True)
class Report:
    """One measurement. `kind` is coldstart or load, and says which of the two lists is filled."""

    kind: str
    question: dict[str, Any]
    """What was asked, as the question describes itself."""
    runs: int
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    revision: str = field(default_factory=lambda: git_revision(ROOT))
    machine: dict[str, str | int] = field(default_factory=describe_machine)
    coldstarts: list[ColdStart] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    format: int = FORMAT

    def write(self, path: Path) -> None:
        """Writes the report as JSON; folders are made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def describe_answer(answer: Answer) -> str:
    """The answer as a table shows it: the label, or the class where there is none."""
    return answer.label or f"class {answer.class_id}"


def read_report(path: Path) -> Report:
    """Reads a report. Raises BenchError for a file that is none, or of another format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise BenchError(f"{path} has format {content['format']}; this version reads {FORMAT}: measure again.")
        coldstarts = [ColdStart(**entry) for entry in content.pop("coldstarts")]
        loads = [
            Load(**(entry | {"levels": [LoadLevel(**level) for level in entry["levels"]]}))
            for entry in content.pop("loads")
        ]
        return Report(**content, coldstarts=coldstarts, loads=loads)
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}. bench/coldstart and bench/load write it.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(f"{path} is no result of bench/coldstart or bench/load: {error!r}") from error
