"""Manager: model configs -> versions in memory -> handles for requests.

One thread of its own looks for versions, loads and unloads them one after the other, as TensorFlow Serving does by
default. A version is closed only when the last handle on it has been given back.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError, LoadError, NotFound, Unavailable
from firstserve.models.handle import ServableHandle
from firstserve.models.model_versions import ModelVersions
from firstserve.models.notices import Notices
from firstserve.models.registry import Registry
from firstserve.models.source import fingerprint, look
from firstserve.models.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firstserve.admission import Admission
    from firstserve.config.settings import ModelsSettings
    from firstserve.models.harness import Harness
    from firstserve.models.loader import Loader
    from firstserve.models.model_config import ModelConfig
    from firstserve.models.model_spec import ModelSpec
    from firstserve.models.state import VersionStatus

log = logging.getLogger(__name__)

_NEVER_S = float("inf")
_LONGEST_IDLE_S = 86_400.0
"""Threads cannot wait for any time that a setting may ask for."""
_AFTER_FAULT_S = 1.0
"""The pause after a fault of ours, which may come again at once."""


class ModelManager:
    """Holds everything that is served; `start` begins to serve. `waiting` admits requests that wait for a load."""

    def __init__(self, settings: ModelsSettings, loader: Loader, waiting: Admission) -> None:
        self._settings = settings
        self._loader = loader
        self._waiting = waiting
        # Guards everything below; notified of what others may wait for.
        self._changed = threading.Condition()
        self._registry = Registry(allow_unavailable=settings.labels_for_unavailable)
        self._next_poll_s = self._next_read_s = _NEVER_S
        self._notices = Notices()
        self._read_configs: Callable[[], Sequence[ModelConfig] | None] = lambda: None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(
        self,
        configs: Sequence[ModelConfig],
        on_settled: Callable[[FirstserveError | None], None],
        read_configs: Callable[[], Sequence[ModelConfig] | None] = lambda: None,
    ) -> None:
        """Begins to serve `configs` in the background; where the settings ask for it, `read_configs` gives them anew.

        `on_settled` is called once, from the manager's thread: with None when every model has a version that can
        answer, else with the error. Raises InvalidArgument or FailedPrecondition for configs that cannot be.
        """
        with self._changed:
            self._replace(configs)
            self._registry.count_all()
            self._read_configs = read_configs
            if self._settings.config_file is not None and self._settings.config_file_poll_s > 0:
                self._next_read_s = time.monotonic() + self._settings.config_file_poll_s
        self._thread = threading.Thread(target=self._work, args=(on_settled,), name="model-manager", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after what it does now; what is loaded stays."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def reload(self, configs: Sequence[ModelConfig], deadline_s: float | None = None) -> None:
        """Replaces all configs, and returns when the models that are new can answer.

        Raises InvalidArgument or FailedPrecondition for configs that cannot be (the old ones stay), ModelsUnavailable
        where a new model cannot be loaded, Unavailable past the deadline (the load goes on).
        """
        names = {config.name for config in configs}
        with self._changed:
            self._replace(configs)
            if not self._wait_until(lambda: self._registry.unsettled.isdisjoint(names), deadline_s):
                raise Unavailable("the new models are still loading: ask for their status")
            fault = self._registry.fault(names)
        if fault is not None:
            raise fault

    def handle(self, spec: ModelSpec, deadline_s: float | None) -> ServableHandle:
        """The version that a request asks for, kept alive until the handle's block ends.

        Waits while what was there at the start is loaded for the first time. Raises NotFound for a model or version
        that cannot answer, InvalidArgument for an unknown label, Unavailable where the load takes longer than the
        deadline, or, until the start is over, has failed, QueueFull where too many wait.
        """
        with self._changed:
            if spec.label is not None:
                spec = spec._replace(version=self._registry.configs.version_of(spec.name, spec.label), label=None)
            self._wait_for_load(spec, deadline_s)
            harness = self._registry.available(spec.name, spec.version)
            if harness is None or harness.model is None:
                raise self._registry.refusal(spec)
            harness.references += 1
            return ServableHandle(self, harness, harness.model)

    def _wait_for_load(self, spec: ModelSpec, deadline_s: float | None) -> None:
        if self._registry.is_decided(spec):
            return
        # These hold threads, but no place of those that can be answered.
        with self._waiting:
            if not self._wait_until(lambda: self._registry.is_decided(spec), deadline_s):
                raise Unavailable(f'model "{spec.name}" is still loading: ask again')

    def give_back(self, harness: Harness) -> None:
        """Ends one use of a version; a handle does it."""
        with self._changed:
            harness.references -= 1
            if not harness.references and harness.state is State.UNLOADING:
                self._changed.notify_all()

    def version_of_label(self, name: str, label: str) -> int:
        """The version that a label stands for. Raises InvalidArgument."""
        with self._changed:
            return self._registry.configs.version_of(name, label)

    def statuses(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """What is known of a model's versions, or of one, highest first. Raises NotFound where that is nothing."""
        with self._changed:
            return self._registry.statuses(name, version)

    def names(self) -> list[str]:
        """Of the models that are configured, in the order of their configs."""
        with self._changed:
            return self._registry.configs.names

    def ready_models(self) -> list[str]:
        """The models by which the server is ready, as Registry has it; none where nobody looks after them."""
        with self._changed:
            is_looked_after = self._stopping or (self._thread is not None and self._thread.is_alive())
            return self._registry.ready_models() if is_looked_after else []

    def _replace(self, configs: Sequence[ModelConfig]) -> None:
        self._registry.replace(configs)
        if self._settings.version_poll_s >= 0:
            self._next_poll_s = 0.0
        self._changed.notify_all()

    def _wait_until(self, holds: Callable[[], bool], deadline_s: float | None) -> bool:
        timeout_s = None if deadline_s is None else max(deadline_s - time.monotonic(), 0)
        return self._changed.wait_for(lambda: self._stopping or holds(), timeout_s) and holds()

    def _work(self, on_settled: Callable[[FirstserveError | None], None]) -> None:
        while not self._stopping:
            try:
                busy = self._read() or self._poll() or self._load() or self._unload() or self._close()
            except Exception:
                log.exception("looking after the models failed; it goes on")
                busy = True
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, _AFTER_FAULT_S)
            with self._changed:
                if not busy:
                    self._changed.wait(self._idle_s())
                settled = not self._registry.unsettled
                fault = self._registry.fault(self._registry.configs.names)
            if settled and not self._registry.started:
                self._registry.started = True
                try:
                    on_settled(fault)
                except Exception:
                    log.exception("what follows the start failed; the models are looked after all the same")

    def _idle_s(self) -> float | None:
        """How long there is nothing to do; None until somebody notifies."""
        if self._stopping or self._registry.first(ModelVersions.to_close) is not None:
            return 0
        attempts = [harness.next_attempt_s for harness in self._registry.harnesses() if harness.awaits_load]
        next_s = min(self._next_poll_s, self._next_read_s, *attempts)
        return None if next_s == _NEVER_S else min(max(next_s - time.monotonic(), 0), _LONGEST_IDLE_S)

    def _read(self) -> bool:
        """Reads the config file anew, if that is due."""
        if time.monotonic() < self._next_read_s:
            return False
        self._next_read_s = time.monotonic() + self._settings.config_file_poll_s
        try:
            configs = self._read_configs()
            with self._changed:
                # None is a file that says nothing.
                if configs is not None and list(configs) != list(self._registry.configs):
                    self._replace(configs)
        except FirstserveError as error:
            log.error("Failed to read ModelServerConfig file: %s", error)  # noqa: TRY400 - no fault of ours
        return True

    def _poll(self) -> bool:
        """Looks for versions, if that is due. Where one base path cannot be seen, nothing changes for any model."""
        with self._changed:
            if time.monotonic() < self._next_poll_s:
                return False
            configs = list(self._registry.configs)
            interval_s = self._settings.version_poll_s
            self._next_poll_s = time.monotonic() + interval_s if interval_s > 0 else _NEVER_S
            broken = [each for each in self._registry.harnesses() if each.aspired and each.error is not None]
        try:
            looks = [(config, look(config)) for config in configs]
        except NotFound as error:
            self._notices.tell({str(error): logging.ERROR})
            return False
        self._notices.tell({warning: logging.WARNING for _, seen in looks for warning in seen.warnings})
        mended = [each for each in broken if fingerprint(each.version.path) != each.failed_fingerprint]
        with self._changed:
            for harness in mended:
                harness.retry()
            for config, seen in looks:
                if config in self._registry.configs:
                    self._registry.models[config.name].aspire(seen.versions, late=self._registry.started)
        return True

    def _load(self) -> bool:
        """Loads one version, if one is due."""
        with self._changed:
            now_s = time.monotonic()
            harness = self._registry.first(lambda versions: versions.to_load(now_s))
            if harness is None:
                return False
            harness.state = State.LOADING
            probe = harness.arrived_late or harness.failures > 0
            retries = self._settings.load_retries if self._settings.waits_for_versions or probe else 0
        # Taken before the load: what is copied into the folder meanwhile counts as a change.
        seen = fingerprint(harness.version.path) if probe or self._settings.waits_for_versions else 0
        start_s = time.monotonic()
        try:
            model = self._loader.load(harness.name, harness.version, probe=probe)
        except FirstserveError as error:
            self._note_failure(harness, error, seen, retries)
        except Exception as error:
            log.exception("a fault of ours while a version was loaded")
            self._note_failure(harness, LoadError(f"{harness.version.path}: {error!r}"), seen, retries)
        else:
            with self._changed:
                harness.loaded(model)
                self._settle(harness.name)
            log.info("Successfully loaded servable version %s in %.1f ms", harness, (time.monotonic() - start_s) * 1e3)
        return True

    def _note_failure(self, harness: Harness, error: FirstserveError, seen: int, retries: int) -> None:
        log.error("%s version %d could not be loaded: %s", harness.name, harness.version.number, error)
        with self._changed:
            retry_at_s = time.monotonic() + max(self._settings.load_retry_interval_s, 0)
            harness.failed(error, seen, retries, retry_at_s)
            self._settle(harness.name)

    def _settle(self, name: str) -> None:
        self._registry.settle(name)
        self._changed.notify_all()

    def _unload(self) -> bool:
        """Takes one version that is not wanted any more out of service."""
        with self._changed:
            harness = self._registry.first(ModelVersions.to_unload)
            if harness is None:
                return False
            harness.state = State.UNLOADING
        return True

    def _close(self) -> bool:
        """Gives the memory of one version back that is out of service and out of use."""
        with self._changed:
            harness = self._registry.first(ModelVersions.to_close)
        if harness is None or harness.model is None:
            return False
        start_s = time.monotonic()
        try:
            self._loader.unload(harness.model)
        finally:
            with self._changed:
                harness.unloaded()
        log.info("Done unloading servable version %s in %.1f ms", harness, (time.monotonic() - start_s) * 1e3)
        return True
