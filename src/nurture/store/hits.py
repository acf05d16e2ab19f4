"""Hits, the verdicts on them, and the signs of life they leave."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, Judged
from nurture.engagement.verdict import judge
from nurture.store.agenda import put_on_agenda
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.partitions import ensure
from nurture.store.settle import Settled, settle
from nurture.store.statements import chunks, one_of, table, upsert
from nurture.store.tables import HitRow, MessageRow, SignRow

_hits = table(HitRow)
_messages = table(MessageRow)
_signs = table(SignRow)

BATCH = 1_000
"""Hits judged at once."""

MOST = 1_000
"""Hits kept of one message: whoever sends more than this is playing, and must not fill the disk."""

AGENT_LENGTH = 300
ARRIVED = "no reply came, but it was opened or clicked: it arrived"
SIGNS = {"open": "open", "click": "click"}
"""Kinds of hits of which the first human one is a sign of life."""

_MESSAGES = select(
    _messages.c.enrollment_id,
    _messages.c.step_no,
    _messages.c.contact_id,
    _messages.c.outcome,
    _messages.c.done_at,
).where(one_of(_messages.c.enrollment_id, "entries"))
_EARLIER = select(_hits).where(one_of(_hits.c.enrollment_id, "entries")).order_by(_hits.c.at, _hits.c.id)
_KNOWN_SIGNS = select(_signs.c.enrollment_id, _signs.c.step_no, _signs.c.kind).where(
    one_of(_signs.c.enrollment_id, "entries")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    contact_id: int
    outcome: str
    done_at: Moment

    @property
    def delivered_at(self) -> Moment:
        return self.done_at if self.outcome == "sent" else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A hit that was kept before, with the verdict of that time."""

    id: int
    hit: Hit
    verdict: str
    reasons: str


def record(
    tx: Tx, hits: Sequence[Hit], ids: Ids, now: Moment, *, expires: Mapping[str, Span | None] | None = None
) -> int:
    """Keep the hits with a verdict on each, and the first human open and click of each message as its sign.

    Earlier hits of the same messages are judged again where the new ones throw another light on them. The
    contacts of messages with a new sign are put on the agenda. A message of which nobody knew whether it
    arrived has arrived, whoever touches it: it is settled as sent (`expires` as `settle` wants it). Hits of
    messages that are not there (erased) are left out. Returns how many were kept.
    """
    return sum(_record(tx, batch, ids, now, expires) for batch in chunks(hits, BATCH))


def _record(
    tx: Tx, hits: Sequence[Hit], ids: Ids, now: Moment, expires: Mapping[str, Span | None] | None
) -> int:
    keys = {hit.key for hit in hits}
    messages = _messages_of(tx, keys)
    earlier = _earlier(tx, keys)
    fresh: dict[MessageKey, list[Hit]] = defaultdict(list)
    for hit in hits:
        if hit.key in messages and len(earlier[hit.key]) + len(fresh[hit.key]) < MOST:
            fresh[hit.key].append(_clean(hit))
    new: list[tuple[int, Judged]] = []
    changed: list[tuple[_Stored, Judged]] = []
    all_judged: dict[MessageKey, Sequence[Judged]] = {}
    for key, message in messages.items():
        before = earlier[key]
        judged = judge([stored.hit for stored in before] + fresh[key], message.delivered_at)
        all_judged[key] = judged
        new += [(message.contact_id, it) for it in judged[len(before) :]]
        changed += [
            (stored, it)
            for stored, it in zip(before, judged, strict=False)
            if stored.verdict != it.verdict or stored.reasons != _reasons(it)
        ]
    _insert(tx, new, ids, now)
    _update(tx, changed)
    _sign(tx, messages, all_judged, changed)
    _arrived(tx, messages, expires)
    return len(new)


def _clean(hit: Hit) -> Hit:
    """The agent cut to a length that fits the table, without what PostgreSQL does not take as text."""
    agent = hit.agent.replace("\x00", "").encode("utf-8", "replace").decode()[:AGENT_LENGTH]
    return Hit(
        key=hit.key,
        kind=hit.kind,
        link_no=hit.link_no,
        at=hit.at,
        method=hit.method,
        agent=agent,
        ip=hit.ip[:45],
    )


def _reasons(judged: Judged) -> str:
    return json.dumps(list(judged.reasons), ensure_ascii=False)


def _messages_of(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, _Message]:
    rows = tx.execute(_MESSAGES, {"entries": {key.enrollment_id for key in keys}}).all()
    return {
        MessageKey(entry, step): _Message(contact_id=contact, outcome=outcome, done_at=done_at)
        for entry, step, contact, outcome, done_at in rows
        if (entry, step) in keys
    }


def _earlier(tx: Tx, keys: Collection[MessageKey]) -> Mapping[MessageKey, list[_Stored]]:
    rows = tx.execute(_EARLIER, {"entries": {key.enrollment_id for key in keys}}).all()
    found: dict[MessageKey, list[_Stored]] = defaultdict(list)
    for row in rows:
        key = MessageKey(row.enrollment_id, row.step_no)
        hit = Hit(
            key=key,
            kind=row.kind,
            link_no=row.link_no,
            at=row.at,
            method=row.method,
            agent=row.agent,
            ip=row.ip,
        )
        found[key].append(_Stored(id=row.id, hit=hit, verdict=row.verdict, reasons=row.reasons))
    return found


def _insert(tx: Tx, new: Sequence[tuple[int, Judged]], ids: Ids, now: Moment) -> None:
    if not new:
        return
    rows = [
        {
            "at": it.hit.at,
            "id": id_,
            "enrollment_id": it.hit.key.enrollment_id,
            "step_no": it.hit.key.step_no,
            "contact_id": contact_id,
            "kind": it.hit.kind,
            "link_no": it.hit.link_no,
            "method": it.hit.method,
            "agent": it.hit.agent,
            "ip": it.hit.ip,
            "verdict": it.verdict,
            "reasons": _reasons(it),
        }
        for (contact_id, it), id_ in zip(new, ids.take(len(new), now), strict=True)
    ]
    ensure(tx, "hits", [it.hit.at for _, it in new])
    tx.execute(_hits.insert(), rows)


def _update(tx: Tx, changed: Sequence[tuple[_Stored, Judged]]) -> None:
    if changed:
        tx.execute(
            update(_hits)
            .where(_hits.c.at == bindparam("of_at"), _hits.c.id == bindparam("of_id"))
            .values(verdict=bindparam("now_verdict"), reasons=bindparam("now_reasons")),
            [
                {
                    "of_at": stored.hit.at,
                    "of_id": stored.id,
                    "now_verdict": it.verdict,
                    "now_reasons": _reasons(it),
                }
                for stored, it in changed
            ],
        )


def _sign(
    tx: Tx,
    messages: Mapping[MessageKey, _Message],
    judged: Mapping[MessageKey, Sequence[Judged]],
    changed: Iterable[tuple[_Stored, Judged]],
) -> None:
    """Write the first human open and click of each message; take back what turned out to be a machine's."""
    stale = {
        (it.hit.key, SIGNS[it.hit.kind])
        for stored, it in changed
        if "human" in (stored.verdict, it.verdict) and it.hit.kind in SIGNS
    }
    if stale:
        tx.execute(
            delete(_signs).where(
                _signs.c.enrollment_id == bindparam("of_entry"),
                _signs.c.step_no == bindparam("of_step"),
                _signs.c.kind == bindparam("of_kind"),
            ),
            [{"of_entry": key[0], "of_step": key[1], "of_kind": kind} for key, kind in stale],
        )
    first: dict[tuple[MessageKey, str], Moment] = {}
    for key, all_of_it in judged.items():
        for it in all_of_it:
            if it.verdict == "human" and it.hit.kind in SIGNS:
                sign = (key, SIGNS[it.hit.kind])
                first[sign] = min(it.hit.at, first.get(sign, it.hit.at))
    known = _known_signs(tx, {key for key, _ in first})
    new = {sign: at for sign, at in first.items() if sign not in known}
    if new:
        rows = [
            {
                "enrollment_id": key.enrollment_id,
                "step_no": key.step_no,
                "kind": kind,
                "contact_id": messages[key].contact_id,
                "at": at,
            }
            for (key, kind), at in new.items()
        ]
        upsert(tx, _signs, rows, key=("enrollment_id", "step_no", "kind"), update=())
        put_on_agenda(tx, [(messages[key].contact_id, 0, at) for (key, _), at in new.items()])


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


def _known_signs(tx: Tx, keys: Collection[MessageKey]) -> set[tuple[MessageKey, str]]:
    rows = tx.execute(_KNOWN_SIGNS, {"entries": {key.enrollment_id for key in keys}}).all()
    return {(MessageKey(entry, step), kind) for entry, step, kind in rows}
