"""Every fault that the gateway answers with: its status and its text, which says what would be right."""


class GatewayError(Exception):
    """The base; on its own, a fault of the gateway (500)."""

    status = 500
    retry_after_s: int | None = None


class BadRequest(GatewayError):
    """The request is wrong, and stays wrong when it is repeated."""

    status = 400


class NotAcceptable(GatewayError):
    """The gateway cannot make what is asked for."""

    status = 406


class TooLarge(GatewayError):
    """The picture exceeds a limit."""

    status = 413


class ModelFault(GatewayError):
    """The model server has no such model, or another one than the gateway can work with."""

    status = 502


class ModelUnavailable(GatewayError):
    """The model server cannot answer now; later it may."""

    status = 503
    retry_after_s = 5


class ModelTooSlow(GatewayError):
    """The model server has not answered in time."""

    status = 504
