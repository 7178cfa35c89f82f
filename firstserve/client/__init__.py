"""The client: tensors, rows or a picture -> a server, by REST or gRPC -> what it answers, or a typed error.

Importing it imports neither NumPy nor a protocol's library: urllib3 comes with the first client of an `http://` or
`https://` address, grpcio and protobuf with the first one of `grpc://` or `grpcs://`, NumPy with the first tensor.
"""

from firstserve.client.answers import (
    Answer,
    Metadata,
    PictureAnswer,
    Prediction,
    Signature,
    TensorInfo,
    VersionStatus,
)
from firstserve.client.client import Client
from firstserve.client.errors import (
    ClientError,
    DeadlineExceeded,
    Forbidden,
    InvalidRequest,
    NotFound,
    Overloaded,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from firstserve.client.identity import CloudRunToken

__all__ = [
    "Answer",
    "Client",
    "ClientError",
    "CloudRunToken",
    "DeadlineExceeded",
    "Forbidden",
    "InvalidRequest",
    "Metadata",
    "NotFound",
    "Overloaded",
    "PictureAnswer",
    "Prediction",
    "ServerFault",
    "Signature",
    "TensorInfo",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "VersionStatus",
]
