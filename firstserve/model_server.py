"""ModelServer: what runs in the process that answers, besides HTTP: the models, admission, and gRPC behind them.

settings, model configs -> models that load in the background -> ready lines, and a gRPC server where one is asked for
"""

from __future__ import annotations

import importlib
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from firstserve.admission import Admission
from firstserve.errors import FirstserveError
from firstserve.logs.access import AccessLog
from firstserve.models.loader import Loader
from firstserve.models.manager import ModelManager
from firstserve.monitoring.recorder import Recorder
from firstserve.refusal import plain, refuse
from firstserve.standard_streams import end, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from firstserve.config.settings import Settings
    from firstserve.first_responder.first_model import FirstModel
    from firstserve.models.load_note import LoadNote
    from firstserve.models.model_config import ModelConfig
    from firstserve.rpc.server import GrpcServer
    from firstserve.startup import StartupClock


_FIRST_ANSWER_S = 0.5
"""How long gRPC gives way to requests by HTTP that have waited for the models."""


class ModelServer:
    """Made in the process that answers: what it starts does not live through a fork."""

    def __init__(
        self,
        settings: Settings,
        http_address: tuple[str, int] | None,
        note: LoadNote,
        clock: StartupClock,
        first_model: FirstModel | None = None,
    ) -> None:
        self.settings = settings
        self._http_address = http_address
        self.clock = clock
        self.admission = Admission(settings.requests_at_once)
        self.recorder = self._make_recorder()
        self.access_log = AccessLog(self.recorder)
        loader = Loader(settings, note, self.recorder, first_model)
        self.manager = ModelManager(settings.models, loader, Admission(settings.requests_at_once))
        self.settled = threading.Event()
        """Set when the models that are configured at the start can answer."""
        self._note = note
        self._rpc: GrpcServer | None = None
        self._ending: threading.Thread | None = None
        # Guards what follows: gRPC is not started any more once it is to end.
        self._starting_rpc = threading.Lock()
        self._is_ending = False

    def start(self, configs: Sequence[ModelConfig]) -> None:
        """Begins to load the models; where one cannot be served, says why and ends the process."""
        try:
            self.manager.start(configs, self._on_settled, self._read_configs)
        except FirstserveError as error:
            self._give_up(error)

    def begin_to_stop(self, grace_s: float) -> None:
        """Takes no more calls by gRPC from now on, beside whatever else ends; does not wait.

        What is under way has its answer within `grace_s`.
        """
        self._ending = threading.Thread(target=self._stop_rpc, args=(grace_s,), name="grpc-end", daemon=True)
        # Where there is no room for another thread, `stop` does it.
        with suppress(RuntimeError):
            self._ending.start()

    def stop(self, grace_s: float) -> None:
        """Takes no more calls by gRPC, and returns when those that are under way have been answered."""
        if self._ending is not None and self._ending.ident is not None:
            self._ending.join()
        else:
            self._stop_rpc(grace_s)
        self.manager.stop()

    def _on_settled(self, fault: FirstserveError | None) -> None:
        if fault is not None:
            self._give_up(fault)
        self._note.mark_loaded()
        self.clock.mark("runtime_loaded")
        self.clock.mark_ready()
        self.settled.set()
        try:
            self._start_rpc()
        except FirstserveError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 - a server that was asked for gRPC must not go on without it
            self._give_up(FirstserveError(f"gRPC cannot start: {error!r}"))
        self._say_ready()
        # The start is over, and little is imported from here on: what importing keeps in memory goes.
        importlib.invalidate_caches()

    def _give_up(self, error: FirstserveError) -> NoReturn:
        self._note.tell_reason(plain(error))
        status = refuse(error, like_tensorflow_serving=self.settings.like_tensorflow_serving)
        self._note.mark_failed(status)
        # From a thread, sys.exit would end no more than the thread, and the main thread may be waiting for ever.
        end(status)

    def _read_configs(self) -> Sequence[ModelConfig] | None:
        """The config file, read anew; None where it says nothing, or where there is none."""
        file = self.settings.models.config_file
        if file is None:
            return None
        from firstserve.config.config_file import read_model_configs

        return read_model_configs(file)

    def _make_recorder(self) -> Recorder:
        http = self.settings.http
        if http is None or http.monitoring_path is None:
            return Recorder()
        from firstserve.monitoring.prometheus import PrometheusRecorder

        return PrometheusRecorder(self.clock.moments_s)

    def _stop_rpc(self, grace_s: float) -> None:
        with self._starting_rpc:
            self._is_ending = True
        if self._rpc is not None:
            self._rpc.stop(grace_s)

    def _start_rpc(self) -> None:
        # The first answer goes first, where somebody waits for one: importing gRPC takes longer than loading a model.
        if self.settings.grpc is not None:
            self.admission.wait_until_idle(_FIRST_ANSWER_S)
            # For golden runs (runtimes/golden_run.py): gRPC would begin its threads anew in the forked process, where
            # they have no descriptors, and crash it.
            os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
            from firstserve.rpc.server import start

            with self._starting_rpc:
                if self._is_ending:
                    return
                self._rpc = start(
                    self.settings.grpc,
                    self.manager,
                    self.admission,
                    self.access_log,
                    check_method_names=self.settings.check_method_names,
                )

    def _say_ready(self) -> None:
        """Says where it can be asked: in TensorFlow Serving's words, which people wait for in logs, and in ours."""
        grpc = self.settings.grpc
        lines = []
        if grpc is not None and grpc.port:
            lines.append(f"Running gRPC ModelServer at {grpc.bind_address}:{grpc.port} ...")
        if grpc is not None and grpc.socket_path:
            lines.append(f"Running gRPC ModelServer at UNIX socket {grpc.socket_path} ...")
        if self._http_address is not None:
            address, port = self._http_address
            if grpc is not None:
                lines.append(f"Exporting HTTP/REST API at:localhost:{port} ...")
            lines += self._say_models(address, port)
        say("".join(f"{line}\n" for line in lines))

    def _say_models(self, address: str, port: int) -> list[str]:
        from firstserve.models.model_spec import ModelSpec

        host = "localhost" if address in {"0.0.0.0", "::"} else address  # noqa: S104 - a comparison
        lines = []
        for name in self.manager.names():
            with self.manager.handle(ModelSpec(name), 0) as model:
                text = f"firstserve: model {name}, version {model.version}, is served on http://{host}:{port}"
                lines.append(f"{text}/v1/models/{name}" if model.classifier is None else f"{text}/predict")
                if model.classifier is not None and model.classifier.feeds_raw_pixels:
                    lines.append(
                        "firstserve: the model does not say how it wants pixels scaled and gets 0 to 255; "
                        "if that is wrong, set --image_mean and --image_std"
                    )
        return lines
