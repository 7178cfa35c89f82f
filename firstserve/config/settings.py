"""Settings: what the server was told, by flags and by environment, checked and with defaults filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from firstserve.image.options import ImageOptions
    from firstserve.models.model_config import ModelConfig
    from firstserve.servable import RuntimeOptions


class HttpSettings(NamedTuple):
    """Where and how HTTP is spoken."""

    bind_address: str
    """Empty for all of the machine's addresses."""
    port: int
    limit_bytes: int
    """Of a picture's body."""
    timeout_s: float | None
    """How long a request waits for the model to load, and for its run; None is without bound."""
    threads: int | None = None
    """None is one for each of the requests at once."""
    cors: bool = False
    monitoring_path: str | None = None
    """Where Prometheus reads; None for nowhere."""
    first_responder: bool = True
    """Whether pictures are answered while the full server still starts."""
    rest_limit_bytes: int = 100 * 1024 * 1024
    """Of a REST body, also once it is inflated."""
    bytes_at_once: int = 256 * 1024 * 1024
    """Of all bodies together that are being read or wait for a model."""
    connections: int = 0
    """More are not open at once; 0 is what the limit of open files allows."""
    head_timeout_s: float | None = 10
    """For a request's head to arrive; None is without bound, as for the others."""
    body_timeout_s: float | None = 60
    """For a whole request to arrive."""
    send_timeout_s: float | None = 30
    """For a client that takes nothing of its answer."""

    def body_limit(self, path: str) -> tuple[int, str]:
        """The bytes that a body to this path may have, and the flag that says so."""
        limit = (self.limit_bytes, "--max_body_bytes")
        # Others may be /predict in another spelling.
        if path.startswith("/v1/"):
            limit = (self.rest_limit_bytes, "--max_rest_body_bytes")
        # A longer one could never come, whatever else there is.
        return min(limit, (self.bytes_at_once, "--max_body_bytes_at_once"), key=lambda each: each[0])


class TlsSettings(NamedTuple):
    """PEM texts, not paths."""

    server_key: str
    server_cert: str
    custom_ca: str
    client_verify: bool


class GrpcSettings(NamedTuple):
    """Where and how gRPC is spoken; `port` 0 is none (then there is a socket path)."""

    bind_address: str
    port: int
    socket_path: str | None = None
    channel_arguments: Mapping[str, int | str] = {}
    threads: int = 8
    tls: TlsSettings | None = None
    health: bool = True
    tensor_content: bool = False
    """Answers carry tensors as bytes in place of typed fields."""
    body_timeout_s: float | None = 60
    """For a message to arrive; None is without bound."""
    bytes_at_once: int = 256 * 1024 * 1024
    """Of all messages together that wait for a model or run, and of answers that have not been taken."""
    send_timeout_s: float | None = 30
    """For a client that takes nothing of its answer."""
    reload_config: bool = True
    """Whether HandleReloadConfigRequest may replace all models."""


class ModelsSettings(NamedTuple):
    """Which models are served, and how their versions come and go."""

    configs: tuple[ModelConfig, ...]
    """From flags; empty where `config_file` says which."""
    default_model: str = ""
    """What `/predict` takes where several are served and the request names none; empty for none."""
    config_file: Path | None = None
    config_file_poll_s: float = 0
    """0 is never again."""
    version_poll_s: float = 1
    """0 looks once, below 0 never."""
    load_retries: int = 0
    """After the first failure."""
    load_retry_interval_s: float = 60
    labels_for_unavailable: bool = False
    """Whether a new label may name a version that is not loaded."""
    waits_for_versions: bool = False
    """Whether a base path that is missing or empty at the start is waited for, as in TensorFlow Serving, or ends it."""
    warmup: bool = True
    warmup_iterations: int = 1


class BatchingSettings(NamedTuple):
    """BatchingParameters; the defaults are TensorFlow Serving's."""

    threads: int
    max_batch_size: int = 1000
    timeout_s: float = 0
    max_enqueued_batches: int = 10
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    split_large: bool = False
    max_execution_batch_size: int = 0
    """With `split_large`: the largest batch that is run; 0 is `max_batch_size`."""


class Settings(NamedTuple):
    """Everything the server needs to know to start."""

    models: ModelsSettings
    runtime: str
    runtime_options: RuntimeOptions
    image_options: ImageOptions
    http: HttpSettings | None
    grpc: GrpcSettings | None
    requests_at_once: int
    """More are turned away, by whatever protocol they come."""
    batching: BatchingSettings | None = None
    check_method_names: bool = False
    """Whether a signature's method_name must fit what is asked of it."""
    log_level: str = "info"
    like_tensorflow_serving: bool = False
    """Whether a failed start is told as TensorFlow Serving tells it, with exit status 255."""
