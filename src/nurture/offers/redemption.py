"""What it means that an order bears a code: a verdict, and what it cost, out of codes and orders alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from nurture.clock import DAY, Moment
from nurture.offers.codes import canonical
from nurture.offers.discount import (
    Amount,
    Discount,
    DiscountError,
    FreeDelivery,
    FreeTime,
    Gift,
    Percent,
    read_discount,
)

Verdict: TypeAlias = Literal["redeemed", "again", "expired", "somebody else", "not given", "early"]
"""redeemed: by whom it was given to, in time. again: it had been used. expired: it was over. somebody else: it is
another one's, or it was never given to them. not given: nobody had been given it. early: before they were given it."""

MISUSE: tuple[Verdict, ...] = ("again", "expired", "somebody else", "not given")
"""Verdicts that a person wants to know of; early is one, too, where the code is of one contact alone."""

SLACK = DAY
"""So much before it was given a code counts as given: many shops tell the date of an order, and not the time."""

MOST = 10
"""Codes of one order that are looked at; shops allow fewer."""

MOST_COST = 10**13
"""In minor units. What an order costs beyond is a mistake in its amount or in the discount; a database adds up a
million of these, and no more of what could be worked out."""

_BETWEEN = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A code as it was given to a contact."""

    code_id: int
    own: bool
    contact_id: int
    """0: it is free. -1: whose it was has been erased."""
    issued_at: Moment
    expires_at: Moment
    """0: it does not, or does not yet."""
    discount: str
    """As the offer wrote it when the code was made."""
    for_others: bool = False
    """Whether it was to be passed on: whoever orders with it, redeems it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An order that stands and bears the code."""

    order_id: int
    contact_id: int
    at: Moment
    paid: int
    """In minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one use comes to."""

    use: Use
    code_id: int
    """0: it is a code for all that was not given to them."""
    verdict: Verdict
    discount: int | None
    """What it cost, in minor units; None: that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All uses of one code by those whom it depends on."""

    uses: tuple[Judged, ...]
    """Oldest first."""
    redeemed: Mapping[int, Moment]
    """When each code was used first, whoever did and however late: from then on it is no good any more."""


Standing: TypeAlias = Literal["good", "redeemed", "expired", "somebody else", "not given"]
"""Whether a code can be used now, and why it cannot. One of somebody who was erased is good: it was promised."""


def standing(
    *,
    own: bool,
    contact_id: int,
    expires_at: Moment,
    redeemed_at: Moment,
    for_others: bool,
    asked_for: int,
    now: Moment,
) -> Standing:
    """How a code stands; `asked_for` is the contact who wants to use it, 0 where nobody said who that is.

    Of a code for all, `contact_id` is the contact who was given it, 0 where that is not `asked_for`.
    """
    if own and contact_id == 0:
        return "not given"
    if asked_for and not for_others and contact_id not in (-1, asked_for):
        return "somebody else" if own else "not given"
    if redeemed_at:
        return "redeemed"
    return "expired" if 0 < expires_at <= now else "good"


def names(text: str) -> tuple[str, ...]:
    """The codes that an order bears, canonical, each once: several stand between commas or semicolons."""
    found = (canonical(it) for it in _BETWEEN.split(text))
    return tuple(dict.fromkeys(it for it in found if it))[:MOST]


def judge_own(code: Given, uses: Iterable[Use]) -> Judgement:
    """The uses of a code that is of one contact alone; `uses` are all of them, whoever ordered."""
    worth = worth_of(code.discount)
    judged: list[Judged] = []
    for use in _by_time(uses):
        verdict: Verdict
        if code.contact_id == 0:
            verdict = "not given"
        elif code.contact_id > 0 and use.contact_id != code.contact_id and not code.for_others:
            verdict = "somebody else"
        else:
            verdict = _in_time(code, use, bool(judged))
        cost = given_away(worth, use.paid)
        judged.append(Judged(use=use, code_id=code.code_id, verdict=verdict, discount=cost))
    redeemed = {code.code_id: judged[0].use.at} if judged else {}
    return Judgement(uses=tuple(judged), redeemed=redeemed)


def judge_for_all(
    held: Sequence[Given], discount: str, uses: Iterable[Use], *, for_others: bool = False
) -> Judgement:
    """The uses of one code for all by one contact, who was given it as `held` says: never, once or again and again.

    `discount` is what it stands for where they were never given it, and `for_others` whether it was passed on then.
    """
    judged: list[Judged] = []
    redeemed: dict[int, Moment] = {}
    for use in _by_time(uses):
        code = _given_then(held, use.at)
        if code is None:
            early = bool(held)
            # Before they were given it the word was not ours: what it cost then, another promotion did.
            cost = 0 if early else given_away(worth_of(discount), use.paid)
            verdict: Verdict = (
                "early" if early else _passed_on(bool(judged)) if for_others else "somebody else"
            )
            judged.append(Judged(use=use, code_id=0, verdict=verdict, discount=cost))
            continue
        cost = given_away(worth_of(code.discount), use.paid)
        verdict = _in_time(code, use, code.code_id in redeemed)
        judged.append(Judged(use=use, code_id=code.code_id, verdict=verdict, discount=cost))
        redeemed.setdefault(code.code_id, use.at)
    return Judgement(uses=tuple(judged), redeemed=redeemed)


def given_away(discount: Discount | None, paid: int) -> int | None:
    """What a discount came to, in minor units, where `paid` is what was paid after it; None: that is not known."""
    match discount:
        case Percent(share=share):
            cost = round(paid * share / (1 - share)) if share < 1 else None
            return None if cost is None else max(-MOST_COST, min(cost, MOST_COST))
        case Amount(minor=minor):
            return min(minor, MOST_COST)
        case FreeDelivery() | FreeTime() | Gift() | None:
            return None
        case _:
            assert_never(discount)


def worth_of(text: str) -> Discount | None:
    """The discount that a text says; None: it says none, or was written when there were other rules."""
    try:
        return read_discount(text) if text else None
    except DiscountError:
        return None


def _passed_on(is_used: bool) -> Verdict:
    return "again" if is_used else "redeemed"


def _in_time(code: Given, use: Use, is_used: bool) -> Verdict:
    if is_used:
        return "again"
    if use.at + SLACK < code.issued_at:
        return "early"
    return "expired" if 0 < code.expires_at <= use.at else "redeemed"


def _given_then(held: Sequence[Given], at: Moment) -> Given | None:
    """The one they held then: the last that they had been given."""
    for slack in (0, SLACK):
        before = [it for it in held if it.issued_at <= at + slack]
        if before:
            return max(before, key=lambda it: it.issued_at)
    return None


def _by_time(uses: Iterable[Use]) -> list[Use]:
    return sorted(uses, key=lambda it: (it.at, it.order_id))
