"""Types that meet in one comparison: what is not known takes the type of the other side."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from nurture.audience.expressions.tree import As, Constant, Node
from nurture.audience.expressions.types import Type
from nurture.clock import parse_iso
from nurture.errors import ExpressionError


def as_type(node: Node, wanted: Type, zone: ZoneInfo) -> Node:
    """`node`, checked when it is asked where its type is not known beforehand; `none` stays as it is."""
    if node.type is not Type.UNKNOWN or isinstance(node, Constant):
        return node
    return As(of=node, type=wanted, zone=zone.key)


def as_moment(node: Node, zone: ZoneInfo, mismatch: Callable[[], ExpressionError]) -> Node:
    """`node` as a moment; a date in quotes is one in the workspace's zone. Raises what `mismatch` makes."""
    if node.type is Type.MOMENT:
        return node
    if node.type is Type.UNKNOWN:
        return as_type(node, Type.MOMENT, zone)
    if not isinstance(node, Constant) or not isinstance(node.value, str):
        raise mismatch()
    try:
        return Constant(type=Type.MOMENT, value=parse_iso(node.value, zone))
    except (ValueError, OverflowError):
        raise mismatch() from None


def meet(
    one: Node, other: Node, zone: ZoneInfo, mismatch: Callable[[], ExpressionError]
) -> tuple[Node, Node]:
    """Both with one type. Raises what `mismatch` makes where they have none in common."""
    if one.type is other.type:
        return one, other
    if Type.TEXTS in (one.type, other.type):
        raise mismatch()
    if one.type is Type.UNKNOWN:
        return as_type(one, other.type, zone), other
    if other.type is Type.UNKNOWN:
        return one, as_type(other, one.type, zone)
    if one.type is Type.MOMENT:
        return one, as_moment(other, zone, mismatch)
    if other.type is Type.MOMENT:
        return as_moment(one, zone, mismatch), other
    raise mismatch()
