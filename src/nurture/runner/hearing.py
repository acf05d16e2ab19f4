"""What others told us becomes true here: bounces and complaints suppress, a delivery settles, a reply finds a person.

Only what is proven changes anything; all of it is kept as it came, and the same again is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, HitKind
from nurture.incoming.heard import LONGEST_SAID, Heard
from nurture.journeys.reasons import Reason
from nurture.runner import replies
from nurture.settings import Settings
from nurture.store import arrivals, consents, destinations, feed, hits, outbox, people, returned, suppressions
from nurture.store.arrivals import Arrival
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.kept_text import kept
from nurture.store.replies import answer
from nurture.store.returned import Sent
from nurture.store.settle import Settled, settle
from nurture.store.unsubscribe import take_back, unsubscribe

Effect: TypeAlias = Literal[
    "known", "nobody", "unproven", "kept", "suppressed", "counted", "withdrawn", "passed on"
]
"""known: it came before. nobody: about nobody we know. unproven: anybody may have said so. kept: there was nothing to
do but keep it. counted: a soft bounce, which suppresses with others."""

COMPLAINED = "complained"
BY_MAIL = "unsubscribed by mail"
BY_PROVIDER = "unsubscribed with their provider"
ARRIVED = "no reply came, but its delivery was reported"

_LONGEST_ID = 200
_HITS: Mapping[str, HitKind] = {"opened": "open", "clicked": "click"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What is decided by."""

    settings: Settings
    address_key: bytes
    """For the hashes under which addresses are suppressed."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """A campaign's key to its topic."""
    expires: Mapping[str, Span | None] = field(default_factory=dict)
    """An offer's key to how long its code holds; None: for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one thing that was heard."""

    heard: Heard
    effect: Effect
    contact_id: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """One thing that was heard and never before, with whom it is about."""

    id: int
    heard: Heard
    key: MessageKey | None
    sent: Sent | None
    contact_id: int
    email: str
    """To be suppressed, where it comes to that."""
    proven: bool

    @property
    def reason(self) -> str:
        """For a person to read."""
        return (self.heard.reason or self.heard.said or self.heard.kind)[:300]


def hear(
    tx: Tx, ids: Ids, source: str, heard: Sequence[tuple[Heard, bytes]], office: Office, now: Moment
) -> list[Taken]:
    """Take in what `source` told, each with the bytes it stands in, and say what became of each, in the same order.

    A few statements for all; those for what somebody suffers (a bounce, a complaint) one by one.
    """
    heard = [(_clean(it), content) for it, content in heard]
    new = arrivals.unseen(tx, source, {it.id for it, _ in heard if it.id}, now)
    fresh: list[tuple[int, Heard, bytes]] = []
    for place, (it, content) in enumerate(heard):
        if not it.id or it.id in new:
            new.discard(it.id)
            fresh.append((place, it, content))
    cases = _cases(tx, ids, [it for _, it, _ in fresh], now)
    arrivals.keep(
        tx, [_arrival(case, source, content, now) for case, (_, _, content) in zip(cases, fresh, strict=True)]
    )
    effects = _act(tx, ids, source, cases, office, now)
    taken = [Taken(heard=it, effect="known") for it, _ in heard]
    for case, (place, it, _) in zip(cases, fresh, strict=True):
        taken[place] = Taken(heard=it, effect=effects[case.id], contact_id=case.contact_id)
    return taken


def _clean(it: Heard) -> Heard:
    """With text that both databases take, and none that is longer than they should be asked about."""
    return replace(
        it,
        recipient=kept(it.recipient, 320),
        reason=kept(it.reason, 300),
        said=kept(it.said, LONGEST_SAID),
        id=it.id if len(it.id) <= _LONGEST_ID and it.id.isprintable() and it.id.isascii() else _hashed(it.id),
        agent=kept(it.agent, 300),
        ip=kept(it.ip, 45),
    )


def _hashed(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _cases(tx: Tx, ids: Ids, heard: Sequence[Heard], now: Moment) -> list[_Case]:
    messages = returned.by_key(tx, {it.key for it in heard if it.key})
    contacts = people.ids_by_email(tx, {it.recipient for it in heard if it.recipient})
    made = arrivals.ids_for(ids, len(heard), now)
    return [_case(id_, it, messages, contacts) for id_, it in zip(made, heard, strict=True)]


def _case(
    id_: int, it: Heard, messages: Mapping[tuple[int, int], Sent], contacts: Mapping[str, int]
) -> _Case:
    sent = messages.get(it.key) if it.key else None
    key = MessageKey(*it.key) if it.key and sent else None
    contact = contacts.get(it.recipient, 0)
    email = it.recipient
    # A token that only the message bore says nothing of anybody else: where the message is gone, of nobody.
    proven = it.proof == "signed" or (it.proof == "verp" and sent is not None)
    if it.proof == "original":
        # Our Message-ID can be known to whoever got the message: it has to come with the address it went to.
        proven = sent is not None and bool(sent.email) and it.recipient == sent.email
    if it.kind == "complained" and not it.recipient:
        # Mailbox providers take out who complained. Our Message-ID, which nobody can make up, is enough then: whoever
        # has the message could unsubscribe its recipient as well.
        proven = proven or sent is not None
    if sent is not None and (proven or not contact) and it.proof != "signed":
        # An address of theirs may pass mail on to another, which the bounce then names.
        contact, email = sent.contact_id, sent.email
    elif sent is not None and not contact:
        contact = sent.contact_id
    return _Case(id_, it, key, sent, contact, email or (sent.email if sent else ""), proven)


def _arrival(case: _Case, source: str, content: bytes, now: Moment) -> Arrival:
    it = case.heard
    return Arrival(
        id=case.id,
        at=now,
        source=source,
        kind=it.kind,
        content=content,
        severity=it.severity,
        contact_id=case.contact_id,
        enrollment_id=case.key.enrollment_id if case.key else 0,
        step_no=case.key.step_no if case.key else 0,
        recipient=it.recipient,
        reason=it.reason,
        said=it.said,
    )


def _act(
    tx: Tx, ids: Ids, source: str, cases: Sequence[_Case], office: Office, now: Moment
) -> dict[int, Effect]:
    effects: dict[int, Effect] = {}
    able: list[_Case] = []
    for case in cases:
        if case.heard.kind in ("replied", "auto-reply", "ignored"):
            effects[case.id] = "kept"
        elif not case.proven:
            effects[case.id] = "unproven"
        elif not case.contact_id and not case.email:
            effects[case.id] = "nobody"
        else:
            effects[case.id] = "kept"
            able.append(case)
    _arrived(tx, [it for it in able if it.heard.kind == "delivered"], office)
    _touched(tx, ids, [it for it in able if it.heard.kind in _HITS], office, now)
    effects |= _bounced(tx, [it for it in able if it.heard.kind == "bounced"], office, now)
    for case in able:
        if case.heard.kind == "complained":
            effects[case.id] = _complained(tx, ids, case, office, now)
        elif case.heard.kind == "unsubscribed":
            effects[case.id] = _unsubscribed(tx, ids, case, source, office, now)
    came = [
        replies.Came(id=it.id, contact_id=it.contact_id, heard=it.heard)
        for it in cases
        if it.heard.kind == "replied"
    ]
    replies.take(tx, ids, office.settings, source, came, now)
    return effects | dict.fromkeys((it.id for it in came), "passed on")


def _arrived(tx: Tx, cases: Sequence[_Case], office: Office) -> None:
    """It came to its mailbox: soft bounces before it do not count, and what was not known to have arrived has."""
    destinations.forget_soft(tx, sorted({it.contact_id for it in cases if it.contact_id}))
    lost = [
        Settled(key=it.key, outcome="sent", at=it.sent.done_at, reason=ARRIVED)
        for it in cases
        if it.key and it.sent and it.sent.outcome == "unknown"
    ]
    if lost:
        settle(tx, lost, was="unknown", expires=office.expires)


def _touched(tx: Tx, ids: Ids, cases: Sequence[_Case], office: Office, now: Moment) -> None:
    found = [
        Hit(
            key=it.key,
            kind=_HITS[it.heard.kind],
            at=it.heard.at or now,
            agent=it.heard.agent,
            ip=it.heard.ip,
        )
        for it in cases
        if it.key
    ]
    if found:
        hits.record(tx, found, ids, now, expires=office.expires)


def _bounced(tx: Tx, cases: Sequence[_Case], office: Office, now: Moment) -> dict[int, Effect]:
    """What was handed over came back. hard: never again; soft: counted; other: a refusal of this message alone."""
    back = {
        it.key: ("refused" if it.heard.severity == "other" else "bounced", it.reason)
        for it in cases
        if it.key
    }
    new = returned.came_back(tx, back)
    bounced = {it.key: it for it in cases if it.key in new and back[it.key][0] == "bounced"}
    feed.messages(tx, "bounced", [(key, it.contact_id, now, it.reason) for key, it in bounced.items()])
    effects: dict[int, Effect] = {}
    soft = {it.contact_id: it for it in cases if it.heard.severity == "soft" and it.contact_id}
    reached = destinations.note_soft(tx, [(contact, now) for contact in soft]) if soft else set()
    for it in cases:
        if it.heard.severity == "hard":
            _suppress(tx, it, f"bounced: {it.reason}", office, now)
            effects[it.id] = "suppressed"
        elif it.contact_id in reached and it.heard.severity == "soft":
            _suppress(tx, it, f"bounced: too often: {it.reason}", office, now)
            effects[it.id] = "suppressed"
        elif it.heard.severity == "soft" and it.contact_id:
            effects[it.id] = "counted"
    return effects


def _complained(tx: Tx, ids: Ids, case: _Case, office: Office, now: Moment) -> Effect:
    _suppress(tx, case, COMPLAINED, office, now)
    if case.contact_id:
        topics = office.settings.marketing_topics
        consents.withdraw(tx, ids, case.contact_id, topics, at=now, basis=COMPLAINED)
    if case.key:
        returned.complained(tx, [(case.key, case.contact_id, now)])
    return "suppressed"


def _unsubscribed(tx: Tx, ids: Ids, case: _Case, source: str, office: Office, now: Moment) -> Effect:
    """By a mail to the address in List-Unsubscribe, or by a list of the provider's own."""
    topics = office.settings.marketing_topics
    basis = BY_MAIL if case.heard.proof == "verp" else f"{BY_PROVIDER} ({source})"
    still = [campaign for campaign, topic in office.topics.items() if topic not in topics]
    # Their mailbox provider shows one button for all mail of ours: so it is a no to all of it.
    if case.key:
        unsubscribe(tx, case.key, topics, ids, now, basis=basis, still=still, expires=office.expires)
    elif case.contact_id:
        take_back(tx, case.contact_id, topics, ids, now, basis=basis, still=still)
    else:
        return "nobody"
    return "withdrawn"


def _suppress(tx: Tx, case: _Case, reason: str, office: Office, now: Moment) -> None:
    suppressions.suppress(tx, office.address_key, [case.email], reason=reason, at=now)
    if case.contact_id:
        outbox.skip_contact(tx, case.contact_id, Reason.SUPPRESSED, now)


def new_kinds(taken: Sequence[Taken]) -> list[str]:
    """The kind of each that had not come before."""
    return [it.heard.kind for it in taken if it.effect != "known"]


def note_answer(tx: Tx, reply_id: int, by: str, now: Moment) -> bool:
    """A copy of an answer came to the address that was made for it. True: the reply was open until now."""
    return bool(answer(tx, [reply_id], by, now))
