"""The gateway's settings, all from the environment."""

import os
from pathlib import Path
from typing import NamedTuple, Self

HERE = Path(__file__).parent


class Settings(NamedTuple):
    """Where things are."""

    host: str
    """HOST: the address on which the gateway listens."""
    port: int
    """PORT: the port on which it listens."""
    model_server: str
    """MODEL_SERVER: the server's address, grpc:// or grpcs://."""
    shares_file: Path
    """SHARES_FILE: which share of users gets which variant."""
    timeout_s: float
    """TIMEOUT_S: of one call to the model server, with its retries."""

    @classmethod
    def of_environment(cls) -> Self:
        """Return what the environment says. Raises ValueError for what is none."""
        return cls(
            os.environ.get("HOST", "127.0.0.1"),
            _port(os.environ.get("PORT", "8080")),
            _address(os.environ.get("MODEL_SERVER", "grpc://localhost:8500")),
            Path(os.environ.get("SHARES_FILE", HERE / "served/shares.json")),
            _seconds(os.environ.get("TIMEOUT_S", "10")),
        )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 2**16:
        return int(text)
    raise ValueError(f"PORT is {text!r}: expected a number from 1 to 65535")


def _address(text: str) -> str:
    if text.startswith(("grpc://", "grpcs://")):
        return text
    raise ValueError(f"MODEL_SERVER is {text!r}: expected grpc:// or grpcs:// and an address")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if 0 < seconds < float("inf"):
        return seconds
    raise ValueError(f"TIMEOUT_S is {text!r}: expected seconds, such as 10")
