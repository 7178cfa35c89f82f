"""Calls a server through tensorflow-serving-api's stubs: a JSON object a line on stdin, one a line on stdout for each.

In: target, method (`PredictionService/Predict`), request (in text format); where wanted `timeout_s`, `inputs`
(for Predict, name -> {dtype, shape, values}, made by tf.make_tensor_proto; one value fills the shape), `tls`
(root_certificates and perhaps private_key, certificate_chain, as PEM), `limit_bytes` (of the answer), `metadata`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

SHOWN_BYTES = 1_000_000
"""Longer responses are not given as text, which takes seconds."""
STUBS = {
    "PredictionService": prediction_service_pb2_grpc.PredictionServiceStub,
    "ModelService": model_service_pb2_grpc.ModelServiceStub,
}
REQUESTS = {
    "Predict": predict_pb2.PredictRequest,
    "Classify": classification_pb2.ClassificationRequest,
    "Regress": regression_pb2.RegressionRequest,
    "MultiInference": inference_pb2.MultiInferenceRequest,
    "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelStatus": get_model_status_pb2.GetModelStatusRequest,
    "HandleReloadConfigRequest": model_management_pb2.ReloadConfigRequest,
}


def open_channel(target: str, tls: dict[str, str] | None, limit_bytes: int | None, authority: str) -> grpc.Channel:
    options: list[tuple[str, object]] = [("grpc.default_authority", authority)] if authority else []
    options += [] if limit_bytes is None else [("grpc.max_receive_message_length", limit_bytes)]
    if tls is None:
        return grpc.insecure_channel(target, options)
    credentials = grpc.ssl_channel_credentials(**{name: pem.encode() for name, pem in tls.items()})
    return grpc.secure_channel(target, credentials, options)


def make_request(method: str, text: str, inputs: dict[str, Any]) -> Any:
    request = text_format.Parse(text, REQUESTS[method]())
    for name, given in inputs.items():
        array = np.broadcast_to(np.array(given["values"], given["dtype"]), given["shape"])
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request


def call(
    target: str,
    method: str,
    request: str,
    *,
    timeout_s: float = 60,
    inputs: dict[str, Any] | None = None,
    tls: dict[str, str] | None = None,
    limit_bytes: int | None = None,
    authority: str = "",
    metadata: dict[str, str] | None = None,
) -> dict[str, object]:
    service, name = method.split("/")
    message = make_request(name, request, inputs or {})
    with open_channel(target, tls, limit_bytes, authority) as channel:
        try:
            response = getattr(STUBS[service](channel), name)(
                message, timeout=timeout_s, metadata=list((metadata or {}).items())
            )
        except grpc.RpcError as error:
            return {"code": error.code().name, "details": error.details()}
    arrays = {}
    if name == "Predict":
        arrays = {output: tf.make_ndarray(proto).tolist() for output, proto in response.outputs.items()}
    text = text_format.MessageToString(response) if response.ByteSize() < SHOWN_BYTES else ""
    return {"code": "OK", "details": "", "response": text, "arrays": arrays}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(call(**json.loads(line)), default=bytes.decode), flush=True)


if __name__ == "__main__":
    main()
