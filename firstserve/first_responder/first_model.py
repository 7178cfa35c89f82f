"""First model: the version that the first responder loads, for itself and for the full server after it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from firstserve.runtimes import load_servable, name_runtime

if TYPE_CHECKING:
    from firstserve.config.settings import Settings
    from firstserve.image.classifier import ImageClassifier
    from firstserve.models.load_note import LoadNote
    from firstserve.models.source import Version
    from firstserve.servable import Servable


class FirstModel:
    """Loaded once; whoever takes it closes it."""

    def __init__(self, settings: Settings, name: str, version: Version, note: LoadNote) -> None:
        self._settings = settings
        self.name = name
        self.version = version
        self._note = note
        self._servable: Servable | None = None
        self._error: Exception | None = None
        self._loaded = threading.Event()
        self._taken = False
        self.in_use = threading.Lock()
        """Held while the first responder answers with the model; whoever closes it waits for that."""
        self.runtime = settings.runtime
        """The module under `runtimes/` that it runs on, once it is loaded."""

    def load(self) -> ImageClassifier | None:
        """Loads the version; None where that fails, or where it takes no pictures. `take` tells more."""
        settings = self._settings
        self._note.begin(str(self.version.path))
        try:
            self.runtime = name_runtime(self.version.path, settings.runtime, settings.runtime_options)
            self._servable = load_servable(self.version.path, self.runtime, settings.runtime_options)
        except Exception as error:  # noqa: BLE001 - told by the full server, which takes it
            self._error = error
            return None
        finally:
            self._note.end()
            self._loaded.set()
        try:
            from firstserve.image.classifier import ImageClassifier

            return ImageClassifier(self._servable, settings.image_options)
        except Exception:  # noqa: BLE001 - the full server comes upon it too
            return None

    @property
    def is_loaded(self) -> bool:
        """Whether `take` would give it at once."""
        return self._loaded.is_set()

    def take(self, version: Version) -> Servable | None:
        """The servable, once, as soon as it is loaded; None for another version. Raises what loading has raised."""
        if self._taken:
            return None
        self._taken = True
        self._loaded.wait()
        if version != self.version:
            # A newer one has come meanwhile, so nobody wants this one any more.
            if self._servable is not None:
                with self.in_use:
                    self._servable.close()
            return None
        if self._error is not None:
            raise self._error
        return self._servable
