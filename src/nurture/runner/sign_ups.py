"""Double opt-in: whoever asks for something by a form is mailed once, and agrees when they confirm it.

Nothing here tells whether an address is known: each way ends with the same answer, a mail or not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from nurture.audience.contact import Contact
from nurture.clock import DAY, MINUTE, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys.direct import DIRECT_ID
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.runner.forms import SignUpForm
from nurture.runner.world import World
from nurture.store import bulk, consents, erase, journeys, newcomers, people, sign_ups, suppressions
from nurture.store.consents import Word
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.sign_ups import TOPICS, SignUp

CONFIRM_ADDRESS = "confirm-address"
"""The template that asks whether a new address is theirs."""

BASIS = "double opt-in"
"""Of the words that are kept when somebody confirms."""

AGAIN_AFTER: Span = 10 * MINUTE
"""An address gets no second mail of ours within it, however often it is typed in."""
MAILS_A_DAY = 3
"""To one address, all forms together: nobody can fill a mailbox by our forms."""

_OWN_WISH = (suppressions.ERASED, suppressions.LEFT, "unsubscribed")
"""How the reasons of suppressions begin that people may go back on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What taking sign-ups goes by."""

    ids: Ids
    world: World
    address_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody typed in, as clean as it can be made."""

    email: str
    """In lower case."""
    first_name: str = ""
    source: str = ""
    """The address of the form."""
    ip: str = ""


def may_return(reason: str) -> bool:
    """Whether somebody whose address is suppressed for this reason may be asked: where it was their own wish, and not
    where they complained, where their mailbox is gone, or where we took them out by hand."""
    return reason.startswith(_OWN_WISH)


def ask(tx: Tx, desk: Desk, form: SignUpForm, asked: Asked, now: Moment) -> None:
    """Take a sign-up, and plan the mail that asks for its confirmation where one may go.

    Raises TemplateError where the form's template is not in force; then nothing was kept.
    """
    # Also where no mail will go: else the answer tells who is known as long as the template is missing.
    desk.world.letters.of(form.form.confirm, "")
    # Two requests for one new address: the second must see the first.
    bulk.alone(tx)
    why = suppressions.suppressed(tx, desk.address_key, [asked.email]).get(asked.email, "")
    if why and not may_return(why):
        return
    known = people.ids_by_email(tx, [asked.email]).get(asked.email)
    if known is not None and not why and _agrees(tx, known, form.form.topics):
        return
    before = sign_ups.of_contact(tx, known) if known is not None else []
    contact_id = known if known is not None else _meet(tx, desk, asked, now)
    sign_up = _sign_up(desk, form, asked, contact_id, before, now)
    sign_up = replace(
        sign_up,
        fresh=known is None or any(it.fresh for it in before),
        was_suppressed=why or next((it.was_suppressed for it in before if it.was_suppressed), ""),
    )
    if why:
        suppressions.release(tx, desk.address_key, [asked.email])
    sign_ups.keep(tx, sign_up)
    if may_be_asked(tx, desk, contact_id, now):
        _mail(tx, desk, sign_up, form.form.confirm, form, now)


def waiting(tx: Tx, key: MessageKey) -> tuple[SignUp, ...]:
    """What the mail with this key asks to confirm, and what else was asked for from its mailbox; none: it is confirmed,
    or ran out."""
    entry = journeys.by_ids(tx, {key.enrollment_id}).get(key.enrollment_id)
    if entry is None or entry.campaign_id != DIRECT_ID:
        return ()
    kind, _, rest = entry.entry_key.partition(" ")
    mine = sign_ups.of_contact(tx, entry.contact_id)
    if kind in (sign_ups.ADDRESS, sign_ups.MOVED):
        return tuple(it for it in mine if it.kind == kind and str(it.id) == rest.partition(" ")[0])
    return tuple(it for it in mine if it.kind == TOPICS) if kind == TOPICS else ()


def confirm(
    tx: Tx, desk: Desk, asked: Sequence[SignUp], now: Moment, *, source: str = "", ip: str = ""
) -> frozenset[str]:
    """Keep the yes of one contact to what they signed up for; returns the topics they agree to by it."""
    topics = desk.world.settings.marketing_topics
    words = [
        Word(
            contact_id=it.contact_id,
            topic=topic,
            agreed=True,
            at=now,
            basis=BASIS,
            wording=it.wording,
            source=it.source or source,
            ip=ip or it.ip,
        )
        for it in asked
        for topic in it.topics
        if topic in topics
    ]
    for contact in {it.contact_id for it in asked if it.fresh}:
        if contact in sign_ups.alone(tx, [contact]):
            newcomers.arrive(tx, contact, now)
    consents.record(tx, desk.ids, words)
    sign_ups.remove(tx, [it.id for it in asked])
    _settle_others(tx, asked)
    return frozenset(it.topic for it in words)


def _settle_others(tx: Tx, asked: Sequence[SignUp]) -> None:
    """Their mailbox has answered: what else they asked for is not held against them any more."""
    for contact in {it.contact_id for it in asked}:
        for it in sign_ups.of_contact(tx, contact):
            if it.fresh or it.was_suppressed:
                sign_ups.keep(tx, replace(it, fresh=False, was_suppressed=""))


def remind(tx: Tx, desk: Desk, it: SignUp, form: SignUpForm | None, now: Moment) -> None:
    """Ask once more, where the form wants it; then it runs out."""
    template = form.form.remind if form is not None else ""
    # Who had themselves erased is asked once, and not again.
    if form is not None and template in desk.world.letters.library.names() and not it.was_suppressed:
        _mail(tx, desk, it, template, form, now)
    sign_ups.keep(tx, replace(it, reminded_at=now, due_at=it.expires_at))


def expire(tx: Tx, desk: Desk, asked: Collection[SignUp], now: Moment) -> None:
    """Forget sign-ups that were not confirmed, and the contacts who were here for them alone."""
    for it in asked:
        if it.kind == sign_ups.MOVED:
            _leave(tx, desk, it, now)
        if it.was_suppressed:
            addresses = [one.email for one in people.by_ids(tx, [it.contact_id]).values()]
            suppressions.suppress(tx, desk.address_key, addresses, reason=it.was_suppressed, at=now)
    gone = {it.id for it in asked}
    contacts = {it.contact_id for it in asked if it.fresh}
    others = {one for one in contacts for it in sign_ups.of_contact(tx, one) if it.id not in gone}
    alone = sign_ups.alone(tx, contacts - others)
    sign_ups.remove(tx, gone)
    erase.forget(tx, sorted(alone))


def _leave(tx: Tx, desk: Desk, it: SignUp, now: Moment) -> None:
    """Whoever agrees to nothing and moved away must not come back by a file that knows the old address."""
    mover, old = it.moves_id, people.by_ids(tx, [it.contact_id]).get(it.contact_id)
    if old is not None and not any(consents.topics_of(tx, mover).values()):
        suppressions.suppress(tx, desk.address_key, [old.email], reason=suppressions.LEFT, at=now)


def may_be_asked(tx: Tx, desk: Desk, contact_id: int, now: Moment) -> bool:
    """Whether one more mail that asks for a confirmation may go to this contact now."""
    forms = desk.world.settings.forms.values()
    templates = sorted({it for form in forms for it in (form.confirm, form.remind) if it} | {CONFIRM_ADDRESS})
    asked = sign_ups.asked_since(tx, contact_id, templates, now - DAY)
    return not any(at > now - AGAIN_AFTER for at in asked) and len(asked) < MAILS_A_DAY


def _agrees(tx: Tx, contact_id: int, topics: Collection[str]) -> bool:
    said = consents.topics_of(tx, contact_id)
    return all(said.get(topic) for topic in topics)


def _meet(tx: Tx, desk: Desk, asked: Asked, now: Moment) -> int:
    contact_id = desk.ids.take(1, now)[0]
    newcomers.meet(tx, Contact(id=contact_id, email=asked.email, first_name=asked.first_name, created_at=now))
    return contact_id


def _sign_up(
    desk: Desk, form: SignUpForm, asked: Asked, contact_id: int, before: Sequence[SignUp], now: Moment
) -> SignUp:
    """The one for this form, in place of that before."""
    same = _same_form(before, form)
    reminded = same.reminded_at if same else 0
    expires = now + form.expires_after
    return SignUp(
        id=same.id if same else desk.ids.take(1, now)[0],
        contact_id=contact_id,
        form=form.name,
        topics=form.form.topics,
        wording=form.form.says,
        source=asked.source,
        ip=asked.ip,
        asked_at=now,
        reminded_at=reminded,
        due_at=expires if reminded or not form.form.remind else min(now + form.remind_after, expires),
        expires_at=expires,
    )


def _same_form(before: Sequence[SignUp], form: SignUpForm) -> SignUp | None:
    return next((it for it in before if it.kind == TOPICS and it.form == form.name), None)


def _mail(tx: Tx, desk: Desk, it: SignUp, template: str, form: SignUpForm, now: Moment) -> None:
    days = max(1, round((it.expires_at - now) / DAY))
    given = DirectGiven(
        contact_id=it.contact_id,
        template=template,
        key=f"{TOPICS} {it.id} {now}",
        properties={"says": it.wording, "form": form.form.title, "days": days},
        stale_after=form.expires_after,
    )
    plan_direct(tx, desk.ids, desk.world, [given], now)
