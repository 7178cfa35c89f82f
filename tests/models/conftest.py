"""Managers over real models: version n of a model adds n."""

from __future__ import annotations

import os
import queue
import shutil
import struct
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from firstserve.admission import Admission
from firstserve.config.settings import HttpSettings, ModelsSettings, Settings
from firstserve.errors import NotFound
from firstserve.image.memory import ImageMemory
from firstserve.image.options import ImageOptions
from firstserve.models.load_note import LoadNote
from firstserve.models.loader import Loader
from firstserve.models.manager import ModelManager
from firstserve.models.model_config import ModelConfig
from firstserve.models.state import State
from firstserve.monitoring.recorder import Recorder
from firstserve.servable import RuntimeOptions
from firstserve.tensors import Tensor
from tests.crashing_model import crashing_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from firstserve.errors import FirstserveError
    from firstserve.models.model_spec import ModelSpec
    from firstserve.models.served_model import ServedModel

WAIT_S = 60
SETTINGS = ModelsSettings(
    configs=(), version_poll_s=0.02, load_retries=5, load_retry_interval_s=1000, waits_for_versions=True
)

WAITING = 4
"""Requests that may wait for a load at once."""


class Models(NamedTuple):
    """A folder of base paths."""

    folder: Path
    lite_models: Path
    mobilenet: Path

    def add(self, name: str, version: int, *, file: str | None = None) -> Path:
        """Puts a version there at once, as a rename does."""
        unfinished = self.folder / f"{name}.{version}.unfinished"
        shutil.copytree(self.lite_models / (file or f"plus_{version}"), unfinished)
        return self.move(unfinished, name, version)

    def add_crashing(self, name: str, version: int) -> Path:
        """A version that crashes LiteRT."""
        unfinished = self.folder / f"{name}.{version}.unfinished"
        unfinished.mkdir()
        (unfinished / "model.tflite").write_bytes(crashing_model(self.mobilenet / "1" / "model.tflite"))
        return self.move(unfinished, name, version)

    def move(self, folder: Path, name: str, version: int) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        os.replace(folder, self.folder / name / str(version))  # noqa: PTH105 - what is atomic
        return self.folder / name / str(version)

    def remove(self, name: str, version: int) -> None:
        gone = self.folder / f"{name}.{version}.gone"
        os.replace(self.folder / name / str(version), gone)  # noqa: PTH105
        shutil.rmtree(gone)

    def config(self, name: str, **rest: object) -> ModelConfig:
        return ModelConfig(name, self.folder / name, **rest)  # type: ignore[arg-type]


@pytest.fixture
def models(tmp_path: Path, lite_models: Path, tflite_model: Path) -> Models:
    return Models(tmp_path, lite_models, tflite_model)


class Managed(NamedTuple):
    """A manager, and how its start ended."""

    manager: ModelManager
    ends: queue.Queue[FirstserveError | None]

    def end_of_start(self) -> FirstserveError | None:
        return self.ends.get(timeout=WAIT_S)

    def state(self, name: str, version: int) -> State:
        try:
            return self.manager.statuses(name, version)[0].state
        except NotFound:
            return State.UNKNOWN

    def wait_for(self, name: str, version: int, state: State) -> None:
        until(lambda: self.state(name, version) is state)


@pytest.fixture
def start() -> Iterator[Callable[..., Managed]]:
    """Starts managers, and stops them afterwards."""
    managers: list[ModelManager] = []

    def start_manager(*configs: ModelConfig, settings: ModelsSettings = SETTINGS) -> Managed:
        managers.append(make_manager(settings))
        ends: queue.Queue[FirstserveError | None] = queue.Queue()
        managers[-1].start(configs, ends.put)
        return Managed(managers[-1], ends)

    yield start_manager
    for manager in managers:
        manager.stop()


def make_manager(models: ModelsSettings, runtime: str = "litert") -> ModelManager:
    settings = Settings(
        models=models,
        runtime=runtime,
        runtime_options=RuntimeOptions(instances=1, threads=1),
        image_options=ImageOptions(
            1_000_000,
            ImageMemory(1 << 30),
            size=224,
            normalization=None,
            labels=(),
            scores_output="",
            pictures_at_once=1,
        ),
        http=HttpSettings("127.0.0.1", 0, 1_000_000, 30),
        grpc=None,
        requests_at_once=64,
    )
    return ModelManager(models, Loader(settings, LoadNote(), Recorder()), Admission(WAITING))


def until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)  # between two looks; nothing tells of it


def ask(manager: ModelManager, spec: ModelSpec) -> float:
    """What the model makes of 0: the number of the version that has answered."""
    with manager.handle(spec, time.monotonic() + WAIT_S) as model:
        return run(model)


def run(model: ServedModel) -> float:
    (name,) = model.servable.signatures
    (spec,) = model.servable.signatures[name].inputs
    (output,) = model.servable.run(name, {spec: Tensor("float32", (1,), struct.pack("f", 0.0))}).values()
    return float(struct.unpack("f", output.data)[0])
