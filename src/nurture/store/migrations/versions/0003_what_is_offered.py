"""Codes with a life of their own, what became of them, and what goes with what."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _codes()
    _redemptions()
    _goods()


def _codes() -> None:
    pass


def _redemptions() -> None:
    pass


def _goods() -> None:
    pass
