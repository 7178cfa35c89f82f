"""Serves the gateway with gunicorn. Settings: settings.py."""

import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from examples.deeplab_gateway.app import make_app
from examples.deeplab_gateway.settings import Settings
from examples.deeplab_gateway.shares import Shares, SharesError

THREADS = 8


class _Server(BaseApplication):
    def __init__(self, settings: Settings, shares: Shares) -> None:
        self._settings = settings
        # Read before there is a worker: one that starts while the file is broken has good shares all the same.
        self._shares = shares
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            # One process: the figures at /metrics are its own.
            "workers": 1,
            "threads": THREADS,
            "accesslog": "-",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # In the worker: gRPC's threads do not survive a fork.
        return make_app(self._settings, self._shares)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    try:
        settings = Settings.of_environment()
        shares = Shares(settings.shares_file)
    except (ValueError, SharesError) as error:
        sys.exit(f"error: {error}")
    _Server(settings, shares).run()


if __name__ == "__main__":
    main()
