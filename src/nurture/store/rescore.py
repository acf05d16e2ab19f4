"""Verdicts worked out again over the hits that were kept, and the signs of life that follow from them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, select

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, HitKind, Judged, Verdict
from nurture.engagement.signs import RULES
from nurture.engagement.verdict import judge
from nurture.store import marks
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import update_many
from nurture.store.engine import Tx
from nurture.store.statements import one_of, table, upsert
from nurture.store.tables import HitRow, MessageRow, SignRow

_hits, _messages, _signs = table(HitRow), table(MessageRow), table(SignRow)

KINDS = ("open", "click")
"""Kinds of hits, and of the signs that the first human one of them is."""

_JUDGED_BY = "hits judged by rules"
"""The mark of the rules by which all hits were judged when it was set; what came later is judged by those or newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came of judging the hits of some enrollments again."""

    reached: int
    """The last of these enrollments."""
    hits: int
    changed: Mapping[tuple[HitKind, Verdict, Verdict], int] = field(default_factory=dict)
    """How many of which kind, by the verdict before and the one that holds now."""
    signs_made: int = 0
    """Messages that a person opened or clicked, as it turns out; and those that nobody did."""
    signs_taken_back: int = 0
    contacts: int = 0
    """Put on the agenda."""


class _Kept(NamedTuple):
    id: int
    hit: Hit
    verdict: Verdict
    score: float
    reasons: str
    rules: int


def standing(tx: Tx) -> int:
    """How many hits are still judged by other rules than these; after `nurture rescore` known without counting."""
    if marks.get(tx, _JUDGED_BY) == str(RULES):
        return 0
    return waiting(tx, since=0, everything=False)


def stand_by_these(tx: Tx) -> None:
    """Note that no hit is judged by other rules any more."""
    marks.put(tx, _JUDGED_BY, str(RULES))


def waiting(tx: Tx, *, since: Moment, everything: bool) -> int:
    """How many hits there are to judge again, one by one."""
    return int(
        tx.execute(select(func.count()).select_from(_hits).where(*_asked(since, everything))).scalar_one()
    )


def rescore(tx: Tx, *, after: int, most: int, since: Moment, everything: bool) -> Scored | None:
    """Judge all hits of the next `most` enrollments behind `after` that have any to judge; None: there are none.

    Without `everything` that is those of other rules. Contacts whose signs change are put on the agenda.
    """
    entries = tx.execute(
        select(_hits.c.enrollment_id)
        .where(_hits.c.enrollment_id > after, *_asked(since, everything))
        .group_by(_hits.c.enrollment_id)
        .order_by(_hits.c.enrollment_id)
        .limit(most)
    ).scalars()
    found = list(entries)
    if not found:
        return None
    delivered = _delivered(tx, found)
    kept = _kept(tx, found)
    judged = {
        key: judge([it.hit for it in those], delivered.get(key, (0, 0))[1]) for key, those in kept.items()
    }
    pairs = [pair for key, those in kept.items() for pair in zip(those, judged[key], strict=True)]
    _update(tx, pairs)
    made, gone, contacts = _sign(tx, found, kept, judged, {key: it[0] for key, it in delivered.items()})
    return Scored(
        reached=found[-1],
        hits=len(pairs),
        changed=Counter(
            (old.hit.kind, old.verdict, new.verdict) for old, new in pairs if old.verdict != new.verdict
        ),
        signs_made=made,
        signs_taken_back=gone,
        contacts=contacts,
    )


def _asked(since: Moment, everything: bool) -> list[ColumnElement[bool]]:
    return [
        *([] if everything else [_hits.c.rules != RULES]),
        *([_hits.c.at >= since] if since else []),
    ]


def _delivered(tx: Tx, entries: Collection[int]) -> dict[MessageKey, tuple[int, Moment]]:
    """The contact of each message, and when it was handed over; 0 where that is not known."""
    rows = tx.execute(_DELIVERED, {"entries": entries})
    return {
        MessageKey(entry, step): (contact, done_at if outcome == "sent" else 0)
        for entry, step, contact, outcome, done_at in rows
    }


def _kept(tx: Tx, entries: Collection[int]) -> dict[MessageKey, list[_Kept]]:
    if tx.dialect.name != "sqlite":
        # Whoever adds a hit to one of these messages meanwhile changes the verdicts on its others behind us, and we
        # read what was added before us.
        tx.execute(_LOCK, {"entries": entries})
    found: dict[MessageKey, list[_Kept]] = defaultdict(list)
    for row in tx.execute(_KEPT, {"entries": entries}):
        key = MessageKey(row.enrollment_id, row.step_no)
        hit = Hit(
            key=key,
            kind=row.kind,
            link_no=row.link_no,
            at=row.at,
            method=row.method,
            agent=row.agent,
            ip=row.ip,
            extra=_read(row.extra),
        )
        found[key].append(_Kept(row.id, hit, row.verdict, row.score, row.reasons, row.rules))
    return found


@lru_cache(10_000)
def _read(extra: str) -> Mapping[str, str]:
    """The same value for the same text; nobody changes it."""
    read: Mapping[str, str] = json.loads(extra)
    return read


@lru_cache(1_000)
def _written(reasons: tuple[str, ...]) -> str:
    return json.dumps(list(reasons), ensure_ascii=False)


def _update(tx: Tx, pairs: Iterable[tuple[_Kept, Judged]]) -> None:
    rows = [
        (new.verdict, new.score, reasons, RULES, old.hit.at, old.id)
        for old, new in pairs
        if (reasons := _written(new.reasons)) != old.reasons
        or (new.verdict, new.score, RULES) != (old.verdict, old.score, old.rules)
    ]
    update_many(tx, _hits, ("at", "id"), ("verdict", "score", "reasons", "rules"), rows)


def _sign(
    tx: Tx,
    entries: Collection[int],
    kept: Mapping[MessageKey, Sequence[_Kept]],
    judged: Mapping[MessageKey, Sequence[Judged]],
    contacts: Mapping[MessageKey, int],
) -> tuple[int, int, int]:
    """Signs as they follow from the verdicts now. How many were made and taken back, and of how many contacts any
    changed."""
    stand = {
        (MessageKey(entry, step), kind): at
        for entry, step, kind, at in tx.execute(_STAND, {"entries": entries, "kinds": KINDS})
    }
    first: dict[tuple[MessageKey, str], Moment] = {}
    for key, those in judged.items():
        for it in those:
            if it.verdict == "human" and it.hit.kind in KINDS and key in contacts:
                first[key, it.hit.kind] = min(it.hit.at, first.get((key, it.hit.kind), it.hit.at))
    from_hits = {(key, it.hit.kind, it.hit.at) for key, those in kept.items() for it in those}
    gone = {sign: at for sign, at in stand.items() if sign not in first and (*sign, at) in from_hits}
    new = {sign: at for sign, at in first.items() if stand.get(sign) != at}
    _take_back(tx, gone)
    rows = [
        {"enrollment_id": key[0], "step_no": key[1], "kind": kind, "contact_id": contacts[key], "at": at}
        for (key, kind), at in new.items()
    ]
    upsert(tx, _signs, rows, key=("enrollment_id", "step_no", "kind"), update=("at",))
    touched = [
        (contacts[sign[0]], 0, min(at, stand.get(sign, at)))
        for sign, at in (*gone.items(), *new.items())
        if sign[0] in contacts
    ]
    put_on_agenda(tx, touched)
    return sum(sign not in stand for sign in new), len(gone), len({contact for contact, _, _ in touched})


def _take_back(tx: Tx, signs: Iterable[tuple[MessageKey, str]]) -> None:
    rows = [{"of_entry": key[0], "of_step": key[1], "of_kind": kind} for key, kind in signs]
    if rows:
        tx.execute(_TAKE_BACK, rows)


_DELIVERED = select(
    _messages.c.enrollment_id,
    _messages.c.step_no,
    _messages.c.contact_id,
    _messages.c.outcome,
    _messages.c.done_at,
).where(one_of(_messages.c.enrollment_id, "entries"))
_LOCK = (
    select(_hits.c.id)
    .where(one_of(_hits.c.enrollment_id, "entries"))
    .order_by(_hits.c.at, _hits.c.id)
    .with_for_update()
)
_KEPT: Any = select(_hits).where(one_of(_hits.c.enrollment_id, "entries")).order_by(_hits.c.at, _hits.c.id)
_STAND = select(_signs.c.enrollment_id, _signs.c.step_no, _signs.c.kind, _signs.c.at).where(
    one_of(_signs.c.enrollment_id, "entries"), one_of(_signs.c.kind, "kinds")
)
_TAKE_BACK = delete(_signs).where(
    _signs.c.enrollment_id == bindparam("of_entry"),
    _signs.c.step_no == bindparam("of_step"),
    _signs.c.kind == bindparam("of_kind"),
)
