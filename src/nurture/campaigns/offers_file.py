"""offers.yaml: what may be offered."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import Field, PlainValidator, ValidationInfo

from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed
from nurture.campaigns.wording import Complaint
from nurture.journeys.shape import Reading, Shape, wrong
from nurture.journeys.spelling import quoted
from nurture.journeys.values import Length, Text, text
from nurture.offers.offer import Kind, Offer


def _discount(value: object, info: ValidationInfo) -> str:
    written = text(value, info)
    share = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*%", written)
    if share and not 0 < float(share[1]) <= 100:
        raise wrong(
            "not-a-discount", f"{quoted(written)} cannot be given", "a share is more than 0% and at most 100%"
        )
    return written


def _code(value: object, info: ValidationInfo) -> str:
    if isinstance(value, dict):
        message = "codes from a file are not supported by this version"
        raise wrong("not-yet", message, "write `code: unique`, or one word for all")
    written = text(value, info)
    if re.search(r"\s", written):
        raise wrong("wrong-type", f"{quoted(written)} cannot be a code", "`unique`, or one word for all")
    return written


class OfferShape(Shape):
    """One entry of offers.yaml."""

    kind: Kind = Field(examples=["introductory"])
    says: Text = Field(examples=["15% off your first order"])
    discount: Annotated[str, PlainValidator(_discount)] = ""
    code: Annotated[str, PlainValidator(_code)] = ""
    expires: Length | None = None

    later: ClassVar[frozenset[str]] = frozenset({"at_most", "when_out"})


def read_offers(source: Source, reading: Reading) -> dict[str, Offer]:
    """The offers that can be read, by name; findings for the others."""
    if source.tree is None:
        return {}
    if not isinstance(source.tree, Keyed):
        source.complain(
            Complaint("wrong-type", "this file wants the name of an offer, and its keys below it"), ()
        )
        return {}
    offers: dict[str, Offer] = {}
    for entry in source.tree.entries:
        key = entry.key.value
        if not re.fullmatch(r"\w[\w.-]*", key):
            message = f"{quoted(key)} cannot be the name of an offer"
            source.complain(
                Complaint("not-a-name", message, "write it as first-order-15", on_key=True), (key,)
            )
        shape = source.shape(OfferShape, reading, (key,))
        if shape is not None:
            offers[key] = _offer(key, shape)
    return offers


def offer_names(source: Source | None) -> frozenset[str]:
    """The names of all offers, those with mistakes in them too."""
    tree = source.tree if source else None
    return frozenset(it.key.value for it in tree.entries) if isinstance(tree, Keyed) else frozenset()


def _offer(key: str, shape: OfferShape) -> Offer:
    unique = shape.code == "unique"
    return Offer(
        key=key,
        kind=shape.kind,
        says=shape.says,
        discount=shape.discount,
        unique=unique,
        code="" if unique else shape.code,
        expires=shape.expires,
    )
