"""The tree of an expression read as SQL: each node as a value, and where it is yes or no as a condition."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from sqlalchemy import ColumnElement, false, null, or_, true

from nurture.audience.expressions.tree import (
    Arithmetic,
    As,
    Attribute,
    Compare,
    Constant,
    ContactFact,
    Contains,
    DaysSince,
    Did,
    EngagementFact,
    EntryEvent,
    InCampaign,
    Joined,
    LastEvent,
    LineName,
    Negative,
    Node,
    Not,
    Now,
    OfferFact,
    OneOf,
    OrderFact,
    SegmentUse,
    StageFact,
    StageIs,
    Touched,
    walk,
)
from nurture.audience.expressions.types import Type
from nurture.clock import DAY
from nurture.journeys.triggers import ON_LINES
from nurture.store.expressions import comparing, happenings, offers, orders, stages
from nurture.store.expressions.arithmetic import arithmetic
from nurture.store.expressions.asking import (
    CONTACTS,
    Asking,
    days_between,
    flag,
    holds,
    is_yes,
    moment,
    number,
)
from nurture.store.expressions.json_cell import Cell, cell, no_cell
from nurture.store.expressions.leaves import constant, of_type, reckoned
from nurture.store.expressions.truth import Read, Truth, doubts_of, joined, settled, surely, turned

_MOST_WAIT = 70
_WAIT = 5
_LONG_WAIT = 14
"""SQLite's parser has room for 100 symbols that wait for their end. A node takes at most `_WAIT` of them, a
sub-query with values in it `_LONG_WAIT`; what is nested deeper nobody could read."""

_NOBODY_KNOWS = Truth(possible=true(), certain=false())


def _counts_orders(node: Node) -> bool:
    """Whether it asks for orders or refunds as events, which are no rows among the events."""
    return any(isinstance(it, Did | LastEvent) and it.event in ON_LINES for it in walk(node))


class Reader:
    """Reads one expression."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def truth(self, node: Node, depth: int = 0) -> Truth:
        """Where `node` is yes; missing is not."""
        if depth > _MOST_WAIT:
            return _NOBODY_KNOWS
        if not isinstance(node, Joined | Not | SegmentUse) and _counts_orders(node):
            return _NOBODY_KNOWS
        below = depth + _WAIT
        match node:
            case Joined(op=op, parts=parts):
                return joined(op, [self.truth(it, below) for it in parts])
            case Not(of=of):
                return turned(self.truth(of, below))
            case SegmentUse(rule=rule):
                return self.truth(rule.tree, depth)
            case Constant(value=value):
                return surely(true() if value is True else false())
            case Did():
                return self._did(node, depth + _LONG_WAIT)
            case Touched():
                return surely(happenings.touched(self._asking, node))
            case InCampaign():
                return surely(happenings.in_campaign(node))
            case Compare():
                return self._compare(node, below)
            case StageIs(stage=stage, names=names):
                reads = [self.value(it, below) for it in names]
                held = stages.stage_is(self._asking, stage.place, [it.value for it in reads])
                return settled(held, doubts_of(reads))
            case OneOf():
                return self._one_of(node, below)
            case Contains():
                return self._contains(node, below)
            case _ if node.type is Type.UNKNOWN:
                return surely(is_yes(self.cell(node).flag))
            case _ if node.type is Type.YES_NO:
                read = self.value(node, below)
                return settled(is_yes(read.value), read.doubts)
            case _:
                return surely(false())

    def value(self, node: Node, depth: int) -> Read:
        """The value of `node`, whose type is known or which is `none`."""
        if depth > _MOST_WAIT:
            return Read(value=null(), unsure=(true(),))
        below = depth + _WAIT
        asking = self._asking
        match node:
            case Constant():
                return Read(value=constant(node))
            case ContactFact(name=name):
                return Read(value=CONTACTS.c[name])
            case StageFact():
                return Read(value=stages.stage_fact(asking, node))
            case LineName():
                return Read(value=stages.line_name(asking))
            case OrderFact():
                return orders.order_fact(asking, node)
            case EngagementFact():
                return Read(value=happenings.engagement_fact(asking, node))
            case OfferFact():
                return Read(value=offers.offer_fact(asking, node))
            case LastEvent():
                return Read(value=happenings.last_event(asking, node))
            case Attribute() | EntryEvent():
                return Read(value=null())
            case Now():
                return Read(value=moment(asking.now))
            case DaysSince(of=of):
                at = self.value(of, below)
                days = reckoned(at.value, lambda it: days_between(it, asking.now))
                return replace(at, value=days, off=at.off / DAY)
            case As(of=of, type=kind):
                return of_type(self.cell(of), kind)
            case Arithmetic(left=left, right=right):
                sides = self.value(left, below), self.value(right, below)
                result = arithmetic(asking, node, *(it.value for it in sides))
                return Read(value=result, unsure=doubts_of(sides))
            case Negative(of=of):
                inner = self.value(of, below)
                return replace(inner, value=reckoned(inner.value, lambda it: number(-1) * it))
            case (
                Joined()
                | Not()
                | SegmentUse()
                | Did()
                | Touched()
                | InCampaign()
                | Compare()
                | StageIs()
                | OneOf()
                | Contains()
            ):
                truth = self.truth(node, below)
                return Read(value=flag(truth.possible), unsure=() if truth.exact else (true(),))
            case _:
                assert_never(node)

    def cell(self, node: Node) -> Cell:
        """A value whose type is not known, as each type it may have."""
        match node:
            case Attribute(name=name):
                return cell(self._asking, CONTACTS.c.attributes, name)
            case LastEvent():
                return happenings.property_of_last(self._asking, node)
            case _:
                return no_cell()

    def _did(self, node: Did, depth: int) -> Truth:
        if node.since_entry:
            return surely(false())
        seen: list[Read] = []

        def counts(properties: ColumnElement[str]) -> list[ColumnElement[bool]]:
            wanted = ((cell(self._asking, properties, name), value) for name, value in node.properties)
            return [self._is(there, value, depth, seen) for there, value in wanted]

        held = happenings.did(self._asking, node, counts)
        return settled(held, doubts_of(seen))

    def _is(self, there: Cell, value: Node, depth: int, seen: list[Read]) -> ColumnElement[bool]:
        """Whether a property is `value`; NULL where it is not."""
        if value.type is Type.UNKNOWN:
            return comparing.alike(there, self.cell(value))
        seen.append(self.value(value, depth))
        return comparing.is_of_type(there, seen[-1].value, value.type)

    def _compare(self, node: Compare, depth: int) -> Truth:
        if node.left.type is Type.UNKNOWN and node.right.type is Type.UNKNOWN:
            cells = self.cell(node.left), self.cell(node.right)
            return surely(comparing.loosely(self._asking, node.op, *cells))
        sides = self.value(node.left, depth), self.value(node.right, depth)
        held = comparing.compared(self._asking, node, *(it.value for it in sides))
        return settled(held, comparing.doubts(*sides))

    def _one_of(self, node: OneOf, depth: int) -> Truth:
        if node.items and all(it.type is Type.UNKNOWN for it in (node.of, *node.items)):
            of = self.cell(node.of)
            return surely(or_(*(holds(comparing.alike(of, self.cell(it))) for it in node.items)))
        of_read, *items = (self.value(it, depth) for it in (node.of, *node.items))
        held = comparing.one_of(of_read.value, [it.value for it in items])
        return settled(held, doubts_of([of_read, *items]))

    def _contains(self, node: Contains, depth: int) -> Truth:
        part = self.value(node.part, depth)
        match node.whole:
            case OrderFact() as fact:
                return settled(orders.bought(self._asking, fact, part.value), part.doubts)
            case ContactFact(name="tags"):
                return settled(comparing.tagged(self._asking, part.value), part.doubts)
            case whole:
                read = self.value(whole, depth)
                return settled(
                    comparing.within(self._asking, part.value, read.value), doubts_of([part, read])
                )
