"""Hits, the verdicts on them, and the signs of life they leave."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, Judged
from nurture.engagement.signs import RULES
from nurture.engagement.verdict import judge
from nurture.store import feed
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import insert_many, insert_new, update_many
from nurture.store.destinations import forget_soft
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.kept_text import kept
from nurture.store.partitions import ensure
from nurture.store.settle import Settled, settle
from nurture.store.statements import chunks, one_of, table
from nurture.store.tables import HitRow, MessageRow, SignRow

_hits = table(HitRow)
_messages = table(MessageRow)
_signs = table(SignRow)

BATCH = 1_000
"""Hits judged at once."""

MOST = 1_000
"""Hits kept of one message: whoever sends more than this is playing, and must not fill the disk."""

AGENT_LENGTH = 300
EXTRA_LENGTH = 200
ARRIVED = "no reply came, but it was opened or clicked: it arrived"
SIGNS = {"open": "open", "click": "click"}
"""Kinds of hits of which the first human one is a sign of life."""

_COLUMNS = (
    "at", "id", "enrollment_id", "step_no", "contact_id", "kind", "link_no", "method", "agent", "ip",
    "extra", "verdict", "score", "reasons", "rules",
)  # fmt: skip
_KEY = ("enrollment_id", "step_no", "kind")

_MESSAGES = select(
    _messages.c.enrollment_id,
    _messages.c.step_no,
    _messages.c.contact_id,
    _messages.c.outcome,
    _messages.c.done_at,
).where(one_of(_messages.c.enrollment_id, "entries"))
_EARLIER = select(
    _hits.c.enrollment_id,
    _hits.c.step_no,
    _hits.c.id,
    _hits.c.at,
    _hits.c.kind,
    _hits.c.link_no,
    _hits.c.method,
    _hits.c.agent,
    _hits.c.ip,
    _hits.c.extra,
    _hits.c.verdict,
    _hits.c.reasons,
).where(one_of(_hits.c.enrollment_id, "entries"))


class _Message(NamedTuple):
    contact_id: int
    outcome: str
    done_at: Moment

    @property
    def delivered_at(self) -> Moment:
        return self.done_at if self.outcome == "sent" else 0


@dataclass(frozen=True, slots=True)
class _Stored:
    """A hit that was kept before, with the verdict of that time."""

    id: int
    hit: Hit
    verdict: str
    reasons: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Hits that are judged, in the light of what was kept of the same messages before, and not kept yet."""

    new: Sequence[Judged]
    changed: Sequence[tuple[_Stored, Judged]]
    """Earlier ones on which the new ones throw another light."""
    earlier: Mapping[MessageKey, Sequence[_Stored]]
    keys: Collection[MessageKey]


def record(
    tx: Tx, hits: Sequence[Hit], ids: Ids, now: Moment, *, expires: Mapping[str, Span | None] | None = None
) -> int:
    """Keep the hits with a verdict on each, in one transaction: see `look` and `keep`. Returns how many were kept."""
    return sum(keep(tx, look(tx, some), ids, now, expires=expires) for some in chunks(hits, BATCH))


def look(tx: Tx, hits: Sequence[Hit]) -> Looked:
    """Judge the hits, and those of the same messages before them anew. Nothing is written.

    What another process writes between this and `keep` is not seen; the next hit of the message sees it.
    """
    keys = {hit.key for hit in hits}
    messages = _messages_of(tx, keys)
    earlier = _earlier(tx, keys)
    fresh: dict[MessageKey, list[Hit]] = defaultdict(list)
    for hit in hits:
        if hit.key in messages and len(earlier.get(hit.key, ())) + len(fresh[hit.key]) < MOST:
            fresh[hit.key].append(cleaned(hit))
    new: list[Judged] = []
    changed: list[tuple[_Stored, Judged]] = []
    for key, some in fresh.items():
        if not some:
            continue
        before = earlier.get(key, [])
        judged = judge([*(stored.hit for stored in before), *some], messages[key].delivered_at)
        new += judged[len(before) :]
        changed += [
            (stored, it)
            for stored, it in zip(before, judged, strict=False)
            if stored.verdict != it.verdict or stored.reasons != _reasons(it.reasons)
        ]
    return Looked(new, changed, earlier, keys)


def keep(
    tx: Tx, looked: Looked, ids: Ids, now: Moment, *, expires: Mapping[str, Span | None] | None = None
) -> int:
    """Write what `look` found, and the first human open and click of each message as its sign.

    The contacts of messages with a new sign are put on the agenda. A message of which nobody knew whether it
    arrived has arrived, whoever touches it: it is settled as sent (`expires` as `settle` wants it). Hits of
    messages that are not there any more (erased) are left out. Returns how many were kept.
    """
    messages = _messages_of(tx, looked.keys)
    new = [it for it in looked.new if it.hit.key in messages]
    changed = [(stored, it) for stored, it in looked.changed if it.hit.key in messages]
    _insert(tx, [(messages[it.hit.key].contact_id, it) for it in new], ids, now)
    _update(tx, changed)
    _sign(tx, messages, new, changed, looked.earlier)
    _arrived(tx, messages, expires)
    return len(new)


def cleaned(hit: Hit) -> Hit:
    """What others wrote cut to lengths that fit the table, without what PostgreSQL does not take as text."""
    agent, ip = _text(hit.agent, AGENT_LENGTH), _text(hit.ip, 45)
    extra = {name: _text(value, EXTRA_LENGTH) for name, value in hit.extra.items()}
    if agent == hit.agent and ip == hit.ip and extra == hit.extra:
        return hit
    return replace(hit, agent=agent, ip=ip, extra=extra)


@lru_cache(10_000)
def _text(text: str, longest: int) -> str:
    """Remembered: most people use one of few programs."""
    return kept(text, longest)


@lru_cache(1_000)
def _reasons(reasons: tuple[str, ...]) -> str:
    return json.dumps(list(reasons), ensure_ascii=False)


@lru_cache(10_000)
def _extra(items: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(items), ensure_ascii=False) if items else "{}"


@lru_cache(10_000)
def _read_extra(text: str) -> Mapping[str, str]:
    """The same value for the same text; nobody changes it."""
    read: Mapping[str, str] = json.loads(text)
    return read


def _messages_of(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, _Message]:
    rows = tx.execute(_MESSAGES, {"entries": {key.enrollment_id for key in keys}}).all()
    return {
        MessageKey(entry, step): _Message(contact, outcome, done_at)
        for entry, step, contact, outcome, done_at in rows
        if (entry, step) in keys
    }


def _earlier(tx: Tx, keys: Collection[MessageKey]) -> Mapping[MessageKey, list[_Stored]]:
    rows = tx.execute(_EARLIER, {"entries": {key.enrollment_id for key in keys}}).all()
    found: dict[MessageKey, list[_Stored]] = defaultdict(list)
    for entry, step, id_, at, kind, link_no, method, agent, ip, extra, verdict, reasons in rows:
        if (entry, step) not in keys:
            continue
        key = MessageKey(entry, step)
        hit = Hit(
            key=key,
            kind=kind,
            link_no=link_no,
            at=at,
            method=method,
            agent=agent,
            ip=ip,
            extra=_read_extra(extra),
        )
        found[key].append(_Stored(id_, hit, verdict, reasons))
    return found


def _insert(tx: Tx, new: Sequence[tuple[int, Judged]], ids: Ids, now: Moment) -> None:
    if not new:
        return
    rows = []
    for (contact_id, it), id_ in zip(new, ids.take(len(new), now), strict=True):
        hit = it.hit
        extra = _extra(tuple(hit.extra.items()))
        rows.append(
            (
                hit.at, id_, *hit.key, contact_id, hit.kind, hit.link_no, hit.method, hit.agent, hit.ip, extra,
                it.verdict, it.score, _reasons(it.reasons), RULES,
            )
        )  # fmt: skip
    ensure(tx, "hits", [it.hit.at for _, it in new])
    insert_many(tx, _hits, _COLUMNS, rows)


def _update(tx: Tx, changed: Sequence[tuple[_Stored, Judged]]) -> None:
    rows = [
        (it.verdict, it.score, _reasons(it.reasons), RULES, stored.hit.at, stored.id)
        for stored, it in changed
    ]
    update_many(tx, _hits, ("at", "id"), ("verdict", "score", "reasons", "rules"), rows)


def _sign(
    tx: Tx,
    messages: Mapping[MessageKey, _Message],
    new: Iterable[Judged],
    changed: Sequence[tuple[_Stored, Judged]],
    earlier: Mapping[MessageKey, Sequence[_Stored]],
) -> None:
    """Write the first human open and click of each message; take back what turned out to be a machine's."""
    stale = {
        (it.hit.key, SIGNS[it.hit.kind])
        for stored, it in changed
        if "human" in (stored.verdict, it.verdict) and it.hit.kind in SIGNS
    }
    verdicts = {stored.id: it.verdict for stored, it in changed}
    first: dict[tuple[MessageKey, str], Moment] = {}
    for key, kind in stale:
        # What is taken back is worked out anew from all that was kept.
        for it in earlier[key]:
            if it.hit.kind == kind and verdicts.get(it.id, it.verdict) == "human":
                first[key, kind] = min(it.hit.at, first.get((key, kind), it.hit.at))
    for judged in new:
        if judged.verdict == "human" and judged.hit.kind in SIGNS:
            sign = (judged.hit.key, SIGNS[judged.hit.kind])
            first[sign] = min(judged.hit.at, first.get(sign, judged.hit.at))
    _take_back(tx, stale)
    rows = [(*key, kind, messages[key].contact_id, at) for (key, kind), at in first.items()]
    made = insert_new(tx, _signs, (*_KEY, "contact_id", "at"), rows, (*_KEY, "contact_id", "at"))
    put_on_agenda(tx, [(contact, 0, at) for *_, contact, at in made])
    # Somebody reads there: mail that came back softly before does not count any more.
    forget_soft(tx, {contact for *_, contact, _ in made})
    feed.messages(tx, "clicked", _first_clicks(made, earlier))


def _first_clicks(
    made: Iterable[tuple[Any, ...]], earlier: Mapping[MessageKey, Sequence[_Stored]]
) -> Iterator[tuple[MessageKey, int, Moment, str]]:
    """The new signs that are a message's first human click; one that was taken back and made anew was told before."""
    for entry, step, kind, contact, at in made:
        key = MessageKey(entry, step)
        before = earlier.get(key, ())
        if kind == "click" and not any(it.hit.kind == kind and it.verdict == "human" for it in before):
            yield key, contact, at, ""


def _take_back(tx: Tx, signs: Collection[tuple[MessageKey, str]]) -> None:
    if signs:
        tx.execute(
            delete(_signs).where(
                _signs.c.enrollment_id == bindparam("of_entry"),
                _signs.c.step_no == bindparam("of_step"),
                _signs.c.kind == bindparam("of_kind"),
            ),
            [{"of_entry": key[0], "of_step": key[1], "of_kind": kind} for key, kind in signs],
        )


def _arrived(
    tx: Tx, messages: Mapping[MessageKey, _Message], expires: Mapping[str, Span | None] | None
) -> None:
    """RFC 1047's window: the reply was lost and the message was not."""
    lost = [
        Settled(key=key, outcome="sent", at=message.done_at, reason=ARRIVED)
        for key, message in messages.items()
        if message.outcome == "unknown"
    ]
    if lost:
        settle(tx, lost, was="unknown", expires=expires)
