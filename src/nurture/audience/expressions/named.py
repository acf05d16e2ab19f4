"""What the names of facts stand for: contact, stage, orders, line, engagement, offer, event."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nurture.audience.expressions import names
from nurture.audience.expressions.calls import CALLS
from nurture.audience.expressions.context import Context, error
from nurture.audience.expressions.grammar import Call, Chain, Dot, Index, Spelled, Trailer
from nurture.audience.expressions.tree import (
    As,
    Attribute,
    ContactFact,
    EngagementFact,
    EntryEvent,
    LineName,
    Node,
    Now,
    OfferFact,
    OrderFact,
    Place,
    StageFact,
)
from nurture.audience.expressions.types import Type
from nurture.clock import Span
from nurture.errors import ExpressionError

_Rest = tuple[Trailer, ...]
_WITHIN = 'within("90 days")'


def fact(context: Context, chain: Chain, depth: int) -> Node:
    """The fact or call that `chain` names. Raises ExpressionError."""
    if chain.name in FACTS:
        return FACTS[chain.name](context, chain, chain.trailers)
    if chain.name in CALLS:
        return CALLS[chain.name](context, chain, chain.trailers, depth)
    raise _unknown(context, chain)


def doubt_stage(context: Context, name: str, at: Spelled) -> None:
    """Note a stage that lifecycle.yaml does not have."""
    stages = context.known.stages
    if stages is not None:
        parts = [stage.split("/") for stage in stages]
        heads = {"/".join(it[:count]) for it in parts for count in range(1, len(it) + 1)}
        context.know(at, name, heads, "there is no stage")


def _unknown(context: Context, chain: Chain) -> ExpressionError:
    name = chain.name
    hint = names.near(name, [*FACTS, *CALLS])
    owners = (
        ("contact", names.CONTACT),
        ("orders", names.ORDERS),
        ("engagement", names.ENGAGEMENT),
        ("offer", names.OFFER),
    )
    for owner, fields in owners:
        if name in fields:
            hint = f'did you mean "{owner}.{name}"?'
            break
    if name in (context.known.attributes or ()):
        hint = f'did you mean "contact.{name}"?'
    elif not chain.trailers and (not hint or name.isupper()):
        hint = f'put text into quotes: "{name}"'
    if not hint:
        hint = f"the facts are {names.listed(FACTS)}"
    return ExpressionError(f"there is no fact called {name}", column=chain.start, length=len(name), hint=hint)


def _contact(context: Context, chain: Chain, rest: _Rest) -> Node:
    name, at = context.name_behind(chain, "contact", rest, "country")
    if name in names.CONTACT:
        return ContactFact(name=name, type=names.CONTACT[name])
    recorded = context.known.attributes
    if recorded is None:
        return Attribute(name=name)
    if name not in recorded:
        hint = names.near(name, [*names.CONTACT, *recorded])
        context.unsure.append((at.start, f"no contact has a {name}" + (f"; {hint}" if hint else "")))
    kind = recorded.get(name, Type.UNKNOWN)
    attribute = Attribute(name=name)
    return attribute if kind is Type.UNKNOWN else As(of=attribute, type=kind, zone=context.known.zone.key)


def _stage(context: Context, chain: Chain, rest: _Rest) -> Node:
    return _stage_at(context, chain, Place(), rest)


def _stage_at(context: Context, chain: Chain, place: Place, rest: _Rest) -> Node:
    if not rest:
        return StageFact(place=place, name="", type=Type.TEXT)
    name, kind = context.field(chain, "stage", rest, names.STAGE)
    return StageFact(place=place, name=name, type=kind)


def _orders(context: Context, chain: Chain, rest: _Rest) -> Node:
    return _orders_at(context, chain, Place(), rest)


def _orders_at(context: Context, chain: Chain, place: Place, rest: _Rest) -> Node:
    window, behind = _within(context, rest)
    owner = "orders.within(…)" if window else "orders"
    further = "" if window else _WITHIN
    name, kind = context.field(chain, owner, behind, names.ORDERS, within=further)
    return OrderFact(place=place, name=name, type=kind, window=window)


def _engagement(context: Context, chain: Chain, rest: _Rest) -> Node:
    window, behind = _within(context, rest)
    owner = "engagement.within(…)" if window else "engagement"
    further = "" if window else _WITHIN
    name, kind = context.field(chain, owner, behind, names.ENGAGEMENT, within=further)
    return EngagementFact(name=name, type=kind, window=window)


def _within(context: Context, rest: _Rest) -> tuple[Span, _Rest]:
    """The window of `.within("90 days")` and what follows it; 0 where there is none."""
    if not rest or not isinstance(rest[0], Dot) or rest[0].name != "within":
        return 0, rest
    call = rest[1] if len(rest) > 1 else rest[0]
    if not isinstance(call, Call) or len(call.arguments) != 1 or call.arguments[0].name:
        raise error(call, "within takes one length of time", f"write {_WITHIN}")
    return context.span_of(call.arguments[0].value), rest[2:]


def _line(context: Context, chain: Chain, rest: _Rest) -> Node:
    if rest and isinstance(rest[0], Dot) and rest[0].name == "name":
        context.end(rest[1:], "line.name")
        return LineName()
    return _of_line(context, chain, Place(kind="entry"), rest, "line")


def _lines(context: Context, chain: Chain, rest: _Rest) -> Node:
    if not rest or not isinstance(rest[0], Index):
        raise error(chain, "lines needs the name of a line", 'write lines["FLORAL"].stage')
    name, at = context.text_of(rest[0].of, "a line")
    context.know(at, name, context.known.lines, "no product is on a line")
    return _of_line(context, chain, Place(kind="named", name=name), rest[1:], f'lines["{name}"]')


def _of_line(context: Context, chain: Chain, place: Place, rest: _Rest, owner: str) -> Node:
    if rest and isinstance(rest[0], Dot) and rest[0].name == "stage":
        return _stage_at(context, chain, place, rest[1:])
    if rest and isinstance(rest[0], Dot) and rest[0].name == "orders":
        return _orders_at(context, chain, place, rest[1:])
    fields = {"stage": Type.TEXT, "orders": Type.UNKNOWN}
    if place.kind == "entry":
        fields["name"] = Type.TEXT
    context.field(chain, owner, rest, fields)
    raise error(chain, f"{owner} alone is no value", f"write {owner}.stage")


def _offer(context: Context, chain: Chain, rest: _Rest) -> Node:
    name, kind = context.field(chain, "offer", rest, names.OFFER)
    return OfferFact(name=name, type=kind)


def _event(context: Context, chain: Chain, rest: _Rest) -> Node:
    name, _ = context.name_behind(chain, "event", rest, "name")
    return EntryEvent(name=name, type=names.EVENT.get(name, Type.UNKNOWN))


def _now(context: Context, chain: Chain, rest: _Rest) -> Node:
    context.end(rest, "now")
    return Now()


FACTS: Mapping[str, Callable[[Context, Chain, _Rest], Node]] = {
    "contact": _contact,
    "stage": _stage,
    "orders": _orders,
    "line": _line,
    "lines": _lines,
    "engagement": _engagement,
    "event": _event,
    "offer": _offer,
    "now": _now,
}
"""Each fact by the name it begins with."""
