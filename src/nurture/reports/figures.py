"""Figures as people read them, on pages and in the terminal."""

from __future__ import annotations

THIN = "\u202f"
"""A narrow space that does not break."""


def number(value: int | float) -> str:
    """With thin spaces between thousands: 93 319."""
    return f"{round(value):,}".replace(",", THIN)


def share(value: float) -> str:
    """A share between 0 and 1 in per cent: 4.2 %, 37 %."""
    percent = value * 100
    if percent in (0, 100):
        return f"{percent:.0f}{THIN}%"
    if percent < 0.1:
        return f"<{THIN}0.1{THIN}%"
    text = f"{percent:.1f}" if percent < 9.95 else f"{min(percent, 99.0):.0f}"
    return f"{text}{THIN}%"


def decimal(value: float) -> str:
    """To one place, to two below 1."""
    return f"{value:.1f}" if value >= 0.995 or value == 0 else f"{value:.2f}"
