"""PredictionService: request messages -> tensors or serialized tf.Examples -> inference -> response messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from firstserve.errors import InvalidArgument
from firstserve.inference import Task, classify, multi_inference, predict, regress, resolve
from firstserve.models.metadata import signature_def_map
from firstserve.rpc.example_input import read_examples
from firstserve.rpc.generated.tensorflow_serving.apis.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.inference_pb2 import (
    InferenceTask,
    MultiInferenceRequest,
    MultiInferenceResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from firstserve.rpc.generated.tensorflow_serving.apis.regression_pb2 import RegressionRequest, RegressionResponse
from firstserve.rpc.model_spec import asked, read, write
from firstserve.rpc.results import write_classifications, write_regressions
from firstserve.rpc.tensor_proto import decode, encode
from firstserve.servable import CLASSIFY_METHOD

if TYPE_CHECKING:
    from firstserve.inference import Classifications
    from firstserve.models.manager import ModelManager
    from firstserve.rpc.call import Call, Turns

_SIGNATURE_DEF = "signature_def"
"""The one field of metadata there is."""


class PredictionService:
    """Everything that is asked of a model; what runs it has a turn, once its model is there.

    `tensor_content`: answers carry tensors as bytes, not in typed fields.

    All methods raise FirstserveError for what cannot be answered.
    """

    def __init__(self, manager: ModelManager, turns: Turns, *, check_method_names: bool, tensor_content: bool) -> None:
        self._manager = manager
        self._turns = turns
        self._check_method_names = check_method_names
        self._tensor_content = tensor_content

    def predict(self, request: PredictRequest, call: Call) -> PredictResponse:
        """Tensors through a signature."""
        call.access.asks("Predict", request.model_spec.name)
        signature_name = request.model_spec.signature_name
        response = PredictResponse()
        with self._manager.handle(asked(request), call.deadline_s) as model, self._turns.turn(call.deadline_s):
            call.access.found(model)
            inputs = {name: decode(name, proto) for name, proto in request.inputs.items()}
            with call.access.running():
                outputs = predict(
                    model,
                    signature_name,
                    inputs,
                    request.output_filter,
                    call.deadline_s,
                    check_method_name=self._check_method_names,
                )
            write(response.model_spec, model, resolve(signature_name))
        for name, tensor in outputs.items():
            encode(tensor, response.outputs[name], as_content=self._tensor_content)
        return response

    def classify(self, request: ClassificationRequest, call: Call) -> ClassificationResponse:
        """Examples to classes."""
        call.access.asks("Classify", request.model_spec.name)
        signature_name = request.model_spec.signature_name
        response = ClassificationResponse()
        with self._manager.handle(asked(request), call.deadline_s) as model, self._turns.turn(call.deadline_s):
            call.access.found(model)
            examples = read_examples(request.input)
            call.access.examples = len(examples)
            with call.access.running():
                rows = classify(
                    model, signature_name, examples, call.deadline_s, check_method_name=self._check_method_names
                )
            write(response.model_spec, model, resolve(signature_name))
        write_classifications(response.result, rows)
        return response

    def regress(self, request: RegressionRequest, call: Call) -> RegressionResponse:
        """Examples to numbers."""
        call.access.asks("Regress", request.model_spec.name)
        signature_name = request.model_spec.signature_name
        response = RegressionResponse()
        with self._manager.handle(asked(request), call.deadline_s) as model, self._turns.turn(call.deadline_s):
            call.access.found(model)
            examples = read_examples(request.input)
            call.access.examples = len(examples)
            with call.access.running():
                values = regress(
                    model, signature_name, examples, call.deadline_s, check_method_name=self._check_method_names
                )
            write(response.model_spec, model, resolve(signature_name))
        write_regressions(response.result, values)
        return response

    def multi_inference(self, request: MultiInferenceRequest, call: Call) -> MultiInferenceResponse:
        """The same examples through several signatures of one model."""
        first = request.tasks[0] if request.tasks else InferenceTask()
        call.access.asks("MultiInference", first.model_spec.name)
        response = MultiInferenceResponse()
        with self._manager.handle(read(first.model_spec), call.deadline_s) as model, self._turns.turn(call.deadline_s):
            call.access.found(model)
            tasks = _read_tasks(request)
            examples = read_examples(request.input)
            call.access.examples = len(examples)
            with call.access.running():
                answers = multi_inference(
                    model, tasks, examples, call.deadline_s, check_method_name=self._check_method_names
                )
            for task, answer in zip(tasks, answers, strict=True):
                result = response.results.add()
                write(result.model_spec, model, resolve(task.signature_name))
                if task.method_name == CLASSIFY_METHOD:
                    write_classifications(result.classification_result, cast("Classifications", answer))
                else:
                    write_regressions(result.regression_result, cast("list[float]", answer))
        return response

    def get_model_metadata(self, request: GetModelMetadataRequest, call: Call) -> GetModelMetadataResponse:
        """A model's signatures."""
        spec = asked(request)
        if not request.metadata_field:
            raise InvalidArgument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != _SIGNATURE_DEF:
                raise InvalidArgument(f"Metadata field {field} is not supported")
        response = GetModelMetadataResponse()
        with self._manager.handle(spec, call.deadline_s) as model:
            call.access.model, call.access.version = model.name, model.version
            write(response.model_spec, model)
            response.metadata[_SIGNATURE_DEF].Pack(signature_def_map(model.servable))
        return response


def _read_tasks(request: MultiInferenceRequest) -> list[Task]:
    for task in request.tasks:
        if not task.model_spec.name:
            raise InvalidArgument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise InvalidArgument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
    return [Task(task.model_spec.signature_name, task.method_name) for task in request.tasks]
