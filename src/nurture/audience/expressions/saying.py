"""Values as people read them."""

from __future__ import annotations

from typing import Any

from nurture.audience.expressions.tree import Node
from nurture.audience.expressions.types import Type
from nurture.clock import format_iso

_MOST = 10


def said(node: Node, value: Any) -> str:
    """The value of `node` as text."""
    match value:
        case None:
            return "missing"
        case bool():
            return "yes" if value else "no"
        case int() if node.type is Type.MOMENT:
            return format_iso(value)
        case float():
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.2f}"
        case frozenset() | tuple():
            texts = sorted(str(it) for it in value)
            more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
            return ", ".join(texts[:_MOST]) + more
        case _:
            return str(value)
