"""offers.yaml: what may be offered."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from nurture.campaigns.known import NOTHING_KNOWN, Known
from nurture.campaigns.offer_values import CodeValue, Count, DiscountText, Money, Prefix
from nurture.campaigns.offers_whole import check_whole
from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed
from nurture.campaigns.wording import Complaint
from nurture.journeys.shape import Reading, Shape, wrong
from nurture.journeys.spelling import quoted
from nurture.journeys.values import Length, Text
from nurture.offers.discount import read_discount
from nurture.offers.offer import ForAll, Instead, Kind, Offer, Pool, WhenOut

_WAITS: Mapping[str, WhenOut] = {"hold": "hold", "skip": "skip"}


class AtMostShape(Shape):
    """Up to how much: `at most:`."""

    codes: Count | None = Field(default=None, examples=["10000"])
    discount: Money | None = Field(default=None, examples=["5000 USD"])


class OfferShape(Shape):
    """One entry of offers.yaml."""

    kind: Kind = Field(examples=["introductory"])
    says: Text = Field(examples=["15% off your first order"])
    discount: DiscountText = ""
    code: CodeValue | None = None
    prefix: Prefix = ""
    expires: Length | None = None
    at_most: AtMostShape | None = None
    when_out: Text = "hold"

    @model_validator(mode="after")
    def _codes_have_what_they_need(self) -> OfferShape:
        if self.prefix and (self.code is None or isinstance(self.code, (ForAll, Pool))):
            message = "`prefix:` is for codes that are made here"
            raise wrong("conflict", message, "write `code: unique`, or leave it out", below=("prefix",))
        if self.at_most is not None and self.code is None:
            message = "`at most:` counts by the codes, and this offer has none"
            raise wrong("conflict", message, "write `code: unique`", below=("at_most",))
        return self


def read_offers(source: Source, reading: Reading, known: Known = NOTHING_KNOWN) -> dict[str, Offer]:
    """The offers that can be read, by name; findings for the others."""
    if source.tree is None:
        return {}
    if not isinstance(source.tree, Keyed):
        source.complain(
            Complaint("wrong-type", "this file wants the name of an offer, and its keys below it"), ()
        )
        return {}
    shapes: dict[str, OfferShape] = {}
    for entry in source.tree.entries:
        key = entry.key.value
        _check_name(source, key)
        shape = source.shape(OfferShape, reading, (key,))
        if shape is not None:
            shapes[key] = shape
    names = offer_names(source)
    followers = {key: it.when_out for key, it in shapes.items() if it.when_out not in _WAITS}
    circles = check_whole(
        source, {key: _offer(key, it, "hold") for key, it in shapes.items()}, followers, names, known
    )
    offers: dict[str, Offer] = {}
    for key in shapes:
        _build(key, shapes, circles, offers)
    return offers


def offer_names(source: Source | None) -> frozenset[str]:
    """The names of all offers, those with mistakes in them too."""
    tree = source.tree if source else None
    return frozenset(it.key.value for it in tree.entries) if isinstance(tree, Keyed) else frozenset()


def _check_name(source: Source, key: str) -> None:
    if not re.fullmatch(r"\w[\w.-]*", key):
        message = f"{quoted(key)} cannot be the name of an offer"
        source.complain(Complaint("not-a-name", message, "write it as first-order-15", on_key=True), (key,))
    elif key in _WAITS:
        message = f"an offer cannot be called {quoted(key)}: `when out: {key}` means something else"
        source.complain(Complaint("not-a-name", message, "give it another name", on_key=True), (key,))


def _build(
    key: str, shapes: Mapping[str, OfferShape], circles: frozenset[str], offers: dict[str, Offer]
) -> Offer | None:
    """The offer with those that stand in for it; one in a circle, or behind one that cannot be read, waits instead."""
    chain = [key]
    while (
        (shape := shapes.get(chain[-1]))
        and shape.when_out not in _WAITS
        and chain[-1] not in circles
        and shape.when_out not in chain
    ):
        chain.append(shape.when_out)
    made: Offer | None = None
    for name in reversed(chain):
        shape = shapes.get(name)
        if shape is not None:
            out = Instead(offer=made) if made is not None else _WAITS.get(shape.when_out, "hold")
            made = offers.setdefault(name, _offer(name, shape, out))
    return made


def _offer(key: str, shape: OfferShape, when_out: WhenOut) -> Offer:
    most = shape.at_most
    return Offer(
        key=key,
        kind=shape.kind,
        says=shape.says,
        discount=shape.discount,
        worth=read_discount(shape.discount) if shape.discount else None,
        codes=shape.code,
        prefix=shape.prefix,
        expires=shape.expires,
        most_codes=most.codes if most else None,
        most_discount=most.discount if most else None,
        when_out=when_out,
    )
