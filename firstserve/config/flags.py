"""Flags: what the command line and the environment say -> Settings.

The files that flags name are read here, except --model_config_file, which is read again and again; protobuf is imported
only for them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from firstserve.config.base_path import read_base_path
from firstserve.config.command_line import MODEL_SERVER, SERVE, read_flags, refuse_flags
from firstserve.config.flag import cpu_count
from firstserve.config.ports import choose_ports, is_grpc_on
from firstserve.config.settings import BatchingSettings, GrpcSettings, HttpSettings, ModelsSettings, Settings
from firstserve.errors import InvalidArgument
from firstserve.image.memory import ImageMemory
from firstserve.image.options import ImageOptions
from firstserve.models.model_config import ModelConfig
from firstserve.servable import Normalization, RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.config.command_line import Flags
    from firstserve.config.ports import Ports


def parse_settings(arguments: Sequence[str], environment: Mapping[str, str], command: str = SERVE) -> Settings:
    """The settings of a command line. Ends the process as `read_flags` does; raises as `make_settings` does."""
    return make_settings(read_flags(command, arguments, environment), environment)


def is_like_tensorflow_serving(flags: Flags, environment: Mapping[str, str]) -> bool:
    """Whether the server starts, and fails to start, as TensorFlow Serving does.

    Where it is asked for nothing of TensorFlow Serving's own, it starts as a serverless platform wants it.
    """
    return bool(flags.command == MODEL_SERVER or flags.model_config_file or is_grpc_on(flags, environment))


def make_settings(flags: Flags, environment: Mapping[str, str]) -> Settings:
    """Checks what flags say together, and reads the files that they name.

    Raises FirstserveError for what TensorFlow Serving refuses when it starts, and for files that are wrong; ends the
    process (SystemExit) for a mistake in flags that it does not have.
    """
    ports = choose_ports(flags, environment)
    like_tensorflow_serving = is_like_tensorflow_serving(flags, environment)
    return Settings(
        models=_models(flags, environment, waits_for_versions=like_tensorflow_serving),
        runtime=flags.runtime,
        runtime_options=_runtime_options(flags),
        image_options=_image_options(flags),
        http=_http(flags, ports),
        grpc=_grpc(flags, ports),
        requests_at_once=flags.max_requests_at_once,
        batching=_batching(flags),
        check_method_names=flags.enable_signature_method_name_check,
        log_level=flags.log_level,
        like_tensorflow_serving=like_tensorflow_serving,
    )


def _models(flags: Flags, environment: Mapping[str, str], *, waits_for_versions: bool) -> ModelsSettings:
    config_file = Path(flags.model_config_file) if flags.model_config_file else None
    return ModelsSettings(
        configs=() if config_file else (ModelConfig(flags.model_name, _base_path(flags, environment)),),
        config_file=config_file,
        config_file_poll_s=max(flags.model_config_file_poll_wait_seconds, 0),
        version_poll_s=flags.file_system_poll_wait_seconds,
        load_retries=max(flags.max_num_load_retries, 0),
        load_retry_interval_s=max(flags.load_retry_interval_micros, 0) / 1e6,
        labels_for_unavailable=flags.allow_version_labels_for_unavailable_models,
        waits_for_versions=waits_for_versions,
        warmup=flags.enable_model_warmup,
        warmup_iterations=max(flags.num_request_iterations_for_warmup, 1),
    )


def _base_path(flags: Flags, environment: Mapping[str, str]) -> Path:
    written = flags.model_base_path
    if flags.command == SERVE:
        written = written or f"{environment.get('MODEL_BASE_PATH') or '/models'}/{flags.model_name}"
        if "://" not in written:
            written = os.path.abspath(written)  # noqa: PTH100 - as the user wrote it, without `..`
    elif not written:
        raise InvalidArgument("Both server_options.model_base_path and server_options.model_config_file are empty!")
    return read_base_path(flags.model_name, written)


def _runtime_options(flags: Flags) -> RuntimeOptions:
    session, intra_op, inter_op = (
        flags.tensorflow_session_parallelism,
        flags.tensorflow_intra_op_parallelism,
        flags.tensorflow_inter_op_parallelism,
    )
    if session > 0 and intra_op > 0 and inter_op > 0:
        raise InvalidArgument(
            "Either configure server_options.tensorflow_session_parallelism or "
            "(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) "
            "separately. You cannot configure all."
        )
    options = RuntimeOptions(
        instances=flags.num_tflite_pools,
        threads=flags.threads_per_run,
        tags=flags.saved_model_tags,
        prefer_tflite=flags.prefer_tflite_model,
    )
    if intra_op > 0 or inter_op > 0:
        return options._replace(threads=max(intra_op, 0), inter_op_threads=max(inter_op, 0))
    if session > 0:
        return options._replace(threads=session, inter_op_threads=session)
    return options


def _image_options(flags: Flags) -> ImageOptions:
    if (flags.image_mean is None) != (flags.image_std is None):
        refuse_flags(flags.command, "--image_mean and --image_std go together: (pixel - mean) / std")
    normalization = None if flags.image_mean is None else Normalization(flags.image_mean, flags.image_std)
    if normalization is not None and 0 in normalization.std:
        refuse_flags(flags.command, "argument --image_std: pixels cannot be divided by 0")
    return ImageOptions(
        limit_pixels=flags.max_image_pixels,
        memory=ImageMemory(flags.max_image_memory_bytes),
        size=flags.image_size,
        normalization=normalization,
        labels=flags.labels,
        scores_output=flags.scores_output,
        pictures_at_once=max(cpu_count(), flags.num_tflite_pools) + 1,
    )


def _http(flags: Flags, ports: Ports) -> HttpSettings | None:
    if ports.http is None:
        return None
    monitoring_path = None
    if flags.monitoring_config_file:
        from firstserve.config.monitoring_file import read_monitoring_path

        monitoring_path = read_monitoring_path(Path(flags.monitoring_config_file))
    return HttpSettings(
        bind_address=flags.bind_address,
        port=ports.http,
        limit_bytes=flags.max_body_bytes,
        timeout_s=flags.rest_api_timeout_in_ms / 1000 if flags.rest_api_timeout_in_ms > 0 else None,
        threads=flags.rest_api_num_threads,
        cors=flags.rest_api_enable_cors_support,
        monitoring_path=monitoring_path,
        first_responder=flags.first_responder,
        rest_limit_bytes=flags.max_rest_body_bytes,
        bytes_at_once=flags.max_body_bytes_at_once,
        connections=flags.max_connections,
        head_timeout_s=flags.request_head_timeout_s or None,
        body_timeout_s=flags.request_body_timeout_s or None,
        send_timeout_s=flags.response_send_timeout_s or None,
    )


def _grpc(flags: Flags, ports: Ports) -> GrpcSettings | None:
    if not ports.grpc and ports.grpc_socket_path is None:
        return None
    tls = None
    if flags.ssl_config_file:
        from firstserve.config.ssl_file import read_tls

        tls = read_tls(Path(flags.ssl_config_file))
    return GrpcSettings(
        bind_address=flags.bind_address or "0.0.0.0",  # noqa: S104 - as TensorFlow Serving does
        port=ports.grpc,
        socket_path=ports.grpc_socket_path,
        channel_arguments=flags.grpc_channel_arguments,
        threads=flags.grpc_max_threads,
        tls=tls,
        health=flags.enable_grpc_healthcheck_service,
        tensor_content=flags.enable_serialization_as_tensor_content,
        body_timeout_s=flags.request_body_timeout_s or None,
        bytes_at_once=flags.max_body_bytes_at_once,
        send_timeout_s=flags.response_send_timeout_s or None,
        reload_config=flags.enable_reload_config is not False,
    )


def _batching(flags: Flags) -> BatchingSettings | None:
    if not flags.enable_batching:
        if flags.batching_parameters_file:
            raise InvalidArgument(
                "server_options.batching_parameters_file is set without setting server_options.enable_batching to true."
            )
        return None
    default = BatchingSettings(threads=cpu_count())
    if not flags.batching_parameters_file:
        return default
    from firstserve.config.batching_file import read_batching

    return read_batching(Path(flags.batching_parameters_file), default)
