"""What a person wrote to us: kept, told to whoever answers, and marketing to them waits meanwhile."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from nurture.audience.contact import Contact
from nurture.clock import HOUR, NEVER, Moment, to_datetime
from nurture.delivery.outcome import MessageKey
from nurture.engagement.working_time import after_days, after_hours
from nurture.errors import Fault, SettingsError
from nurture.incoming.heard import Heard
from nurture.journeys.calendar import CalendarError, Window, parse_window
from nurture.settings import Settings
from nurture.store import happenings, notices, people, replies
from nurture.store.engine import Store, Tx
from nurture.store.happenings import EventGiven
from nurture.store.ids import Ids
from nurture.store.replies import Reply

EVENT = "replied"
"""What campaigns ask about by `replied()`."""

FORWARD = 0
"""The step of a notice that passes a reply on: those of campaigns count from 1."""

OWNER = "owner"
"""The attribute of a contact that names who looks after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A reply as it came in, under the id of its arrival."""

    id: int
    contact_id: int
    heard: Heard


def office_hours(settings: Settings) -> Window:
    """When people work. Raises SettingsError where `[replies] hours` cannot be read."""
    try:
        return parse_window(settings.replies.hours)
    except CalendarError as error:
        raise SettingsError(
            [Fault(key=("replies", "hours"), message=error.message, hint=error.hint)]
        ) from None


def promise(settings: Settings, at: Moment) -> str:
    """By when somebody who wrote at that moment expects an answer, in words; empty where nobody ever works."""
    due = _promised(settings, at)
    if due == NEVER:
        return ""
    moment = to_datetime(due, settings.zone)
    return f"They expect it by {moment:%A}, {moment.day} {moment:%B, %H:%M}."


def _promised(settings: Settings, at: Moment) -> Moment:
    it = settings.replies
    return after_hours(at, it.answer_within * HOUR, office_hours(settings), settings.zone, it.country)


def take(tx: Tx, ids: Ids, settings: Settings, source: str, came: Sequence[Came], now: Moment) -> None:
    """Keep replies, pass each on by a notice, note the event `replied`, and let marketing wait for the answer."""
    if not came:
        return
    hours, zone, country = office_hours(settings), settings.zone, settings.replies.country
    contacts = people.by_ids(tx, {it.contact_id for it in came if it.contact_id})
    kept = [
        Reply(
            id=it.id,
            contact_id=it.contact_id,
            email=it.heard.recipient,
            at=now,
            subject=it.heard.reason[:300],
            owner=_owner(settings, contacts.get(it.contact_id)),
            enrollment_id=it.heard.key[0] if it.heard.key else 0,
            step_no=it.heard.key[1] if it.heard.key else 0,
            held_until=after_days(now, settings.replies.hold_days, hours, zone, country),
        )
        for it in came
    ]
    replies.keep(tx, kept)
    # Nobody gets what they wrote themselves: a machine that answers it each time would be answered for ever.
    notices.plan(tx, [_notice(it, now) for it, own in zip(kept, came, strict=True) if _is_for(it.owner, own)])
    events = [_event(it, contacts[it.contact_id], source, now) for it in came if it.contact_id in contacts]
    happenings.record(tx, ids, source, events, now)


def _owner(settings: Settings, contact: Contact | None) -> str:
    """Whom a reply is passed on to: the contact's owner, else where answers go; nobody where it lies there already."""
    own = str(contact.attributes.get(OWNER, "")) if contact else ""
    if "@" in parseaddr(own)[1]:
        return own
    common = settings.sender.reply_to or settings.sender.from_
    return "" if settings.reads_mailbox_of(parseaddr(common)[1]) else common


def _is_for(owner: str, came: Came) -> bool:
    return bool(owner) and parseaddr(owner)[1].lower() != came.heard.recipient


def _notice(it: Reply, now: Moment) -> notices.Planned:
    return notices.Planned(
        key=MessageKey(it.id, FORWARD),
        contact_id=it.contact_id,
        campaign_id=0,
        target=it.owner,
        note="",
        planned_at=now,
        due_at=now,
    )


def _event(it: Came, contact: Contact, source: str, now: Moment) -> EventGiven:
    properties: Mapping[str, str] = {"subject": it.heard.reason[:300]}
    return EventGiven(
        key=f"reply {it.heard.id or it.id}", email=contact.email, name=EVENT, at=now, properties=properties
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A reply that nobody has answered."""

    reply: Reply
    promised_at: Moment
    """By when an answer was due."""

    def is_late(self, now: Moment) -> bool:
        """Whether the promise is broken."""
        return now >= self.promised_at


def open_ones(store: Store, settings: Settings, now: Moment) -> list[Waiting]:
    """Every reply that nobody has answered, oldest first. Raises StoreError, SettingsError."""
    with store.read() as tx:
        found = replies.unanswered(tx, now + 1)
    return [Waiting(reply=it, promised_at=_promised(settings, it.at)) for it in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """How many mails wait for an answer."""

    open: int
    late: int
    """Those of them whose answer is due already."""


def count_open(tx: Tx, settings: Settings, now: Moment) -> Unanswered:
    """Counted without reading what they say. Raises SettingsError."""
    times = replies.open_since(tx)
    # Who wrote later is promised an answer later: one look at a few of them finds where the late ones end.
    late = bisect_right(times, now, key=lambda at: _promised(settings, at))
    return Unanswered(open=len(times), late=late)


def answered(store: Store, ids: Sequence[int], by: str, now: Moment) -> set[int]:
    """Somebody answered these; returns those of them that were open. Raises StoreError."""
    with store.write() as tx:
        return replies.answer(tx, ids, by, now)
