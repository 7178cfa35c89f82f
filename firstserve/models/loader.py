"""Loader: a version folder -> a servable that is warm, batched where that is asked for, and its image classifier."""

from __future__ import annotations

import logging
import os
import time
from contextlib import nullcontext, suppress
from pathlib import PurePath
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError, LoadError
from firstserve.heap import give_back
from firstserve.image.classifier import ImageClassifier
from firstserve.models.holds_files import HoldsFiles
from firstserve.models.served_model import ServedModel
from firstserve.runtimes import load_servable, name_runtime
from firstserve.runtimes.lazy_file import FileChanged, file_state

if TYPE_CHECKING:
    from firstserve.batching import BatchScheduler
    from firstserve.config.settings import Settings
    from firstserve.first_responder.first_model import FirstModel
    from firstserve.models.load_note import LoadNote
    from firstserve.models.source import Version
    from firstserve.monitoring.recorder import Recorder
    from firstserve.servable import Servable

log = logging.getLogger(__name__)

WARMUP_FILE = PurePath("assets.extra", "tf_serving_warmup_requests")
"""Under a version folder: requests to run before the version becomes available."""


class Loader:
    """Knows how versions are loaded here. One thread at a time loads."""

    def __init__(
        self, settings: Settings, note: LoadNote, recorder: Recorder, first_model: FirstModel | None = None
    ) -> None:
        self._settings = settings
        self._note = note
        self._recorder = recorder
        self._first_model = first_model
        self._scheduler: BatchScheduler | None = None

    def load(self, name: str, version: Version, *, probe: bool) -> ServedModel:
        """Loads a version; `probe` first tries it in a process of its own, which it may crash. Raises FirstserveError.

        Nothing of a version that fails stays in memory.
        """
        settings = self._settings
        options = settings.runtime_options
        if probe:
            # A good version serves meanwhile, and must outlive a file that crashes the runtime.
            from firstserve.runtimes.probe import probe as probe_version

            with suppress(FileNotFoundError):
                options = options._replace(probed=file_state(version.path / "model.tflite"))
            probe_version(version.path, settings.runtime, settings.runtime_options)
        self._note.begin(str(version.path))
        try:
            runtime = name_runtime(version.path, settings.runtime, options)
            servable = self._take_first(name, version) or load_servable(version.path, runtime, options)
        except FirstserveError as error:
            if not probe:
                self._explain(version, error)
            raise
        except Exception as error:
            raise LoadError(f"{version.path} cannot be loaded: {error!r}") from error
        finally:
            self._note.end()
        try:
            model = self._served_model(name, version, self._batched(servable), runtime)
            if settings.models.warmup:
                self._warm_up(model, version)
            # Here, and not where the files are read: that is on the way to the first answer.
            if isinstance(servable, HoldsFiles):
                servable.hold_files()
        except FileChanged as error:
            self._close(servable)
            if probe:
                raise
            log.warning("%s; it is loaded anew", error)
            return self.load(name, version, probe=True)
        except BaseException:
            servable.close()
            raise
        return model

    def _explain(self, version: Version, error: FirstserveError) -> None:
        """Raises an error that says more, where LiteRT says more in a process of its own."""
        from firstserve.runtimes.probe import LITERT_STATUS
        from firstserve.runtimes.probe import probe as probe_version

        if LITERT_STATUS in str(error):
            probe_version(version.path, self._settings.runtime, self._settings.runtime_options)

    def unload(self, model: ServedModel) -> None:
        """Gives the memory of a version back, that nobody uses any more."""
        self._close(model.servable)
        give_back()

    def _close(self, servable: Servable) -> None:
        with nullcontext() if self._first_model is None else self._first_model.in_use:
            servable.close()

    def _take_first(self, name: str, version: Version) -> Servable | None:
        """What the first responder has loaded, where that is it."""
        first = self._first_model
        return None if first is None or first.name != name else first.take(version)

    def _batched(self, servable: Servable) -> Servable:
        if self._settings.batching is None:
            return servable
        from firstserve.batching import BatchingServable, BatchScheduler

        if self._scheduler is None:
            self._scheduler = BatchScheduler(self._settings.batching, self._recorder)
        return BatchingServable(servable, self._scheduler)

    def _served_model(self, name: str, version: Version, servable: Servable, runtime: str) -> ServedModel:
        try:
            classifier = ImageClassifier(servable, self._settings.image_options)
        except FirstserveError as error:
            return ServedModel(name, version.number, servable, None, error, runtime)
        return ServedModel(name, version.number, servable, classifier, None, runtime)

    def _warm_up(self, model: ServedModel, version: Version) -> None:
        file = version.path / WARMUP_FILE
        if not os.path.lexists(file):
            log.debug("No warmup data file found at %s", file)
            return
        from firstserve.models.warmup import warm_up

        start_s = time.perf_counter()
        code, records = "OK", 0
        try:
            warmup = warm_up(model, version.path, self._settings.models.warmup_iterations)
            records = warmup.records if warmup is not None else 0
            log.info("%s", warmup)
        except FirstserveError as error:
            code = error.grpc
            raise
        finally:
            self._recorder.warmup(str(version.path), code, (time.perf_counter() - start_s) * 1e6, records)
