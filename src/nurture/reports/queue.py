"""What waits to be sent and why, in words: for an operator who wants to know what holds mail back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import DAY, NEVER, Moment
from nurture.delivery.measures import SOUND, Health
from nurture.delivery.shaping import Shape
from nurture.delivery.warm_up import day_of
from nurture.journeys.caps import Cap
from nurture.journeys.reasons import Reason
from nurture.settings.destinations import Rate

Kind: TypeAlias = Literal[
    "due",
    "later",
    "window",
    "cap",
    "quiet",
    "awaits-answer",
    "deferred",
    "campaign-paused",
    "not-looked-up",
    "stopped",
    "paused",
    "warm-up",
    "slowed",
    "rate",
    "relays-paused",
    "claimed",
    "handed",
]
"""Why a message waits: one word for programs."""

OTHERS, UNPLACED = "others", "?"
"""What destinations without a name are called: all together, and those not looked up yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A destination, with the limits in force and what holds mail to it back."""

    name: str
    shape: Shape
    health: Health = SOUND
    quota: int | None = None
    """Messages for this day (UTC) while it is warmed up; None: any number."""
    used: int = 0
    """Of the quota, sent or set aside to be."""
    each: bool = False
    """It stands for many that have these limits each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is true of the destination and the campaign of some messages."""

    destination: Destination
    campaign_paused: bool = False
    campaign_rate: Rate | None = None
    relays_until: Moment = 0
    """Until when all relays are paused; NEVER: until somebody resumes one."""
    caps: Sequence[Cap] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why messages wait, and when the first of them goes at the earliest."""

    kind: Kind
    says: str
    first_at: Moment | None
    """None: that does not hang on time alone."""


def why(*, state: str, word: str, first_at: Moment, reply: str, hold: Hold, now: Moment) -> Why:
    """Why messages in this state wait. `word` is what held them last, `reply` the answer that put them off."""
    if state == "claimed":
        return Why(kind="claimed", says="taken by a sender, which prepares them", first_at=now)
    if state in ("handed", "accepted"):
        return Why(kind="handed", says="on the wire", first_at=None)
    if hold.campaign_paused:
        return Why(kind="campaign-paused", says="the campaign is paused", first_at=None)
    if hold.destination.name == UNPLACED:
        return Why(
            kind="not-looked-up", says="where their domains take mail is not looked up yet", first_at=None
        )
    held = held_back(hold, now)
    if first_at <= now:
        return held or _at_a_pace(hold, now)
    says, kind = _later(state, word, reply, hold.caps)
    if first_at >= NEVER or (held is not None and held.first_at is None):
        return Why(kind=kind, says=says, first_at=None)
    return Why(kind=kind, says=says, first_at=max(first_at, held.first_at or 0 if held else 0))


def held_back(hold: Hold, now: Moment) -> Why | None:
    """What keeps all mail of this destination back now; None: nothing."""
    it = hold.destination
    if it.health.stopped:
        says = f"the destination is stopped until you resume it: {it.health.stopped}"
        return Why(kind="stopped", says=says, first_at=None)
    if it.health.paused_until > now:
        return Why(kind="paused", says="the destination is paused", first_at=it.health.paused_until)
    if it.quota is not None and it.used >= it.quota:
        says = f"warming up: the {it.quota:,} for today are used"
        return Why(kind="warm-up", says=says, first_at=(day_of(now) + 1) * DAY)
    if hold.relays_until > now:
        at = None if hold.relays_until >= NEVER else hold.relays_until
        return Why(kind="relays-paused", says="the relays are paused", first_at=at)
    return None


def _at_a_pace(hold: Hold, now: Moment) -> Why:
    it = hold.destination
    if it.health.slow_until > now:
        says = f"due, and going at {it.health.slow_per_minute} a minute: slowed down"
        return Why(kind="slowed", says=says, first_at=now)
    rates = [rate.describe() for rate in (it.shape.rate, hold.campaign_rate) if rate is not None]
    if rates:
        return Why(kind="rate", says=f"due, and going at {' and '.join(rates)}", first_at=now)
    return Why(kind="due", says="due, and about to go", first_at=now)


def _later(state: str, word: str, reply: str, caps: Sequence[Cap]) -> tuple[str, Kind]:
    if state == "deferred":
        return f"put off after a try: {normal(reply)}", "deferred"
    match word:
        case Reason.WINDOW:
            return "not before their window opens", "window"
        case Reason.CAP:
            said = ", ".join(cap.describe() for cap in caps)
            return f"held by the cap ({said})" if said else "held by the cap", "cap"
        case Reason.QUIET:
            return "they asked for a pause", "quiet"
        case Reason.AWAITS_ANSWER:
            return "they wrote and wait for an answer", "awaits-answer"
        case Reason.PAUSED | "":
            return "not before their time", "later"
        case _:
            return word, "later"


def limits_of(it: Destination, *, direct: bool) -> list[str]:
    """The limits in force of a destination, in words; none: it has none. Connections count where mail goes `direct`."""
    said = []
    if direct:
        each = f" of {it.shape.per_connection:,} messages" if it.shape.per_connection else ""
        said.append(f"{it.shape.connections} connections{each}")
    if it.shape.rate is not None:
        said.append(it.shape.rate.describe())
    if it.quota is not None:
        used = "" if it.each else f"{it.used:,} of "
        said.append(f"warming up: {used}{it.quota:,} today")
    return [*said[:-1], f"{said[-1]}, to each"] if it.each and said else said


_NUMBERED = re.compile(r"[^\s<>()\[\],;]*\d[^\s<>()\[\],;]*")
_STATUS = r"[245]\.\d{1,3}\.\d{1,3}"
_KEPT = re.compile(rf"\d{{3}}-{_STATUS}[:.]?|{_STATUS}[:.]?|[A-Z]{{1,6}}\d{{1,5}}[:.]?|https?://[^\d]*")
"""Codes (RFC 5321 4.2, RFC 3463), and what providers name their reasons by."""
_CODE = re.compile(rf"\d{{3}}-?(?= {_STATUS})|^\d{{3}}-?(?= )")
_LONGEST = 200
_ADDRESS = re.compile(r"[^\s<>()\[\],;:]+@[^\s<>()\[\],;:]+")


def normal(reply: str) -> str:
    """A server's answer without what differs from message to message: addresses, numbers, and their own ids."""
    flat = " ".join(reply.split())
    flat = _ADDRESS.sub("…", flat)
    flat = _NUMBERED.sub(lambda found: found[0] if _is_kept(found) else "…", flat)
    flat = re.sub(r"…(?:[ .:/-]*…)+", "…", flat)
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"


def _is_kept(found: re.Match[str]) -> bool:
    return bool(_KEPT.fullmatch(found[0]) or _CODE.match(found.string, found.start()))
