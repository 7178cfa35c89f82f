"""Launch: what a worker that speaks HTTP starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from firstserve.config.settings import HttpSettings, Settings
    from firstserve.models.load_note import LoadNote
    from firstserve.models.model_config import ModelConfig
    from firstserve.startup import StartupClock


class Launch(NamedTuple):
    """`listener` is bound and listens; `http` is that of the settings."""

    settings: Settings
    http: HttpSettings
    configs: Sequence[ModelConfig]
    listener: socket.socket
    note: LoadNote
    clock: StartupClock
