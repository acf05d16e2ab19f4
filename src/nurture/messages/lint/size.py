"""How much of a message Gmail shows."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.messages.compiled import Compiled
from nurture.messages.lint.flaw import Flaw

CLIPPED_AT = 102_400
"""Bytes of HTML, images not counted: Gmail shows no more of a message, and a link to the rest."""


def is_clipped(html: str) -> int:
    """The size of a message's HTML in bytes where Gmail shows only a part of it, else 0."""
    size = len(html.encode("utf-8", "replace"))
    return size if size > CLIPPED_AT else 0


def clipped(name: str, size: int, whom: str = "") -> Flaw:
    """What there is to say of a message of `size` bytes."""
    told = f" for {whom}" if whom else ""
    return Flaw(
        code="clipped",
        message=f"{name} has {size / 1024:,.0f} KB of HTML{told}: Gmail cuts it off at 102 KB",
        hint="make it shorter, or its style sheet; how to unsubscribe is at its end",
    )


def too_large(compiled: Compiled) -> Iterator[Flaw]:
    """A message that is cut off for everybody."""
    size = is_clipped(compiled.html)
    if size:
        yield clipped(compiled.name, size)
