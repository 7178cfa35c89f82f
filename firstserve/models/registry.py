"""Registry: which models are configured, and what is known of their versions.

Not safe for threads by itself: the manager's lock guards it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.errors import ModelsUnavailable, NotFound, Unavailable
from firstserve.models.configs import Configs
from firstserve.models.model_versions import ModelVersions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from firstserve.errors import FirstserveError
    from firstserve.models.harness import Harness
    from firstserve.models.model_config import ModelConfig
    from firstserve.models.model_spec import ModelSpec
    from firstserve.models.state import VersionStatus


class Registry:
    """Keeps a model also when it is not configured any more. `allow_unavailable` is that of Configs."""

    def __init__(self, *, allow_unavailable: bool) -> None:
        self.configs = Configs(allow_unavailable=allow_unavailable)
        self.models: dict[str, ModelVersions] = {}
        self.unsettled: set[str] = set()
        """Models whose first load is still to be waited for."""
        self.started = False
        """Whether the start is over: everything that it began with can answer, or has failed for good."""
        self._counted: set[str] = set()

    def replace(self, configs: Sequence[ModelConfig]) -> None:
        """Takes new configs for the old ones, or raises InvalidArgument or FailedPrecondition and keeps those."""
        known = set(self.configs.names) - self.unsettled
        self.configs.replace(configs, lambda name, version: self.available(name, version) is not None)
        for name in self.configs.names:
            self.models.setdefault(name, ModelVersions(name))
        for name in set(self.models).difference(self.configs.names):
            self.models[name].aspire({}, late=True)
        self.unsettled = {name for name in self.configs.names if name not in known and not self.models[name].settled}
        self._counted.intersection_update(self.configs.names)

    def count_all(self) -> None:
        """Has each model that is configured count for readiness, though it could not answer yet."""
        self._counted.update(self.configs.names)

    def settle(self, name: str) -> None:
        """Notes where a model stands after a load."""
        if self.available(name, None) is not None:
            self._counted.add(name)
        if self.models[name].settled:
            self.unsettled.discard(name)

    def ready_models(self) -> list[str]:
        """The models by which the server is ready, where each of them can answer; none where it is not ready.

        Those that it has started with count, and each new one from the first time on that it could answer.
        """
        counted = [name for name in self.configs.names if name in self._counted]
        return counted if all(self.available(name, None) is not None for name in counted) else []

    def available(self, name: str, version: int | None) -> Harness | None:
        """The version of this number, or the highest, if it can answer."""
        return self._versions_of(name).available(version)

    def is_decided(self, spec: ModelSpec) -> bool:
        """Whether there is no use in waiting for a version that cannot answer now."""
        versions = self._versions_of(spec.name)
        if versions.available(spec.version) is not None:
            return True
        if not self.started and spec.name in self.unsettled:
            return versions.failure(spec.version) is not None
        # A version that was there at the start may still be loading while another one answers already.
        return spec.version is None or not versions.is_starting(spec.version)

    def refusal(self, spec: ModelSpec) -> FirstserveError:
        """Why what is decided cannot answer; once the server has started, with TensorFlow Serving's status."""
        failure = self._versions_of(spec.name).failure(spec.version)
        if failure is not None and not self.started:
            return Unavailable(f'model "{spec.name}" cannot be loaded, and is tried again: {failure}')
        text = f"Servable not found for request: {spec}"
        return NotFound(text if failure is None else f"{text}; it could not be loaded: {failure}")

    def fault(self, names: Iterable[str]) -> FirstserveError | None:
        """Why models of these names cannot answer and never will as they are; None where they can."""
        reasons = {which: error for name in names for which, error in self.models[name].faults().items()}
        return ModelsUnavailable(reasons) if reasons else None

    def statuses(self, name: str, version: int | None) -> list[VersionStatus]:
        """What is known of a model's versions, or of one, highest first. Raises NotFound where that is nothing."""
        statuses = self._versions_of(name).statuses()
        if not statuses:
            raise NotFound(f"Could not find any versions of model {name}")
        if version is None:
            return statuses
        statuses = [status for status in statuses if status.version == version]
        if not statuses:
            raise NotFound(f"Could not find version {version} of model {name}")
        return statuses

    def harnesses(self) -> Iterator[Harness]:
        """Of all models."""
        return (harness for versions in self.models.values() for harness in versions)

    def first(self, pick: Callable[[ModelVersions], Harness | None]) -> Harness | None:
        """What is picked of the first model where that is something."""
        return next((each for each in map(pick, self.models.values()) if each is not None), None)

    def _versions_of(self, name: str) -> ModelVersions:
        return self.models.get(name) or ModelVersions(name)
