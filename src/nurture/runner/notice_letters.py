"""Notices made ready to leave: whom each is about, as known now, written as a mail or as a webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TypeAlias

from nurture.audience.expressions import Needs
from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError
from nurture.messages import notice_body, notice_mail, reply_mail
from nurture.messages.headers import address
from nurture.messages.mime import MailHeaders, attach, compose, verify
from nurture.messages.notice import About, Deed
from nurture.messages.reply_mail import Said
from nurture.messages.return_path import reply_address
from nurture.messages.tokens import Signer
from nurture.messages.webhook import is_url, signed
from nurture.providers.base import Call, Letter
from nurture.runner.facts import Batch, gather
from nurture.runner.replies import FORWARD, promise
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store import arrivals, journeys, replies, suppressions
from nurture.store.engine import Tx
from nurture.store.journeys import Enrollment
from nurture.store.lately import lately
from nurture.store.notices import Ended, Notice, Outcome
from nurture.store.replies import Reply

Ready: TypeAlias = Letter | Call | Ended

NOBODY = "there is nobody to tell: for this contact the step names no address and no https:// URL"
NO_ADDRESS = "this is neither an address nor an https:// URL"
THEMSELVES = "the address is the contact's own: a notice is for others"
ERASED = "the contact is not there any more"
SUPPRESSED = "the address is never mailed"

_REPLY_FILE = "reply.eml"

_NEEDS = Needs(stage=True, orders=True, line=True, line_orders=True, engagement=True, entry=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What notices are signed and looked up with."""

    webhook_secrets: tuple[str, ...]
    address_key: bytes
    signer: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was loaded for a group of notices."""

    batch: Batch
    deeds: Mapping[int, tuple[Deed, ...]]
    enrollments: Mapping[int, Enrollment]
    suppressed: Mapping[str, str]
    """Address, as the notice has it, to why it is never mailed."""
    replies: Mapping[int, Reply]
    """Those that are passed on."""
    contents: Mapping[int, bytes]
    """The mails themselves, as far as they are kept."""


def make_ready(tx: Tx, world: World, given: Sequence[Notice], keys: Keys, now: Moment) -> list[Ready]:
    """What is to leave for each notice, or why nothing is to; in the same order."""
    known = _load(tx, world, given, keys, now)
    return [_make(world.settings, it, known, keys, now) for it in given]


def _load(tx: Tx, world: World, given: Sequence[Notice], keys: Keys, now: Moment) -> _Known:
    contacts = {it.contact_id for it in given}
    enrollments = journeys.by_ids(tx, {it.key.enrollment_id for it in given})
    lines = {it.line_id for it in enrollments.values()}
    addresses = {it.target.strip() for it in given if not is_url(it.target)}
    passed_on = [it.key.enrollment_id for it in given if it.key.step_no == FORWARD]
    return _Known(
        batch=gather(tx, world, contacts, now, _NEEDS, lines=lines),
        deeds=lately(tx, contacts, now),
        enrollments=enrollments,
        suppressed=suppressions.suppressed(tx, keys.address_key, addresses),
        replies=replies.by_ids(tx, passed_on),
        contents=arrivals.contents(tx, passed_on),
    )


def _make(settings: Settings, it: Notice, known: _Known, keys: Keys, now: Moment) -> Ready:
    target = it.target.strip()
    if it.key.step_no == FORWARD:
        return _passed_on(settings, it, known, keys, now)
    if it.contact_id not in known.batch.contacts:
        return ended(it, "skipped", now, ERASED)
    if not target:
        return ended(it, "refused", now, NOBODY)
    try:
        about = _about(settings, it, known)
        if is_url(target):
            return _call(it, target, about, keys, now)
        if "@" not in target:
            return ended(it, "refused", now, NO_ADDRESS)
        if target.lower() == about.facts.contact.email.lower():
            return ended(it, "refused", now, THEMSELVES)
        if target in known.suppressed:
            return ended(it, "skipped", now, f"{SUPPRESSED}: {known.suppressed[target]}")
        return _letter(settings, it, target, about, now)
    except (TemplateError, ValueError, OverflowError) as error:
        # Data that cannot be written must not keep the other notices back.
        return ended(it, "refused", now, f"it cannot be written: {error}")


def _about(settings: Settings, it: Notice, known: _Known) -> About:
    facts = known.batch.of(it.contact_id)
    enrollment = known.enrollments.get(it.key.enrollment_id)
    if enrollment is not None:
        facts = known.batch.in_entry(facts, enrollment, it.campaign, "")
    return About(
        facts=facts,
        campaign=it.campaign,
        campaign_name=it.campaign_name,
        step=it.step,
        note=it.note,
        at=it.planned_at,
        deeds=known.deeds.get(it.contact_id, ()),
        zone=settings.zone,
        currency=settings.currency,
    )


def _call(it: Notice, url: str, about: About, keys: Keys, now: Moment) -> Call:
    body = notice_body.body(about)
    return Call(
        key=it.key,
        url=url,
        headers=signed(keys.webhook_secrets, webhook_id(it.key), now, body),
        content=body,
    )


def webhook_id(key: MessageKey) -> str:
    """What a receiver knows repeats by: the same for every try."""
    return f"notice_{key.enrollment_id}_{key.step_no}"


def _letter(settings: Settings, it: Notice, target: str, about: About, now: Moment) -> Letter:
    sender = settings.sender
    headers = MailHeaders(key=it.key, sender=sender.from_, to=target, reply_to=sender.reply_to, now=now)
    content = compose(notice_mail.mail(about), headers)
    verify(content, headers.names)
    return Letter(key=it.key, sender=parseaddr(sender.from_)[1], recipient=address(target), content=content)


def _passed_on(settings: Settings, it: Notice, known: _Known, keys: Keys, now: Moment) -> Ready:
    """What a person wrote, to whoever answers them."""
    reply = known.replies.get(it.key.enrollment_id)
    if reply is None or (it.contact_id and it.contact_id not in known.batch.contacts):
        return ended(it, "skipped", now, ERASED)
    if it.target in known.suppressed:
        return ended(it, "skipped", now, f"{SUPPRESSED}: {known.suppressed[it.target]}")
    said = Said(id=reply.id, email=reply.email, subject=reply.subject, text=reply.said, at=reply.at)
    about = _about(settings, it, known) if it.contact_id else None
    domain = settings.bounces.domain if settings.mail_is_read else ""
    try:
        target = parseaddr(it.target)[1]
        headers = MailHeaders(
            key=it.key,
            sender=settings.sender.from_,
            to=target,
            reply_to=reply.email,
            copy_to=reply_address(reply.id, domain, keys.signer) if domain else "",
            now=now,
        )
        content = compose(reply_mail.mail(said, about, promise(settings, reply.at)), headers)
        if kept := known.contents.get(reply.id):
            content = attach(content, _REPLY_FILE, kept)
        verify(content, headers.names)
    except (TemplateError, ValueError, OverflowError) as error:
        return ended(it, "refused", now, f"it cannot be written: {error}")
    return Letter(
        key=it.key, sender=parseaddr(settings.sender.from_)[1], recipient=address(target), content=content
    )


def ended(it: Notice, outcome: Outcome, at: Moment, reply: str) -> Ended:
    """This is the end of `it`."""
    return Ended(key=it.key, attempt=it.attempt, outcome=outcome, at=at, reply=reply)
