"""Arguments and environment as the values of flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstserve.config.command_line import FLAGS, MODEL_SERVER, SERVE, read_flags
from firstserve.config.tensorflow_serving_flags import TENSORFLOW_SERVING_FLAGS
from tests.config.parsing import http, model, parsed, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.config.command_line import Flags

SAMPLES = {"bool": "true", "int32": "3", "int64": "3", "float": "0.5", "string": "text", "numbers": "1"}
SPECIAL = {
    "grpc_channel_arguments": "key=value",
    "runtime": "litert",
    "log_level": "debug",
    "labels": "",
}


def served(*arguments: str, **environment: str) -> Flags:
    return read_flags(SERVE, arguments, environment)


def model_server(*arguments: str, **environment: str) -> Flags:
    return read_flags(MODEL_SERVER, arguments, environment)


def sample(name: str) -> str:
    return SPECIAL.get(name, SAMPLES[FLAGS[name].kind.name])


def test_all_flags_of_tensorflow_serving_are_there() -> None:
    assert len({flag.name for flag in TENSORFLOW_SERVING_FLAGS}) == 48


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("command", [SERVE, MODEL_SERVER])
def test_flag_and_twin_say_the_same(command: str, name: str) -> None:
    by_flag = read_flags(command, [f"--{name}={sample(name)}"], {})
    by_twin = read_flags(command, [], {f"FIRSTSERVE_{name.upper()}": sample(name)})
    assert getattr(by_flag, name) == getattr(by_twin, name)
    if sample(name):
        assert by_flag.given == by_twin.given == {name}


def test_a_flag_wins_over_its_twin_and_the_twin_over_the_usual_name() -> None:
    environment = {"FIRSTSERVE_MODEL_NAME": "b", "MODEL_NAME": "c"}
    assert model(parsed("--model_name=a", **environment))[0] == "a"
    assert model(parsed(**environment))[0] == "b"
    assert model(parsed(MODEL_NAME="c"))[0] == "c"


def test_an_empty_variable_is_none() -> None:
    assert http(parsed(PORT="", FIRSTSERVE_REST_API_PORT="", FIRSTSERVE_MODEL_NAME="")).port == 8501


def test_of_a_flag_that_is_given_twice_the_last_one_counts() -> None:
    assert served("--port=1", "--port=2").port == 2


@pytest.mark.parametrize(("argument", "value"), [("", True), ("=true", True), ("=false", False)])
@pytest.mark.parametrize("read", [served, model_server])
def test_a_boolean_may_go_without_value(read: Callable[..., Flags], argument: str, value: bool) -> None:
    assert read(f"--enable_batching{argument}").enable_batching is value


def test_firstserve_takes_a_value_that_stands_apart() -> None:
    flags = served("--rest_api_port", "9000", "--enable_batching", "--model_name", "-m")
    assert (flags.rest_api_port, flags.enable_batching, flags.model_name) == (9000, True, "-m")


@pytest.mark.parametrize("arguments", [["--port"], ["--port", "--rest_api_port=1"]])
def test_a_value_that_is_missing_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert "argument --port: expected a value" in refused(capsys, *arguments)


def test_what_kubernetes_says_about_services_of_our_names_is_no_port(capsys: pytest.CaptureFixture[str]) -> None:
    flags = served(FIRSTSERVE_PORT="tcp://10.0.0.7:8500", FIRSTSERVE_REST_API_PORT="tcp://10.0.0.8:80")
    assert (flags.port, flags.rest_api_port, flags.given) == (8500, 8501, frozenset())
    assert capsys.readouterr().err.splitlines() == [
        f"firstserve: {link} is Kubernetes' link to a service and no port: it is passed over"
        for link in ("FIRSTSERVE_PORT=tcp://10.0.0.7:8500", "FIRSTSERVE_REST_API_PORT=tcp://10.0.0.8:80")
    ]


@pytest.mark.parametrize(("text", "address"), [("[::]", "::"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1")])
def test_an_address_may_be_in_brackets(text: str, address: str) -> None:
    assert served(f"--bind_address={text}").bind_address == address


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--rest_api_port=http", "argument --rest_api_port: 'http' is no whole number"),
        ("--rest_api_port=", "argument --rest_api_port: '' is no whole number"),
        ("--rest_api_port=65536", "65536 is no port: expected 0 to 65535"),
        ("--rest_api_port=-1", "-1 is below 0"),
        ("--rest_api_port=8_5", "'8_5' is no whole number"),
        ("--max_num_load_retries=2147483648", "2147483648 does not fit into 32 bits"),
        ("--load_retry_interval_micros=9223372036854775808", "does not fit into 64 bits"),
        ("--per_process_gpu_memory_fraction=1_0", "'1_0' is no number"),
        ("--enable_batching=yes", "'yes' is neither true nor false"),
        ("--grpc_channel_arguments=a=1,b", "'b' is no key=value"),
        ("--num_tflite_pools=0", "0 is below 1"),
        ("--threads_per_run=-1", "-1 is below 0"),
        ("--max_body_bytes=0", "0 is below 1"),
        ("--request_head_timeout_s=-1", "-1 is no time in seconds: expected 0 to 1000000000"),
        ("--request_head_timeout_s=nan", "nan is no time in seconds: expected 0 to 1000000000"),
        ("--request_head_timeout_s=soon", "'soon' is no number"),
        ("--runtime=onnx", "'onnx' is not one of auto, litert, tensorflow, interpreter"),
        ("--log_level=loud", "'loud' is not one of debug, info, warning, error"),
        ("--image_mean=1,2", "neither one number nor three"),
        ("--no_such_flag=1", "unrecognized arguments: --no_such_flag=1"),
        ("--model_nam=x", "unrecognized arguments"),
        ("-port=1", "unrecognized arguments"),
        ("serve", "unrecognized arguments: serve"),
    ],
)
def test_firstserve_names_a_bad_flag(capsys: pytest.CaptureFixture[str], flag: str, text: str) -> None:
    said = refused(capsys, flag)
    assert text in said
    assert said.startswith("usage: firstserve serve [--FLAG=VALUE ...]")


def test_a_bad_variable_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "error: FIRSTSERVE_NUM_TFLITE_POOLS: 'many'" in refused(capsys, FIRSTSERVE_NUM_TFLITE_POOLS="many")


@pytest.mark.parametrize("argument", ["--port=grpc", "--enable_batching=1x", "--load_retry_interval_micros=1.5"])
def test_model_server_answers_a_bad_value_with_usage_and_255(capsys: pytest.CaptureFixture[str], argument: str) -> None:
    with pytest.raises(SystemExit) as ended:
        model_server(argument, "--model_base_path=/m")
    assert ended.value.code == 255
    said = capsys.readouterr()
    assert said.out.startswith("usage: tensorflow_model_server\nFlags:\n\t--port=8500 ")
    assert said.err.startswith(f"tensorflow_model_server: argument {argument.partition('=')[0]}: ")


def test_model_server_tells_the_first_unknown_argument_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    flags = model_server("--no_such_flag=1", "other", "--rest_api_port=8501")
    assert flags.rest_api_port == 8501
    assert capsys.readouterr().out.startswith("unknown argument: --no_such_flag=1\nusage: tensorflow_model_server\n")


def test_model_server_takes_no_value_that_stands_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert model_server("--port", "9000").port == 8500
    assert capsys.readouterr().out.startswith("unknown argument: --port\n")


def test_a_flag_without_effect_is_told_where_it_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    served("--mixed_precision=bfloat16", "--enable_profiler", "--num_load_threads=4", "--use_alts_credentials=false")
    assert capsys.readouterr().err == "firstserve: --mixed_precision is accepted and has no effect here\n"
