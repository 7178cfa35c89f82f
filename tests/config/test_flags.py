"""Flags as settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import InvalidArgument, Unimplemented
from firstserve.servable import Normalization
from tests.config.parsing import grpc, http, model, parsed, parsed_by_model_server, refused

if TYPE_CHECKING:
    from firstserve.servable import RuntimeOptions

CPUS = len(os.sched_getaffinity(0))


def runtime(*flags: str) -> RuntimeOptions:
    return parsed(*flags).runtime_options


def test_defaults_of_firstserve_serve() -> None:
    settings = parsed()
    assert model(settings) == ("model", Path("/models/model"))
    assert (http(settings).bind_address, http(settings).port, http(settings).timeout_s) == ("", 8501, 30.0)
    assert (settings.runtime, settings.runtime_options.threads) == ("auto", 1)
    assert (settings.runtime_options.instances, settings.runtime_options.prefer_tflite) == (CPUS, True)
    assert (grpc(settings).port, grpc(settings).threads, grpc(settings).health) == (8500, 4 * CPUS, True)
    assert http(settings).limit_bytes == 32 * 1024 * 1024
    assert settings.image_options.limit_pixels == 100_000_000
    assert (settings.batching, settings.log_level, settings.requests_at_once) == (None, "info", 64)


def test_defaults_of_tensorflow_model_server_are_tensorflow_servings() -> None:
    settings = parsed_by_model_server()
    assert model(settings) == ("default", Path("/models/m"))
    assert settings.http is None
    assert (grpc(settings).port, grpc(settings).health, grpc(settings).tensor_content) == (8500, False, False)
    models = settings.models
    assert (models.version_poll_s, models.config_file_poll_s) == (1, 0)
    assert (models.load_retries, models.load_retry_interval_s) == (5, 60.0)
    assert (models.warmup, models.warmup_iterations, models.labels_for_unavailable) == (True, 1, False)
    assert (settings.runtime_options.tags, settings.runtime_options.prefer_tflite) == (("serve",), False)
    assert (settings.batching, settings.check_method_names) == (None, False)


def test_every_flag_of_the_models_does_what_it_says() -> None:
    models = parsed(
        "--model_config_file=models.config",
        "--model_config_file_poll_wait_seconds=7",
        "--file_system_poll_wait_seconds=-1",
        "--allow_version_labels_for_unavailable_models",
        "--max_num_load_retries=2",
        "--load_retry_interval_micros=1500000",
        "--enable_model_warmup=false",
        "--num_request_iterations_for_warmup=3",
    ).models
    assert models.config_file == Path("models.config")
    assert models.configs == ()
    assert (models.config_file_poll_s, models.version_poll_s) == (7, -1)
    assert (models.load_retries, models.load_retry_interval_s) == (2, 1.5)
    assert (models.warmup, models.warmup_iterations, models.labels_for_unavailable) == (False, 3, True)


def test_every_flag_of_http_does_what_it_says() -> None:
    settings = http(
        parsed("--rest_api_num_threads=3", "--rest_api_timeout_in_ms=1500", "--rest_api_enable_cors_support")
    )
    assert (settings.threads, settings.timeout_s, settings.cors) == (3, 1.5, True)


LIMITS_OF_HTTP = (
    "--max_rest_body_bytes=1",
    "--max_body_bytes_at_once=2",
    "--max_connections=3",
    "--request_head_timeout_s=0.5",
    "--request_body_timeout_s=5",
    "--response_send_timeout_s=6",
)


def test_every_limit_of_http_does_what_it_says() -> None:
    settings = http(parsed(*LIMITS_OF_HTTP))
    assert (settings.rest_limit_bytes, settings.bytes_at_once, settings.connections) == (1, 2, 3)
    assert (settings.head_timeout_s, settings.body_timeout_s, settings.send_timeout_s) == (0.5, 5, 6)
    unset = http(parsed())
    assert (unset.rest_limit_bytes, unset.bytes_at_once, unset.connections) == (100 << 20, 256 << 20, 0)
    assert (unset.head_timeout_s, unset.body_timeout_s, unset.send_timeout_s) == (10, 60, 30)


def test_a_time_of_0_is_without_bound() -> None:
    names = ("request_head", "request_body", "response_send")
    settings = http(parsed(*(f"--{name}_timeout_s=0" for name in names)))
    assert (settings.head_timeout_s, settings.body_timeout_s, settings.send_timeout_s) == (None, None, None)


@pytest.mark.parametrize("milliseconds", ["0", "-1"])
def test_without_a_positive_timeout_there_is_no_bound(milliseconds: str) -> None:
    assert http(parsed(f"--rest_api_timeout_in_ms={milliseconds}")).timeout_s is None


def test_every_flag_of_grpc_does_what_it_says() -> None:
    settings = grpc(
        parsed(
            "--bind_address=127.0.0.1",
            "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.primary_user_agent=me",
            "--grpc_max_threads=3",
            "--enable_grpc_healthcheck_service=false",
            "--enable_serialization_as_tensor_content",
        )
    )
    assert settings.bind_address == "127.0.0.1"
    assert settings.channel_arguments == {"grpc.max_connection_age_ms": 2000, "grpc.primary_user_agent": "me"}
    assert (settings.threads, settings.health, settings.tensor_content) == (3, False, True)


def test_tensorflow_gets_its_threads_and_tags() -> None:
    options = runtime("--tensorflow_session_parallelism=3", "--saved_model_tags=serve,gpu")
    assert (options.threads, options.inter_op_threads, options.tags) == (3, 3, ("serve", "gpu"))
    options = runtime("--tensorflow_intra_op_parallelism=2", "--tensorflow_inter_op_parallelism=4")
    assert (options.threads, options.inter_op_threads) == (2, 4)
    options = runtime("--tensorflow_inter_op_parallelism=4")
    assert (options.threads, options.inter_op_threads) == (0, 4)


def test_session_and_both_op_parallelisms_exclude_each_other() -> None:
    with pytest.raises(InvalidArgument, match="You cannot configure all"):
        parsed(*(f"--tensorflow_{which}_parallelism=1" for which in ("session", "intra_op", "inter_op")))


def test_batching_without_a_file_has_tensorflow_servings_defaults() -> None:
    batching = parsed("--enable_batching").batching
    assert batching is not None
    assert (batching.threads, batching.max_batch_size, batching.timeout_s) == (CPUS, 1000, 0)
    assert (batching.max_enqueued_batches, batching.allowed_batch_sizes) == (10, ())


def test_a_batching_file_without_batching_is_refused() -> None:
    with pytest.raises(InvalidArgument) as refused:
        parsed("--batching_parameters_file=/b.txt")
    assert refused.value.status == (
        "INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting "
        "server_options.enable_batching to true."
    )


def test_method_names_log_level_and_requests_at_once_are_settings() -> None:
    settings = parsed("--enable_signature_method_name_check", "--log_level=debug", "--max_requests_at_once=3")
    assert (settings.check_method_names, settings.log_level, settings.requests_at_once) == (True, "debug", 3)


def test_the_base_path_of_a_container_holds_models_by_their_names() -> None:
    assert model(parsed(MODEL_NAME="half_plus_two"))[1] == Path("/models/half_plus_two")
    assert model(parsed(MODEL_NAME="a", MODEL_BASE_PATH="/data"))[1] == Path("/data/a")
    assert model(parsed("--model_base_path=/x", MODEL_BASE_PATH="/data"))[1] == Path("/x")


def test_a_relative_base_path_is_under_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert model(parsed("--model_base_path=flowers"))[1] == tmp_path / "flowers"


def test_tensorflow_model_server_refuses_a_relative_base_path() -> None:
    with pytest.raises(InvalidArgument) as refused:
        parsed_by_model_server("--model_name=m", "--model_base_path=flowers")
    assert str(refused.value) == "Expected model m to have an absolute path or URI; got base_path()=flowers"


def test_tensorflow_model_server_refuses_to_have_no_base_path() -> None:
    with pytest.raises(InvalidArgument) as refused:
        parsed_by_model_server("--model_base_path=")
    assert str(refused.value) == ("Both server_options.model_base_path and server_options.model_config_file are empty!")


def test_a_base_path_may_be_a_file_uri_and_not_remote() -> None:
    assert model(parsed_by_model_server("--model_base_path=file:///models/m"))[1] == Path("/models/m")
    with pytest.raises(Unimplemented, match="gs://bucket/m is remote"):
        parsed("--model_base_path=gs://bucket/m")


def test_tensorflow_model_server_does_not_read_the_usual_names() -> None:
    settings = parsed_by_model_server(MODEL_NAME="m", PORT="9000")
    assert (model(settings)[0], grpc(settings).port, settings.http) == ("default", 8500, None)


def test_whoever_is_asked_for_tensorflow_serving_starts_like_it() -> None:
    like = [
        parsed_by_model_server(),
        parsed(),
        parsed("--port=8500", PORT="8080"),
        parsed("--grpc_socket_path=/s", PORT="8080"),
        parsed("--model_config_file=/models.config", PORT="8080"),
    ]
    assert all(settings.like_tensorflow_serving and settings.models.waits_for_versions for settings in like)


def test_a_serverless_container_does_not() -> None:
    settings = parsed(PORT="8080")
    assert (settings.like_tensorflow_serving, settings.models.waits_for_versions) == (False, False)


@pytest.mark.parametrize("text", ["tench\ngrå\n", "\ufefftench\ngrå", "tench\r\ngrå\r\n"])
def test_labels_are_the_lines_of_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.txt").write_bytes(text.encode())
    assert parsed(f"--labels={tmp_path / 'labels.txt'}").image_options.labels == ("tench", "grå")


@pytest.mark.parametrize("character", "\v\f\x1c\x1d\x1e\x85\u2028\u2029\r")
def test_labels_end_with_the_end_of_their_line_alone(tmp_path: Path, character: str) -> None:
    (tmp_path / "labels.txt").write_bytes(f"a{character}b\n\nc\n".encode())
    assert parsed(f"--labels={tmp_path / 'labels.txt'}").image_options.labels == (f"a{character}b", "", "c")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\0"])
def test_a_label_file_that_cannot_be_read_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "labels.txt"
    if content is not None:
        file.write_bytes(content)
    assert f"the label file {file} cannot be read" in refused(capsys, f"--labels={file}")


def test_pixels_are_normalized_by_one_number_or_one_a_channel() -> None:
    normalization = parsed("--image_mean=1,2,3", "--image_std=4").image_options.normalization
    assert normalization == Normalization((1.0, 2.0, 3.0), (4.0,))


@pytest.mark.parametrize("flags", [["--image_mean=127.5"], ["--image_std=1"]])
def test_mean_and_std_go_together(capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    assert "--image_mean and --image_std go together" in refused(capsys, *flags)


def test_tensorflow_model_server_ends_with_255_for_flags_that_do_not_go_together() -> None:
    with pytest.raises(SystemExit) as ended:
        parsed_by_model_server("--image_mean=127.5")
    assert ended.value.code == 255


def test_a_std_of_zero_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--image_std" in refused(capsys, "--image_mean=0", "--image_std=0")
