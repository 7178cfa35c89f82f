"""REST methods: a request's body and the model that it is for -> the body of the answer.

Checks come in TensorFlow Serving's order, for clients tell by it what is wrong: a body that is no JSON before a model
that is not there, and that before a body without inputs.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument
from firstserve.inference import check_servable, classify, predict, regress, resolve
from firstserve.json_tensor.document import Document
from firstserve.json_tensor.predict_answer import write_predict_answer
from firstserve.json_tensor.predict_request import read_predict_request

if TYPE_CHECKING:
    from firstserve.logs.access import Access
    from firstserve.model_server import ModelServer
    from firstserve.models.handle import ServableHandle
    from firstserve.models.model_spec import ModelSpec
    from firstserve.models.state import VersionStatus

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

    def predict(self, spec: ModelSpec, body: bytes, access: Access) -> bytes:
        """Tensors, by row or by column, through a signature."""
        document = Document(body)
        signature_name = document.signature_name()
        with self._handle(spec) as model, self._admission:
            access.found(model)
            name = resolve(signature_name)
            check_servable(model.servable, name)
            signature = model.servable.signatures.get(name)
            if signature is None:
                raise InvalidArgument(f'Serving signature name: "{name}" not found in signature def')
            request = read_predict_request(document, signature_name, signature)
            with access.running():
                outputs = predict(
                    model,
                    name,
                    request.inputs,
                    deadline_s=self._deadline_s(),
                    check_method_name=self._check_method_name,
                )
        return write_predict_answer(outputs, by_row=request.by_row)

    def classify(self, spec: ModelSpec, body: bytes, access: Access) -> bytes:
        """Examples to classes."""
        from firstserve.json_tensor.results import write_classifications

        signature_name, examples = self._read_examples(body, access)
        with self._handle(spec) as model, self._admission:
            access.found(model)
            with access.running():
                rows = classify(
                    model, signature_name, examples, self._deadline_s(), check_method_name=self._check_method_name
                )
        return write_classifications(rows)

    def regress(self, spec: ModelSpec, body: bytes, access: Access) -> bytes:
        """Examples to numbers."""
        from firstserve.json_tensor.results import write_regressions

        signature_name, examples = self._read_examples(body, access)
        with self._handle(spec) as model, self._admission:
            access.found(model)
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

    def _read_examples(self, body: bytes, access: Access) -> tuple[str, list[bytes]]:
        """The signature's name and serialized tf.Examples."""
        from firstserve.json_tensor.examples import read_examples

        document = Document(body)
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
