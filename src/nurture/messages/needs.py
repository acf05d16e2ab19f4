"""The facts that a compiled message asks for, as whoever loads facts wants to hear it."""

from __future__ import annotations

import re
from functools import lru_cache

from nurture.audience.expressions.needs import Needs
from nurture.audience.spans import parse_span
from nurture.messages.compiled import Compiled

_LINE = re.compile(r"lines\.(?P<name>.+?)(?:\.(?:name|stage|orders)(?:\..*)?)?")
_WINDOW = re.compile(r"\.within\(([^)]*)\)")


@lru_cache(maxsize=128)
def facts_needed(compiled: Compiled) -> Needs:
    """What must be in the facts before it is rendered. Products: whether `recommend` is in `needs`."""
    needs = Needs()
    for name in compiled.needs:
        needs |= _one(name)
    return needs


def _one(name: str) -> Needs:
    group = name.partition(".")[0]
    window = _WINDOW.search(name)
    span = parse_span(window[1]) if window else 0
    if group == "orders":
        whole = name == "orders"
        return Needs(
            orders=True,
            order_window=span,
            gaps=whole or "usual_gap_days" in name,
            skus=whole or name.endswith(".skus"),
            order_lines=whole or name.endswith(".lines"),
        )
    if group == "line":
        return Needs(line=True, line_orders=name == "line" or ".orders" in name, order_window=span)
    if group == "lines":
        match = _LINE.fullmatch(name)
        return Needs(lines=frozenset({match["name"]} if match else ()), order_window=span)
    if group == "engagement":
        return Needs(engagement=True, engagement_window=span)
    return Needs(offer=group == "offer", entry=group == "event", stage=group == "stage")
