"""What both protocols are told and do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firstserve.client.answers import Answer, Signature
    from firstserve.models.model_spec import ModelSpec


class Options(NamedTuple):
    """How a server is asked."""

    retries: int
    identity_token: str | Callable[[], str] | None
    root_certificates: bytes | None
    compress: bool
    answer_limit_bytes: int

    def token(self) -> str | None:
        """The token for a request; the end of its line, as commands print it, is none of it."""
        token = self.identity_token() if callable(self.identity_token) else self.identity_token
        return token and token.strip()


class SignatureOf(Protocol):
    """Gives the signature of a request, from the model's metadata."""

    def __call__(self, *, newly_asked: bool = False) -> Signature:
        """As it is remembered, or `newly_asked`."""
        ...


class Transport(Protocol):
    """REST or gRPC. `until_s` is a time of `time.monotonic()`; all methods raise ClientError.

    `status` and `metadata` give the response messages in the form that JSON has for them.
    """

    def predict(
        self, spec: ModelSpec, signature_name: str, inputs: Mapping[str, Any], signature: SignatureOf, until_s: float
    ) -> Answer:
        """Named tensors in, named tensors out."""
        ...

    def status(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelStatusResponse."""
        ...

    def metadata(self, spec: ModelSpec, until_s: float) -> Any:
        """A GetModelMetadataResponse."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...
