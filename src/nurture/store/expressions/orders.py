"""What a contact bought: the sums of their last review, and the orders of a window one by one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, and_, false, func, null, or_, select

from nurture.audience.expressions.readers import MINOR
from nurture.audience.expressions.tree import OrderFact, Place
from nurture.audience.facts import OrderFacts
from nurture.store.expressions.asking import (
    CONTACTS,
    NOBODY,
    Asking,
    as_number,
    days_between,
    moment,
    number,
)
from nurture.store.expressions.truth import Read
from nurture.store.statements import table
from nurture.store.tables import LineRow, OrderFactsRow, OrderLineRow, OrderRow, ProductRow

_FACTS = table(OrderFactsRow)
_GOODS = table(OrderLineRow)
_LINES = table(LineRow)
_ORDERS = table(OrderRow)
_PRODUCTS = table(ProductRow)

_FEWEST = 3
"""Orders that make two gaps."""


def line_of(asking: Asking, place: Place) -> ColumnElement[int] | None:
    """The id of the line; None where there is no such."""
    match place.kind:
        case "business":
            return NOBODY
        case "entry":
            return moment(asking.line) if isinstance(asking.line, int) else asking.line
        case "named":
            line = asking.lines.get(place.name)
            return None if line is None else moment(line)


def order_fact(asking: Asking, node: OrderFact) -> Read:
    """Any fact of orders but the sets."""
    line = line_of(asking, node.place)
    if line is None:
        return Read(value=_nothing(node.name))
    if not node.window:
        return Read(value=_sum(asking, node.name, line))
    return _recent(asking, node, line)


def bought(asking: Asking, node: OrderFact, part: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether `part` is in the set `skus` or `lines`; only those of the business are kept. Never NULL."""
    if node.place.kind != "business":
        return false()
    orders, goods, products, lines = _ORDERS.alias(), _GOODS.alias(), _PRODUCTS.alias(), _LINES.alias()
    found = select(goods.c.order_id).join(orders, orders.c.id == goods.c.order_id)
    if node.name == "skus":
        found = found.join(products, products.c.id == goods.c.product_id).where(products.c.sku == part)
    else:
        found = found.join(lines, lines.c.id == goods.c.line_id).where(lines.c.name == part, part != "")
    own = and_(goods.c.contact_id == CONTACTS.c.id, goods.c.ordered_at <= moment(asking.now))
    if node.window:
        own = and_(own, goods.c.ordered_at > moment(asking.now - node.window))
    found = found.where(own, _stands(asking, orders)).correlate_except(orders, goods, products, lines)
    return and_(_reviewed(NOBODY), found.exists())


def _nothing(name: str) -> ColumnElement[Any]:
    match name:
        case "count" | "total":
            return number(0)
        case "usual_gap_days":
            return number(OrderFacts().usual_gap_days)
        case _:
            return null()


def _reviewed(line: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether anything was counted there: before that there are no orders, whatever the orders say."""
    facts = _FACTS.alias()
    of = select(facts.c.count).where(facts.c.contact_id == CONTACTS.c.id, facts.c.line_id == line)
    return of.correlate_except(facts).exists()


def _sum(asking: Asking, name: str, line: ColumnElement[int]) -> ColumnElement[Any]:
    facts = _FACTS.alias()

    def read(value: ColumnElement[Any]) -> ColumnElement[Any]:
        of = select(value).where(facts.c.contact_id == CONTACTS.c.id, facts.c.line_id == line)
        return of.correlate_except(facts).scalar_subquery()

    last = func.nullif(facts.c.last_at, NOBODY, type_=BigInteger)
    total = as_number(facts.c.total) / number(MINOR)
    match name:
        case "count":
            return func.coalesce(read(as_number(facts.c.count)), number(0), type_=Double)
        case "total":
            return func.coalesce(read(total), number(0), type_=Double)
        case "average":
            return read(total / func.nullif(as_number(facts.c.count), number(0)))
        case "first_at":
            return read(func.nullif(facts.c.first_at, NOBODY, type_=BigInteger))
        case "last_at":
            return read(last)
        case "days_since_last":
            return read(days_between(last, asking.now))
        case _:
            return func.coalesce(read(facts.c.usual_gap_days), number(asking.usual_gap_days), type_=Double)


def _recent(asking: Asking, node: OrderFact, line: ColumnElement[int]) -> Read:
    if node.name == "usual_gap_days":
        # The gaps are counted in the contact's own days.
        several = _window(asking, node, line, "count") >= number(_FEWEST)
        return Read(value=_sum(asking, "usual_gap_days", line), unsure=(several,))
    value = _window(asking, node, line, node.name)
    return Read(value=days_between(value, asking.now) if node.name == "days_since_last" else value)


def _window(asking: Asking, node: OrderFact, line: ColumnElement[int], name: str) -> ColumnElement[Any]:
    orders, goods = _ORDERS.alias(), _GOODS.alias()
    amount: ColumnElement[Any]
    count: ColumnElement[Any]
    if node.place.kind == "business":
        at, amount, count = orders.c.ordered_at, orders.c.amount, func.count()
        found = select().where(orders.c.contact_id == CONTACTS.c.id)
    else:
        at, amount, count = goods.c.ordered_at, goods.c.amount, func.count(goods.c.order_id.distinct())
        found = select().join_from(goods, orders, orders.c.id == goods.c.order_id)
        found = found.where(goods.c.contact_id == CONTACTS.c.id, goods.c.line_id == line)
    total = as_number(func.sum(amount)) / number(MINOR)
    what: ColumnElement[Any]
    match name:
        case "count":
            what = as_number(count)
        case "total":
            what = total
        case "average":
            what = total / func.nullif(as_number(count), number(0))
        case "first_at":
            what = func.min(at)
        case _:
            what = func.max(at)
    found = found.where(at > moment(asking.now - node.window), at <= moment(asking.now))
    found = found.where(_stands(asking, orders), _reviewed(line))
    value = found.add_columns(what).correlate_except(orders, goods).scalar_subquery()
    return func.coalesce(value, number(0), type_=Double) if name in ("count", "total") else value


def _stands(asking: Asking, orders: Any) -> ColumnElement[bool]:
    return or_(orders.c.undone_at <= NOBODY, orders.c.undone_at > moment(asking.now))
