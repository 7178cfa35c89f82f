"""gRPC: requests as messages -> TensorFlow Serving's services -> answers, or a typed error. Stubs are our own."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import firstserve.rpc  # noqa: F401 - before grpc, whose log it turns off  # isort: skip
import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

from firstserve import __version__
from firstserve.client.answers import Answer
from firstserve.client.errors import DeadlineExceeded, InvalidRequest, ServerFault, Unavailable, of_grpc
from firstserve.client.tensor_values import from_tensor, to_tensor
from firstserve.errors import InvalidArgument, QueueFull
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
from firstserve.rpc.inflation import inflate
from firstserve.rpc.message_memory import MessageMemory
from firstserve.rpc.tensor_proto import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

    from firstserve.client.address import Address
    from firstserve.client.transport import Options, SignatureOf
    from firstserve.models.model_spec import ModelSpec
    from firstserve.rpc.generated.tensorflow_serving.apis import model_pb2

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

_RETRIED = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
_MOST_ATTEMPTS = 5
"""What grpc allows in a retry policy."""
_MESSAGE_LIMIT_BYTES = 2**31 - 1
_TOO_LONG = "CLIENT: Received message larger than max"
"""How grpc says that an answer is beyond the limit, with a code that is a server's otherwise."""


class Rpc:
    """A channel to one server, which several threads may use."""

    def __init__(self, address: Address, options: Options) -> None:
        self._address = address
        self._options = options
        arguments = list(_channel_arguments(options).items())
        if address.encrypted:
            credentials = grpc.ssl_channel_credentials(options.root_certificates)
            self._channel = grpc.secure_channel(address.netloc, credentials, arguments)
        else:
            self._channel = grpc.insecure_channel(address.netloc, arguments)
        self._compression = grpc.Compression.Gzip if options.compress else grpc.Compression.NoCompression

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def predict(
        self, spec: ModelSpec, signature_name: str, inputs: Mapping[str, Any], signature: SignatureOf, until_s: float
    ) -> Answer:
        """Tensors in, tensors out."""
        request = PredictRequest()
        _write_spec(request.model_spec, spec)
        request.model_spec.signature_name = signature_name
        for name, value in inputs.items():
            tensor = to_tensor(name, value, _dtype_of(name, signature_name, signature))
            encode(tensor, request.inputs[name], as_content=True)
        response: PredictResponse = self._call(_PREDICT, request, PredictResponse, until_s)
        try:
            outputs = {name: from_tensor(decode(name, proto)) for name, proto in response.outputs.items()}
        except InvalidArgument as error:
            raise ServerFault(f"{self._address} answers what is no tensor: {error}") from error
        has_version = response.model_spec.HasField("version")
        return Answer(outputs, response.model_spec.version.value if has_version else None)

    def status(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelStatusResponse."""
        request = GetModelStatusRequest()
        _write_spec(request.model_spec, spec)
        return _json(self._call(_STATUS, request, GetModelStatusResponse, until_s))

    def metadata(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelMetadataResponse."""
        request = GetModelMetadataRequest(metadata_field=["signature_def"])
        _write_spec(request.model_spec, spec)
        response: GetModelMetadataResponse = self._call(_METADATA, request, GetModelMetadataResponse, until_s)
        signatures = SignatureDefMap.FromString(response.metadata["signature_def"].value)
        return {"model_spec": _json(response.model_spec), "metadata": {"signature_def": _json(signatures)}}

    def _call(self, method: str, request: Message, response: type[Message], until_s: float) -> Any:
        call = self._channel.unary_unary(
            method, request_serializer=type(request).SerializeToString, response_deserializer=bytes
        )
        token = self._options.token()
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        try:
            data = call(request, timeout=until_s - time.monotonic(), metadata=metadata, compression=self._compression)
        except grpc.RpcError as error:
            code, details = error.code().name, error.details()
            kind = of_grpc(code)
            if details is not None and _TOO_LONG in details:
                raise ServerFault(f"{details}: answer_limit_bytes allows more", code=code) from error
            if kind is Unavailable:
                details = f"{self._address} cannot be asked now: {details}"
            elif kind is DeadlineExceeded:
                details = f"no answer from {self._address} within the time limit: {details}"
            raise kind(details, code=code) from error
        limit_bytes = self._options.answer_limit_bytes
        try:
            return response.FromString(inflate(data, MessageMemory(limit_bytes).claim(len(data)), limit_bytes))
        except QueueFull as error:
            raise ServerFault(
                f"the answer is longer than {limit_bytes} bytes: answer_limit_bytes allows more"
            ) from error
        except (InvalidArgument, DecodeError) as error:
            raise ServerFault(f"{self._address} answers what is no {response.DESCRIPTOR.name}: {error}") from error


def _channel_arguments(options: Options) -> dict[str, int | str]:
    retries = options.retries
    arguments: dict[str, int | str] = {
        "grpc.primary_user_agent": f"firstserve/{__version__}",
        "grpc.max_send_message_length": _MESSAGE_LIMIT_BYTES,
        "grpc.max_receive_message_length": min(options.answer_limit_bytes, _MESSAGE_LIMIT_BYTES),
        # grpc would inflate an answer without a limit.
        "grpc.per_message_decompression": 0,
        # By default a request of more than 256 KiB is not sent again.
        "grpc.per_rpc_retry_buffer_size": _MESSAGE_LIMIT_BYTES,
        # A server that is started again is to be found soon; by default the channel may wait for two minutes.
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1000,
    }
    if retries == 0:
        return arguments | {"grpc.enable_retries": 0}
    policy = {
        "maxAttempts": min(retries + 1, _MOST_ATTEMPTS),
        "initialBackoff": "0.1s",
        "maxBackoff": "5s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": _RETRIED,
    }
    config = {"methodConfig": [{"name": [{}], "retryPolicy": policy}]}
    return arguments | {"grpc.enable_retries": 1, "grpc.service_config": json.dumps(config)}


def _write_spec(message: model_pb2.ModelSpec, spec: ModelSpec) -> None:
    message.name = spec.name
    if spec.version is not None:
        message.version.value = spec.version
    elif spec.label is not None:
        message.version_label = spec.label


def _dtype_of(name: str, signature_name: str, signature: SignatureOf) -> Callable[[], str]:
    def dtype() -> str:
        inputs = signature().inputs
        if name not in inputs:
            raise InvalidRequest(f'the signature "{signature_name}" has no input "{name}": it has {", ".join(inputs)}')
        return inputs[name].dtype

    return dtype


def _json(message: Message) -> Any:
    return MessageToDict(message, preserving_proto_field_name=True)
