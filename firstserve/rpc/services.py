"""Services: TensorFlow Serving's methods, each with what it runs and how many of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firstserve.admission import Admission
from firstserve.rpc.call import Method, Turns
from firstserve.rpc.generated.tensorflow_serving.apis import model_service_pb2, prediction_service_pb2
from firstserve.rpc.generated.tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from firstserve.rpc.generated.tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from firstserve.rpc.generated.tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest
from firstserve.rpc.generated.tensorflow_serving.apis.regression_pb2 import RegressionRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.rpc.model_service import ModelService
    from firstserve.rpc.prediction_service import PredictionService

    Services = Mapping[str, Mapping[str, Method[Any]]]

PREDICTION_SERVICE = prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name
MODEL_SERVICE = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name

_OTHER_CALLS = 16
"""At once, of those that run no model."""


def make_services(prediction: PredictionService, model: ModelService, models: Turns, limit: int) -> Services:
    """What tells of models or changes them is needed most when the server is full: it has places of its own.

    One list of models is loaded after the other, so that whoever sends many keeps nobody else waiting.
    """
    others = Turns(Admission(limit), _OTHER_CALLS)
    reloads = Turns(Admission(limit), 1)
    return {
        PREDICTION_SERVICE: {
            "Predict": Method(PredictRequest, prediction.predict, models, waits=True),
            "Classify": Method(ClassificationRequest, prediction.classify, models, waits=True),
            "Regress": Method(RegressionRequest, prediction.regress, models, waits=True),
            "MultiInference": Method(MultiInferenceRequest, prediction.multi_inference, models, waits=True),
            "GetModelMetadata": Method(GetModelMetadataRequest, prediction.get_model_metadata, others, waits=True),
        },
        MODEL_SERVICE: {
            "GetModelStatus": Method(GetModelStatusRequest, model.get_model_status, others),
            "HandleReloadConfigRequest": Method(ReloadConfigRequest, model.reload_config, reloads),
        },
    }
