"""Taking in what other systems say of people: under whose consent, and never past a no.

Files and the API come through here. An address that was erased stays out, with all that happened before it was; no
consent is recorded where an address is suppressed, or where its no was brought along from another system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from nurture.clock import Moment
from nurture.journeys.reasons import Reason
from nurture.runner.intake_rows import ContactRead, SuppressionRead
from nurture.store import consents, happenings, orders, outbox, people, sign_ups, suppressions
from nurture.store.consents import IMPORTED, Word
from nurture.store.engine import Tx
from nurture.store.happenings import EventGiven
from nurture.store.ids import Ids
from nurture.store.orders import LineGiven
from nurture.store.people import ContactsTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms rows are taken in."""

    now: Moment
    address_key: bytes
    topics: Sequence[str] = ()
    """What a row's consent covers."""
    source: str = ""
    """The file, or the API key, that they came by."""
    wording: str = ""
    """What these people agreed to, as it was put to them, where their row does not say."""
    how: str = IMPORTED
    """How the basis of their consent begins. A basis that begins otherwise than `import` is the contact's own yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a batch."""

    rows: int
    """That were new or said something new."""
    left_out: int = 0
    """Rows of people who were erased."""
    refused: int = 0
    """Rows whose consent was not recorded, since their address stands for a no."""
    contacts: ContactsTaken | None = None


class _Dated(Protocol):
    """Whatever bears an address."""

    @property
    def email(self) -> str: ...


_D = TypeVar("_D", bound=_Dated)


def take_contacts(tx: Tx, ids: Ids, batch: Sequence[ContactRead], terms: Terms) -> Taken:
    """Take contacts in, with the consent that their rows tell of: for those who never said no."""
    standing = _standing(tx, {it.given.email for it in batch}, terms)
    gone = {email: at for email, (reason, at) in standing.items() if reason == suppressions.ERASED}
    rows = [it for it in batch if it.given.email not in gone or it.given.created_at > gone[it.given.email]]
    done = people.upsert(tx, ids, [it.given for it in rows], terms.now)
    if done.left:
        _follow(tx, done, terms)
    noes = {email for email, (reason, _) in standing.items() if suppressions.is_no(reason)}
    told = [it for it in rows if it.basis and it.given.email not in noes]
    refused = suppressions.topics_refused(
        tx, terms.address_key, {it.given.email for it in told}, terms.topics
    )
    words = [
        _word(it, topic, done.ids[it.given.email], refused, terms) for it in told for topic in terms.topics
    ]
    agreed = consents.record_first(tx, ids, words)
    return Taken(
        rows=len(done.new | done.changed | agreed),
        left_out=len(batch) - len(rows),
        refused=sum(1 for it in rows if it.basis) - len(told),
        contacts=done,
    )


def take_orders(tx: Tx, ids: Ids, batch: Sequence[LineGiven], terms: Terms) -> Taken:
    """Take rows of orders in; what was ordered before its address was erased stays out."""
    rows = since_erased(tx, batch, [it.ordered_at for it in batch], terms)
    taken = orders.upsert_orders(tx, ids, rows, terms.now)
    return Taken(rows=taken, left_out=len(batch) - len(rows))


def take_events(tx: Tx, ids: Ids, batch: Sequence[EventGiven], terms: Terms, *, source: str) -> Taken:
    """Take events in, known by `source` and their keys; what happened before its address was erased stays out."""
    rows = since_erased(tx, batch, [it.at for it in batch], terms)
    taken = happenings.record(tx, ids, source, rows, terms.now)
    return Taken(rows=taken, left_out=len(batch) - len(rows))


def take_suppressions(
    tx: Tx,
    ids: Ids,
    batch: Sequence[SuppressionRead],
    terms: Terms,
    campaigns: Mapping[str, Collection[int]],
) -> Taken:
    """Take in the no's that another system knows of, and skip what waits for these people.

    A no to everything suppresses the address, known or not; one to a topic keeps every file from bringing consent to
    it. Whoever is known takes back their consent too, unless a yes of their own came later. `campaigns` are the ids of
    those that write on each topic.
    """
    known = people.ids_by_email(tx, {it.email for it in batch})
    own = consents.own_yes(tx, known.values())
    standing = suppressions.standing(tx, terms.address_key, {it.email for it in batch if not it.topic})
    count = 0
    whole: dict[str, SuppressionRead] = {}
    for it in batch:
        if not it.topic and own.get(known.get(it.email, 0), -1) < (it.at or terms.now):
            count += it.email not in standing and it.email not in whole
            whole.setdefault(it.email, it)
    topical = [it for it in batch if it.topic]
    refused = suppressions.topics_refused(tx, terms.address_key, {it.email for it in topical}, terms.topics)
    _suppress(tx, whole.values(), terms)
    suppressions.suppress_topics(
        tx, terms.address_key, [(it.email, it.topic, _reason(it), it.at or terms.now) for it in topical]
    )
    noes = [word for it in batch if it.email in known for word in _noes(it, known[it.email], terms)]
    withdrawn = consents.overrule(tx, ids, noes)
    unheard = {email for email in whole if email not in standing}
    count += len({it.email for it in batch if known.get(it.email) in withdrawn} - unheard)
    count += len(
        {
            (it.email, it.topic)
            for it in topical
            if (it.email, it.topic) not in refused and known.get(it.email) not in withdrawn
        }
    )
    _skip(tx, [known[it] for it in whole if it in known], topical, known, campaigns, terms.now)
    return Taken(rows=count)


def since_erased(tx: Tx, batch: Sequence[_D], moments: Sequence[Moment], terms: Terms) -> list[_D]:
    """Those of `batch` that happened after their address was erased, if it was."""
    standing = _standing(tx, {it.email for it in batch}, terms)
    gone = {email: at for email, (reason, at) in standing.items() if reason == suppressions.ERASED}
    if not gone:
        return list(batch)
    return [it for it, at in zip(batch, moments, strict=True) if at > gone.get(it.email, -1)]


def _standing(tx: Tx, addresses: Collection[str], terms: Terms) -> Mapping[str, tuple[str, Moment]]:
    """Who stands for a no. Anybody may have typed an address into a form: until it confirms, its no holds."""
    return {**suppressions.standing(tx, terms.address_key, addresses), **sign_ups.held_back(tx, addresses)}


def _follow(tx: Tx, done: ContactsTaken, terms: Terms) -> None:
    """A no does not stay behind with an address that its contact has left."""
    now_at = {contact: email for email, contact in done.ids.items()}
    standing = suppressions.standing(tx, terms.address_key, done.left)
    for email, (reason, at) in standing.items():
        if suppressions.is_no(reason) and reason != suppressions.LEFT:
            suppressions.suppress(tx, terms.address_key, [now_at[done.left[email]]], reason=reason, at=at)
    said_no = consents.who_said_no(tx, done.left.values())
    left = [email for email, contact in done.left.items() if contact in said_no]
    suppressions.suppress(tx, terms.address_key, left, reason=suppressions.LEFT, at=terms.now)


def _word(
    it: ContactRead, topic: str, contact_id: int, refused: Mapping[tuple[str, str], str], terms: Terms
) -> Word:
    no = refused.get((it.given.email, topic), "")
    return Word(
        contact_id=contact_id,
        topic=topic,
        agreed=not no,
        at=it.agreed_at or it.given.created_at or terms.now,
        basis=f"{terms.how}: {no or it.basis}",
        wording="" if no else it.wording or terms.wording,
        source=terms.source,
        ip="" if no else it.ip,
    )


def _reason(it: SuppressionRead) -> str:
    return f"{it.reason} {suppressions.ELSEWHERE}" + (f": {it.said}" if it.said else "")


def _suppress(tx: Tx, whole: Iterable[SuppressionRead], terms: Terms) -> None:
    alike: dict[tuple[str, Moment], list[str]] = {}
    for it in whole:
        alike.setdefault((_reason(it), it.at or terms.now), []).append(it.email)
    for (reason, at), emails in alike.items():
        suppressions.suppress(tx, terms.address_key, emails, reason=reason, at=at)


def _noes(it: SuppressionRead, contact_id: int, terms: Terms) -> list[Word]:
    """A mailbox that bounced has said nothing."""
    if it.reason == "bounced":
        return []
    return [
        Word(
            contact_id=contact_id,
            topic=topic,
            agreed=False,
            at=it.at or terms.now,
            basis=f"{terms.how}: {_reason(it)}",
            source=terms.source,
        )
        for topic in ([it.topic] if it.topic else terms.topics)
    ]


def _skip(
    tx: Tx,
    silenced: Collection[int],
    topical: Sequence[SuppressionRead],
    known: Mapping[str, int],
    campaigns: Mapping[str, Collection[int]],
    now: Moment,
) -> None:
    outbox.skip_contacts(tx, silenced, Reason.SUPPRESSED, now, campaigns=None)
    for topic in {it.topic for it in topical}:
        contacts = [known[it.email] for it in topical if it.topic == topic and it.email in known]
        outbox.skip_contacts(tx, contacts, Reason.NOT_AGREED, now, campaigns=campaigns.get(topic, ()))
