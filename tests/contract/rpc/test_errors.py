"""The messages that people forget: code and text of what goes wrong, TensorFlow Serving's to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.rpc.conftest import GrpcProcess

MODEL = "name: 'half_plus_two'"
X = "inputs { key: 'x' value { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 1 } }"
EXAMPLE = "input { example_list { examples { } } }"
ASKING = ("Predict", "Classify", "Regress", "GetModelMetadata")
METADATA = "metadata_field: 'signature_def'"


@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ("model_spec { name: 'nobody' }", ("NOT_FOUND", "Servable not found for request: Latest(nobody)")),
        (
            f"model_spec {{ {MODEL} version {{ value: 9 }} }}",
            ("NOT_FOUND", "Servable not found for request: Specific(half_plus_two, 9)"),
        ),
        (
            f"model_spec {{ {MODEL} version_label: 'l' }}",
            ("INVALID_ARGUMENT", "Unrecognized servable version label: l"),
        ),
        (
            "model_spec { name: 'nobody' version_label: 'l' }",
            ("INVALID_ARGUMENT", "Unrecognized servable version label: l"),
        ),
        ("", ("INVALID_ARGUMENT", "Missing ModelSpec")),
        ("model_spec { }", ("INVALID_ARGUMENT", "ModelSpec has no name specified.")),
    ],
)
def test_no_such_model(server: GrpcProcess, method: str, spec: str, status: tuple[str, str]) -> None:
    request = f"{spec} {METADATA}" if method == "GetModelMetadata" else spec
    reply = server.call(f"PredictionService/{method}", request)
    assert (reply.code, reply.details) == status


@pytest.mark.parametrize(
    ("method", "request_", "code", "text"),
    [
        (
            "Predict",
            f"model_spec {{ {MODEL} signature_name: 's' }} {X}",
            "FAILED_PRECONDITION",
            'Serving signature key "s" not found.',
        ),
        (
            "Classify",
            f"model_spec {{ {MODEL} signature_name: 's' }} {EXAMPLE}",
            "INVALID_ARGUMENT",
            "No signature was found with the name: s",
        ),
        (
            "Regress",
            f"model_spec {{ {MODEL} signature_name: 's' }} {EXAMPLE}",
            "INVALID_ARGUMENT",
            "No signature was found with the name: s",
        ),
        (
            "Predict",
            f"model_spec {{ {MODEL} }}",
            "INVALID_ARGUMENT",
            "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
        ),
        (
            "Predict",
            f"model_spec {{ {MODEL} }} {X} {X.replace('x', 'a')} {X.replace('x', 'b')}",
            "INVALID_ARGUMENT",
            (
                "input size does not match signature: 3!=1 len({a,b,x}) != len({x}). "
                "Sent extra: {a,b}. Missing but required: {}."
            ),
        ),
        (
            "Predict",
            f"model_spec {{ {MODEL} }} {X} output_filter: 'z'",
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
        ),
        (
            "Predict",
            f"model_spec {{ {MODEL} }} {X} output_filter: ['y', 'y']",
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: y",
        ),
        (
            "GetModelMetadata",
            f"model_spec {{ {MODEL} }}",
            "INVALID_ARGUMENT",
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (
            "GetModelMetadata",
            f"model_spec {{ {MODEL} }} metadata_field: 'assets'",
            "INVALID_ARGUMENT",
            "Metadata field assets is not supported",
        ),
        (
            "MultiInference",
            f"tasks {{ model_spec {{ {MODEL} }} method_name: 'm' }} {EXAMPLE}",
            "UNIMPLEMENTED",
            "Unsupported signature method_name: m",
        ),
        (
            "MultiInference",
            f"tasks {{ model_spec {{ {MODEL} signature_name: 's' }} method_name: 'm' }} {EXAMPLE}",
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: s",
        ),
    ],
)
def test_a_request_that_does_not_fit(server: GrpcProcess, method: str, request_: str, code: str, text: str) -> None:
    reply = server.call(f"PredictionService/{method}", request_)
    assert (reply.code, reply.details) == (code, text)


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("Classify", "No classification inputs found in SignatureDef: "),
        ("Regress", "No regression inputs found in SignatureDef: "),
    ],
)
def test_examples_for_a_signature_that_predicts(server: GrpcProcess, method: str, text: str) -> None:
    reply = server.call(f"PredictionService/{method}", f"model_spec {{ {MODEL} }} {EXAMPLE}")
    assert reply.code == "INVALID_ARGUMENT"
    assert reply.details.startswith(text)


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ("model_spec { name: 'nobody' }", "NOT_FOUND", "Could not find any versions of model nobody"),
        (
            f"model_spec {{ {MODEL} version {{ value: 9 }} }}",
            "NOT_FOUND",
            "Could not find version 9 of model half_plus_two",
        ),
        ("", "INVALID_ARGUMENT", "Missing ModelSpec"),
    ],
)
def test_no_such_status(server: GrpcProcess, request_: str, code: str, text: str) -> None:
    reply = server.call("ModelService/GetModelStatus", request_)
    assert (reply.code, reply.details) == (code, text)


TENSORFLOW = "name: 'm' base_path: '/m' model_platform: 'tensorflow'"


@pytest.mark.parametrize(
    ("configs", "code", "text"),
    [
        (
            ["name: 'm' base_path: '/m'"],
            "INVALID_ARGUMENT",
            (
                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                "ModelServerConfig::model_platform, model name is m"
            ),
        ),
        (
            ["name: 'm' base_path: 'm' model_platform: 'tensorflow'"],
            "INVALID_ARGUMENT",
            "Expected model m to have an absolute path or URI; got base_path()=m",
        ),
        (
            ["name: 'm' base_path: '/m' model_platform: 'caffe'"],
            "INVALID_ARGUMENT",
            "Model m requests unsupported platform caffe",
        ),
        (
            [TENSORFLOW, TENSORFLOW],
            "INVALID_ARGUMENT",
            "Illegal to list model m multiple times in config list",
        ),
        (
            [f"{TENSORFLOW} version_labels {{ key: 'l' value: 7 }}"],
            "FAILED_PRECONDITION",
            "Request to assign label to version 7 of model m, which is not currently available for inference",
        ),
    ],
)
def test_a_reload_that_is_refused(server: GrpcProcess, configs: list[str], code: str, text: str) -> None:
    listed = " ".join(f"config {{ {config} }}" for config in configs)
    request = f"config {{ model_config_list {{ {listed} }} }}"
    reply = server.call("ModelService/HandleReloadConfigRequest", request)
    assert (reply.code, reply.details) == (code, text)
    assert "AVAILABLE" in server.call("ModelService/GetModelStatus", f"model_spec {{ {MODEL} }}").response


def test_a_reload_of_nothing_is_refused(server: GrpcProcess) -> None:
    reply = server.call("ModelService/HandleReloadConfigRequest", "")
    assert reply.code == "INVALID_ARGUMENT"
    assert reply.details == (
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"
    )


@pytest.mark.parametrize(("dtype", "name"), [("DT_STRING", "string"), ("DT_DOUBLE", "double"), ("DT_INT32", "int32")])
def test_another_data_type(server: GrpcProcess, dtype: str, name: str) -> None:
    x = f"inputs {{ key: 'x' value {{ dtype: {dtype} tensor_shape {{ dim {{ size: 1 }} }} }} }}"
    reply = server.call("PredictionService/Predict", f"model_spec {{ {MODEL} }} {x}")
    text = f"Expects arg[0] to be float but {name} is provided"
    assert (reply.code, reply.details) == ("INVALID_ARGUMENT", text)
