"""Ports: port flags and PORT -> where gRPC and HTTP listen.

PORT is how serverless platforms name the one port that they connect to. Flags for ports win over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.config.command_line import MODEL_SERVER, SERVE, refuse_flags
from firstserve.config.kinds import read_port
from firstserve.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.config.command_line import Flags


class Ports(NamedTuple):
    """0 is off for gRPC, and None for HTTP; there, 0 is any that is free."""

    grpc: int
    grpc_socket_path: str | None
    http: int | None


def is_grpc_on(flags: Flags, environment: Mapping[str, str]) -> bool:
    """Whether gRPC is spoken: where PORT is set, only if it is asked for."""
    if flags.grpc_socket_path:
        return True
    return flags.port != 0 and ("port" in flags.given or _platform_port(flags, environment) is None)


def choose_ports(flags: Flags, environment: Mapping[str, str]) -> Ports:
    """Raises InvalidArgument, as TensorFlow Serving does, where its command gets no place for gRPC.

    Ends the process where `firstserve serve` has nowhere to listen, or where PORT is none.
    """
    platform = _platform_port(flags, environment)
    http = flags.rest_api_port or None
    if platform is not None and "rest_api_port" not in flags.given:
        http = platform
    if not is_grpc_on(flags, environment):
        if flags.command == MODEL_SERVER:
            raise InvalidArgument(
                "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
            )
        if http is None:
            refuse_flags(SERVE, "there is no port to listen on: give one by --rest_api_port or --port")
    grpc = 0 if platform is not None and "port" not in flags.given else flags.port
    if http and http == grpc:
        from firstserve.standard_streams import say

        say(f"ERROR: --rest_api_port cannot be the same as --port, {grpc}: HTTP is off. Give it a port of its own\n")
        http = None
    return Ports(grpc, flags.grpc_socket_path or None, http)


def _platform_port(flags: Flags, environment: Mapping[str, str]) -> int | None:
    text = environment.get("PORT")
    if flags.command != SERVE or not text:
        return None
    try:
        return read_port(text)
    except ValueError as error:
        refuse_flags(SERVE, f"PORT: {error}")
