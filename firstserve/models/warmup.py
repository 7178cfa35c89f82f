"""Warmup: a version's file of recorded requests -> the same inference as requests get, before any request does.

The file is TensorFlow Serving's: a TFRecord file of PredictionLogs (tensorflow_serving/apis/prediction_log.proto).
Of a record's model specs only the signature counts; the answers that may be recorded are not looked at.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import FirstserveError, InvalidArgument, LoadError
from firstserve.models.loader import WARMUP_FILE
from firstserve.runtimes import check_regular

if TYPE_CHECKING:
    from pathlib import Path

    from firstserve.models.served_model import ServedModel

RECORDS_LIMIT = 1000
"""More fail the load."""


class Warmup(NamedTuple):
    """What a warmup has done; as text, what the log says of it."""

    path: Path
    records: int
    first_ms: float
    """The first run of the first record."""
    total_ms: float

    def __str__(self) -> str:
        return (
            f"Finished reading warmup data for model at {self.path}. Number of warmup records read: {self.records}. "
            f"Elapsed time (microseconds): {self.total_ms * 1e3:.0f}. The first record took {self.first_ms:.1f} ms."
        )


def warm_up(model: ServedModel, version_folder: Path, iterations: int) -> Warmup | None:
    """Runs each record of a version folder's warmup file `iterations` times; None where there is no such file.

    Raises LoadError for a file that cannot be read, DataLoss for one that is no TFRecord file or damaged,
    InvalidArgument for more than RECORDS_LIMIT records, Unimplemented for a record of another kind, and whatever
    FirstserveError a record ends with.
    """
    path = version_folder / WARMUP_FILE
    try:
        if not path.exists():
            return None
        check_regular(path)
        return _run_all(model, path, iterations)
    except OSError as error:
        raise LoadError(f"{path} cannot be read: {error.strerror}") from error


def _run_all(model: ServedModel, path: Path, iterations: int) -> Warmup:
    from firstserve.models.prediction_log import read_logs, run

    start_s = time.perf_counter()
    first_ms = 0.0
    count = 0
    for count, log in enumerate(read_logs(path), start=1):
        if count > RECORDS_LIMIT:
            raise InvalidArgument(f"Number of warmup records exceeds the maximum ({RECORDS_LIMIT}) at {path}")
        for _ in range(iterations):
            run_start_s = time.perf_counter()
            try:
                run(model, log)
            except FirstserveError as error:
                raise type(error)(f"warmup record {count} of {path}: {error}") from error
            first_ms = first_ms or (time.perf_counter() - run_start_s) * 1e3
    return Warmup(path, count, first_ms, (time.perf_counter() - start_s) * 1e3)
