"""REST and gRPC say the same: the same values to the same question, the same text of the same fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from firstserve.rpc.generated.tensorflow.core.framework.types_pb2 import DT_FLOAT
from firstserve.rpc.generated.tensorflow_serving.apis.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from firstserve.rpc.generated.tensorflow_serving.apis.regression_pb2 import RegressionRequest, RegressionResponse
from tests.contract.both_protocols import CALL_LIMIT_S

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tests.contract.both_protocols import BothProtocols

A, B = [1.5, 1.0, 1e30, -0.1, 3e-6], [2.25, -1.0, 1e30, 0.3, 1e-9]
EXAMPLES = [{"a": a, "b": b} for a, b in zip(A, B, strict=True)]
IN_PYTHON = pytest.mark.parametrize("both", ["fast", "slow"], indirect=True)
"""Marks what the server in Rust does not do."""
HTTP_STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 400}


class Spec(NamedTuple):
    """What is asked for, as a path of REST and as fields of a ModelSpec."""

    path: str
    version: int | None = None
    label: str = ""
    name: str = "add"

    def fill(self, message: Any, signature_name: str = "") -> None:
        message.name, message.signature_name = self.name, signature_name
        if self.version is not None:
            message.version.value = self.version
        if self.label:
            message.version_label = self.label


SPECS = [
    Spec("/v1/models/add"),
    Spec("/v1/models/add/versions/1", version=1),
    Spec("/v1/models/add/labels/stable", label="stable"),
]
MISSING = [
    Spec("/v1/models/nothing", name="nothing"),
    Spec("/v1/models/add/versions/77", version=77),
    Spec("/v1/models/add/labels/nothing", label="nothing"),
]


def call(both: BothProtocols, method: str, request: Message) -> bytes:
    path = f"/tensorflow.serving.{method}"
    answer: bytes = both.channel.unary_unary(path)(request.SerializeToString(), timeout=CALL_LIMIT_S)
    return answer


def predict_request(spec: Spec, signature_name: str = "") -> PredictRequest:
    request = PredictRequest()
    spec.fill(request.model_spec, signature_name)
    for name, values in (("a", A), ("b", B)):
        request.inputs[name].dtype = DT_FLOAT
        request.inputs[name].float_val.extend(values)
        request.inputs[name].tensor_shape.dim.add(size=len(values))
    return request


def add_examples(request: ClassificationRequest | RegressionRequest) -> None:
    for a, b in zip(A, B, strict=True):
        example = request.input.example_list.examples.add()
        example.features.feature["a"].float_list.value.append(a)
        example.features.feature["b"].float_list.value.append(b)


def rest(both: BothProtocols, path: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    answer = both.server.ask("GET" if body is None else "POST", path, data)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_predict_gives_the_same_values(both: BothProtocols, spec: Spec) -> None:
    by_rpc = PredictResponse.FromString(call(both, "PredictionService/Predict", predict_request(spec)))
    rows = rest(both, f"{spec.path}:predict", {"instances": EXAMPLES})["predictions"]
    columns = rest(both, f"{spec.path}:predict", {"inputs": {"a": A, "b": B}})["outputs"]
    packed = PredictResponse()
    packed.outputs["result"].float_val.extend(rows)
    assert packed.outputs["result"].float_val == by_rpc.outputs["result"].float_val
    assert rows == columns


@IN_PYTHON
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_classify_gives_the_same_classes(both: BothProtocols, spec: Spec) -> None:
    request = ClassificationRequest()
    spec.fill(request.model_spec, "classify")
    add_examples(request)
    by_rpc = ClassificationResponse.FromString(call(both, "PredictionService/Classify", request))
    by_rest = rest(both, f"{spec.path}:classify", {"signature_name": "classify", "examples": EXAMPLES})["results"]
    assert by_rest == [[[each.label, each.score] for each in row.classes] for row in by_rpc.result.classifications]


@IN_PYTHON
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_regress_gives_the_same_values(both: BothProtocols, spec: Spec) -> None:
    request = RegressionRequest()
    spec.fill(request.model_spec, "regress")
    add_examples(request)
    by_rpc = RegressionResponse.FromString(call(both, "PredictionService/Regress", request))
    packed = RegressionResponse()
    for value in rest(both, f"{spec.path}:regress", {"signature_name": "regress", "examples": EXAMPLES})["results"]:
        packed.result.regressions.add(value=value)
    assert packed.result == by_rpc.result


def test_status_is_the_same(both: BothProtocols) -> None:
    request = GetModelStatusRequest()
    request.model_spec.name = "add"
    by_rpc = GetModelStatusResponse.FromString(call(both, "ModelService/GetModelStatus", request))
    as_json = MessageToDict(by_rpc, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    assert rest(both, "/v1/models/add") == as_json


def test_metadata_is_the_same(both: BothProtocols) -> None:
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "add"
    by_rpc = GetModelMetadataResponse.FromString(call(both, "PredictionService/GetModelMetadata", request))
    signatures = SignatureDefMap()
    assert by_rpc.metadata["signature_def"].Unpack(signatures)
    as_json = MessageToDict(signatures, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    by_rest = rest(both, "/v1/models/add/metadata")
    assert by_rest["metadata"]["signature_def"] == as_json
    assert by_rest["model_spec"]["version"] == str(by_rpc.model_spec.version.value) == "2"


@pytest.mark.parametrize("spec", MISSING, ids=str)
def test_what_is_not_there_is_told_in_the_same_words(both: BothProtocols, spec: Spec) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        call(both, "PredictionService/Predict", predict_request(spec))
    answer = both.server.ask("POST", f"{spec.path}:predict", json.dumps({"instances": EXAMPLES}).encode())
    assert answer.error == raised.value.details()
    assert answer.status == HTTP_STATUS[raised.value.code().name]
