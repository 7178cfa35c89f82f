"""ModelService: the state of models, and another list of models for a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.config.config_file import model_configs
from firstserve.errors import PermissionDenied
from firstserve.rpc.generated.tensorflow.core.protobuf.error_codes_pb2 import Code
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from firstserve.rpc.generated.tensorflow_serving.apis.model_management_pb2 import (
    ReloadConfigRequest,
    ReloadConfigResponse,
)
from firstserve.rpc.model_spec import asked

if TYPE_CHECKING:
    from firstserve.models.manager import ModelManager
    from firstserve.rpc.call import Call


class ModelService:
    """What is known of models, and which are served; `takes_configs`: whether callers may change that.

    All methods raise FirstserveError for what cannot be done.
    """

    def __init__(self, manager: ModelManager, *, takes_configs: bool) -> None:
        self._manager = manager
        self._takes_configs = takes_configs

    def get_model_status(self, request: GetModelStatusRequest, call: Call) -> GetModelStatusResponse:
        """The state of all versions, or of one. As in TensorFlow Serving, a label is not looked at."""
        spec = asked(request)
        call.access.model, call.access.version = spec.name, spec.version
        response = GetModelStatusResponse()
        for status in self._manager.statuses(spec.name, spec.version):
            message = response.model_version_status.add(version=status.version, state=status.state.value)
            message.status.error_code = Code.Value(status.code)
            message.status.error_message = status.message
        return response

    def reload_config(self, request: ReloadConfigRequest, call: Call) -> ReloadConfigResponse:
        """Replaces all model configs; answers when the models that are new can answer.

        `metric` stays empty: counters are for Prometheus alone here.
        """
        if not self._takes_configs:
            raise PermissionDenied(
                "HandleReloadConfigRequest is switched off here: --enable_reload_config=true allows it"
            )
        self._manager.reload(model_configs(request.config), call.deadline_s)
        response = ReloadConfigResponse()
        response.status.error_code = Code.Value("OK")
        return response
