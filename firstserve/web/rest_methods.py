"""REST methods: a request's body and the model that it is for -> the body of the answer.

Checks come in TensorFlow Serving's order, for clients tell by it what is wrong: a body that is no JSON before a model
that is not there, and that before a body without inputs.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from firstserve.errors import FirstserveError, InvalidArgument
from firstserve.inference import check_servable, classify, predict, regress, resolve
from firstserve.json_tensor.document import Document
from firstserve.json_tensor.predict_answer import write_predict_answer
from firstserve.json_tensor.predict_request import read_predict_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.json_tensor.predict_request import PredictRequest
    from firstserve.logs.access import Access
    from firstserve.model_server import ModelServer
    from firstserve.models.handle import ServableHandle
    from firstserve.models.model_spec import ModelSpec
    from firstserve.models.state import VersionStatus
    from firstserve.servable import Servable
    from firstserve.web.rest_body import RestBody

_INDENT = 1
"""Spaces for each level of what protobuf writes."""


class RestMethods:
    """`timeout_s` bounds the wait for a model that loads, and then its run; None is without bound.

    All methods raise FirstserveError for what cannot be answered.
    """

    def __init__(self, server: ModelServer, timeout_s: float | None) -> None:
        self._manager = server.manager
        self._admission = server.admission
        self._check_method_name = server.settings.check_method_names
        self._timeout_s = timeout_s

    def predict(self, spec: ModelSpec, body: RestBody, access: Access) -> bytes:
        """Tensors, by row or by column, through a signature."""
        with self._model(spec, lambda: self._check(body)) as model, self._admission:
            access.found(model)
            name, request = self._read_tensors(body, model.servable)
            with access.running():
                outputs = predict(
                    model,
                    name,
                    request.inputs,
                    deadline_s=self._deadline_s(),
                    check_method_name=self._check_method_name,
                )
        return write_predict_answer(outputs, by_row=request.by_row)

    def classify(self, spec: ModelSpec, body: RestBody, access: Access) -> bytes:
        """Examples to classes."""
        from firstserve.json_tensor.results import write_classifications

        with self._model(spec, lambda: self._read_examples(body, access)) as model, self._admission:
            access.found(model)
            signature_name, examples = self._read_examples(body, access)
            with access.running():
                rows = classify(
                    model, signature_name, examples, self._deadline_s(), check_method_name=self._check_method_name
                )
        return write_classifications(rows)

    def regress(self, spec: ModelSpec, body: RestBody, access: Access) -> bytes:
        """Examples to numbers."""
        from firstserve.json_tensor.results import write_regressions

        with self._model(spec, lambda: self._read_examples(body, access)) as model, self._admission:
            access.found(model)
            signature_name, examples = self._read_examples(body, access)
            with access.running():
                values = regress(
                    model, signature_name, examples, self._deadline_s(), check_method_name=self._check_method_name
                )
        return write_regressions(values)

    def status(self, spec: ModelSpec, access: Access) -> bytes:
        """The states of a model's versions; a label does not choose among them."""
        access.model = spec.name
        statuses = self._manager.statuses(spec.name, spec.version)
        return _json({"model_version_status": [_describe(status) for status in statuses]})

    def metadata(self, spec: ModelSpec, access: Access) -> bytes:
        """A model's signatures."""
        from google.protobuf.json_format import MessageToDict

        from firstserve.models.metadata import signature_def_map

        with self._handle(spec) as model:
            access.model, access.version = model.name, model.version
            model_spec = {"name": model.name, "signature_name": "", "version": str(model.version)}
            signature_defs = MessageToDict(
                signature_def_map(model.servable),
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
        return _json({"model_spec": model_spec, "metadata": {"signature_def": signature_defs}})

    def _model(self, spec: ModelSpec, check: Callable[[], object]) -> ServableHandle:
        """The model that is asked for; what `check` finds wrong with the body is told before that there is none.

        The model comes first, for nothing of a large body is to be in memory while a model loads.
        """
        try:
            return self._handle(spec)
        except FirstserveError:
            check()
            raise

    def _check(self, body: RestBody) -> None:
        with body.opened(self._deadline_s()) as data:
            Document(data).signature_name()

    def _read_tensors(self, body: RestBody, servable: Servable) -> tuple[str, PredictRequest]:
        """The signature's name, and its inputs."""
        with body.opened(self._deadline_s()) as data:
            document = Document(data)
            signature_name = document.signature_name()
            name = resolve(signature_name)
            check_servable(servable, name)
            signature = servable.signatures.get(name)
            if signature is None:
                raise InvalidArgument(f'Serving signature name: "{name}" not found in signature def')
            return name, read_predict_request(document, signature_name, signature)

    def _read_examples(self, body: RestBody, access: Access) -> tuple[str, list[bytes]]:
        """The signature's name and serialized tf.Examples."""
        from firstserve.json_tensor.examples import read_examples

        with body.opened(self._deadline_s()) as data:
            document = Document(data)
            signature_name = document.signature_name()
            examples = read_examples(document)
        access.examples = len(examples)
        return signature_name, examples

    def _handle(self, spec: ModelSpec) -> ServableHandle:
        return self._manager.handle(spec, self._deadline_s())

    def _deadline_s(self) -> float | None:
        return None if self._timeout_s is None else time.monotonic() + self._timeout_s


def _describe(status: VersionStatus) -> dict[str, object]:
    return {
        "version": str(status.version),
        "state": status.state.name,
        "status": {"error_code": status.code, "error_message": status.message},
    }


def _json(value: object) -> bytes:
    text = json.dumps(value, indent=_INDENT, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "surrogateescape")
