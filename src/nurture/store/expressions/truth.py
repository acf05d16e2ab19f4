"""Values and conditions in SQL, with what is known of how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, not_, or_


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A value in SQL. Yes and no are 1 and 0, moments bigints, numbers doubles, a missing value is NULL."""

    value: ColumnElement[Any]
    unsure: tuple[ColumnElement[bool], ...] = ()
    """Where one of these holds, Python may read any other value. Never NULL."""
    rough: ColumnElement[bool] | None = None
    """Where this holds, Python reads a value that differs by `off` at most. Never NULL."""
    off: float = 0

    @property
    def doubts(self) -> tuple[ColumnElement[bool], ...]:
        """Where it may be another value, however near."""
        return self.unsure if self.rough is None else (*self.unsure, self.rough)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A condition between two bounds, neither of them ever NULL."""

    possible: ColumnElement[bool]
    certain: ColumnElement[bool]

    @property
    def exact(self) -> bool:
        """Whether both are the same."""
        return self.possible is self.certain


def doubts_of(reads: Iterable[Read]) -> tuple[ColumnElement[bool], ...]:
    """Where any of these may be another value."""
    return tuple(it for read in reads for it in read.doubts)


def surely(condition: ColumnElement[bool]) -> Truth:
    """The truth of a condition that is exact and never NULL."""
    return Truth(possible=condition, certain=condition)


def settled(condition: ColumnElement[bool], doubts: Sequence[ColumnElement[bool]]) -> Truth:
    """The truth of a condition, never NULL, that is right where there is no doubt."""
    if not doubts:
        return surely(condition)
    return Truth(possible=or_(condition, *doubts), certain=and_(condition, *(not_(it) for it in doubts)))


def joined(op: Literal["and", "or"], truths: Sequence[Truth]) -> Truth:
    """All of them, or any."""
    join = and_ if op == "and" else or_
    possible = join(*(it.possible for it in truths))
    if all(it.exact for it in truths):
        return surely(possible)
    return Truth(possible=possible, certain=join(*(it.certain for it in truths)))


def turned(truth: Truth) -> Truth:
    """Where it does not hold."""
    possible = not_(truth.certain)
    return surely(possible) if truth.exact else Truth(possible=possible, certain=not_(truth.possible))
