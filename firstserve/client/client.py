"""Client: one server, by REST or by gRPC."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from firstserve.client.address import read_address
from firstserve.client.answers import read_metadata, read_picture_answer, read_statuses, understood
from firstserve.client.errors import InvalidRequest, Unsupported
from firstserve.client.transport import Options, Transport
from firstserve.models.model_spec import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from firstserve.client.answers import Answer, Metadata, PictureAnswer, Signature, VersionStatus
    from firstserve.client.rest import Rest

SERVING_DEFAULT = "serving_default"


class Client:
    """Asks the server at `url`: `http://` and `https://` by REST, `grpc://` and `grpcs://` by gRPC.

    `timeout_s` is the time of a call with all its retries and waits; each call may have another. `retries` is how often
    a request is sent again after 429 or 503, their like in gRPC, or a broken connection; gRPC allows 4.
    `identity_token` is sent with each request: the token, or what gives it. `root_certificates` (PEM) are trusted in
    place of the system's. With `compress` tensors and rows are sent by gzip, which pays where the network is slow.
    An answer of more than `answer_limit_bytes`, also once it is inflated, is a ServerFault.

    A client keeps its connections, and may be used by several threads. All calls raise ClientError; what is wrong in
    the program itself, such as a URL that is none, is a ValueError.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 60.0,
        retries: int = 3,
        identity_token: str | Callable[[], str] | None = None,
        root_certificates: bytes | None = None,
        compress: bool = False,
        answer_limit_bytes: int = 1024 * 1024 * 1024,
    ) -> None:
        self._address = read_address(url)
        self._timeout_s = timeout_s
        if identity_token is not None and not (self._address.encrypted or self._address.on_this_machine):
            raise ValueError(f"{url!r} is not encrypted, and an identity token is a secret: use https:// or grpcs://")
        options = Options(retries, identity_token, root_certificates, compress, answer_limit_bytes)
        self._rest: Rest | None = None
        self._transport: Transport
        if self._address.by_grpc:
            from firstserve.client.rpc import Rpc

            self._transport = Rpc(self._address, options)
        else:
            from firstserve.client.rest import Rest

            self._transport = self._rest = Rest(self._address, options)
        self._signatures: dict[tuple[ModelSpec, str], Signature] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        label: str | None = None,
        signature_name: str = SERVING_DEFAULT,
        timeout_s: float | None = None,
    ) -> Answer:
        """Tensors by name in, tensors by name out.

        An input is a NumPy array, or nested lists of numbers, bool, str or bytes. By gRPC an array goes with its own
        dtype, and lists with that of the signature, for which the model's metadata are asked once; by REST they are
        asked for the names and dtypes of outputs.
        """
        spec, until_s = _model_spec(model, version, label), self._until_s(timeout_s)

        def signature(*, newly_asked: bool = False) -> Signature:
            return self._signature(spec, signature_name, until_s, newly_asked=newly_asked)

        try:
            return self._transport.predict(spec, signature_name, inputs, signature, until_s)
        except InvalidRequest:
            # The model may have another signature since it was asked for.
            self._signatures.pop((spec, signature_name), None)
            raise

    def predict_instances(
        self,
        model: str,
        instances: Any,
        *,
        version: int | None = None,
        label: str | None = None,
        signature_name: str = SERVING_DEFAULT,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """The row format of REST: `instances`, a list or a NumPy array, in; `predictions`, as JSON has them, out.

        Raises Unsupported by gRPC, which has no rows.
        """
        spec, until_s = _model_spec(model, version, label), self._until_s(timeout_s)
        return self._by_rest("rows are").predict_instances(spec, signature_name, instances, until_s)

    def predict_picture(
        self,
        picture: bytes | Path,
        *,
        model: str | None = None,
        version: int | None = None,
        label: str | None = None,
        top_k: int | None = None,
        scores_output: str | None = None,
        timeout_s: float | None = None,
    ) -> PictureAnswer:
        """The best classes of a picture, its bytes or its file: JPEG, PNG, BMP, GIF or WebP.

        Without `model`, the one that the server has; without `top_k`, the best five, or all where there are fewer.
        `scores_output` chooses the output where a model has several that may be class scores.
        Raises OSError for a file that cannot be read, Unsupported by gRPC.
        """
        until_s = self._until_s(timeout_s)
        data = picture if isinstance(picture, bytes) else picture.read_bytes()
        given = {
            "model": model,
            "version": version,
            "label": label,
            "top_k": top_k,
            "scores_output": scores_output,
        }
        query = {name: str(value) for name, value in given.items() if value is not None}
        answer, server_timing = self._by_rest("pictures are").predict_picture(data, query, until_s)
        with understood(self._address):
            return read_picture_answer(answer, server_timing)

    def status(
        self,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> list[VersionStatus]:
        """The states of all versions of a model, or of one. By gRPC a label is not looked at."""
        spec = _model_spec(model, version, label)
        answer = self._transport.status(spec, self._until_s(timeout_s))
        with understood(self._address):
            return read_statuses(answer)

    def metadata(
        self,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> Metadata:
        """The signatures of a model, and the version that has them."""
        return self._metadata(_model_spec(model, version, label), self._until_s(timeout_s))

    def _metadata(self, spec: ModelSpec, until_s: float) -> Metadata:
        answer = self._transport.metadata(spec, until_s)
        with understood(self._address):
            return read_metadata(answer)

    def _signature(self, spec: ModelSpec, name: str, until_s: float, *, newly_asked: bool) -> Signature:
        if newly_asked or (spec, name) not in self._signatures:
            signatures = self._metadata(spec, until_s).signatures
            if name not in signatures:
                raise InvalidRequest(
                    f'the model "{spec.name}" has no signature "{name}": it has {", ".join(signatures)}'
                )
            self._signatures[spec, name] = signatures[name]
        return self._signatures[spec, name]

    def _until_s(self, timeout_s: float | None) -> float:
        return time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)

    def _by_rest(self, what: str) -> Rest:
        if self._rest is None:
            raise Unsupported(f"{what} asked for by REST, and this client speaks gRPC: give it an http:// address")
        return self._rest


def _model_spec(model: str, version: int | None, label: str | None) -> ModelSpec:
    if version is not None and label is not None:
        raise ValueError("version and label exclude each other: give one of them")
    return ModelSpec(model, version, label)
