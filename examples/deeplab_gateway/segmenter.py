"""The model server, by gRPC: a picture's pixels -> the class of each."""

import logging
from typing import NamedTuple

import numpy as np

from examples.deeplab_gateway.errors import GatewayError, ModelFault, ModelTooSlow, ModelUnavailable
from examples.deeplab_gateway.pascal import CLASSES
from examples.deeplab_gateway.picture import Pixels
from examples.deeplab_gateway.signature import INPUT, MODEL, OUTPUT, SIDE
from firstserve.client import Client, ClientError, DeadlineExceeded, Overloaded, Unavailable

RETRIES = 2

_log = logging.getLogger(__name__)


class Segmented(NamedTuple):
    """What a version of the model answered."""

    class_ids: Pixels
    """[SIDE, SIDE]"""
    version: int


class Segmenter:
    """Asks the server at `address`, such as grpc://localhost:8500; may be used by several threads."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = Client(address, timeout_s=timeout_s, retries=RETRIES)

    def __call__(self, pixels: Pixels, label: str) -> Segmented:
        """Ask the version that goes by `label`; `pixels` are uint8 [1, SIDE, SIDE, 3].

        Raises ModelUnavailable, ModelTooSlow, or ModelFault.
        """
        try:
            answer = self._client.predict(MODEL, {INPUT: pixels}, label=label)
        except ClientError as error:
            _log.warning("%s %s: %s", MODEL, label, error.message)
            raise self._fault(error, label) from error
        class_ids = answer.outputs.get(OUTPUT)
        if not isinstance(class_ids, np.ndarray) or class_ids.shape != (1, SIDE, SIDE):
            raise ModelFault(f"{MODEL} {label} gives no {OUTPUT} of [1, {SIDE}, {SIDE}]: build it with build.sh")
        if class_ids.min() < 0 or class_ids.max() >= len(CLASSES):
            raise ModelFault(f"{MODEL} {label} knows other classes than the {len(CLASSES)} of Pascal VOC")
        if answer.version is None:
            raise ModelFault("the model server does not say which version has answered: ask one of firstserve by gRPC")
        return Segmented(class_ids[0].astype(np.uint8), answer.version)

    def _fault(self, error: ClientError, label: str) -> GatewayError:
        if isinstance(error, Unavailable | Overloaded):
            return ModelUnavailable("the model server cannot answer now: try again in a few seconds")
        if isinstance(error, DeadlineExceeded):
            return ModelTooSlow(f"the model server has not answered within {self._timeout_s:g} s: try again later")
        return ModelFault(f"the model server has no {MODEL} {label} that the gateway can ask: {error.message}")
