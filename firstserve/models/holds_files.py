"""Holds files: what some servables can do beside their contract."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HoldsFiles(Protocol):
    """A servable that reads files at its leisure, behind its load as well."""

    def hold_files(self) -> None:
        """Takes the place of those files by copies of its own, where anybody can write to them.

        Called once, behind the first answer. Until then `run` raises FileChanged where somebody has written to them,
        and this does: the load is void then.
        """
