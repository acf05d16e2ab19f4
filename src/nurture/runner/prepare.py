"""Between the claim and the handover: the gates are read again, codes issued, messages rendered.

Works on a whole claimed group: the facts of all are loaded at once, and one transaction writes what the group needs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from nurture.audience.facts import Facts, OfferFacts
from nurture.clock import HOUR, MINUTE, Clock, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError, TemplateStoppedError
from nurture.journeys.campaign import Campaign
from nurture.journeys.reasons import Reason
from nurture.journeys.terms import Terms
from nurture.messages.compiled import Compiled
from nurture.messages.composer import Composer
from nurture.messages.headers import read_mailbox
from nurture.messages.mime import MailHeaders, seal_of
from nurture.messages.recommend_call import RECOMMEND_UP
from nurture.messages.return_path import return_path, unsubscribe_address
from nurture.messages.urls import Urls
from nurture.messages.values import Pages, Product, Values
from nurture.providers.base import Letter
from nurture.providers.smtp_envelope import has_dots
from nurture.runner.gating import Asked, Gated, gated
from nurture.runner.libraries import tags_of
from nurture.runner.prepared import Dropped, Held, Prepared
from nurture.runner.seals import Seals
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store import messages, outbox, recommended
from nurture.store.candidates import Wish
from nurture.store.claims import Claimed
from nurture.store.codes import Holder
from nurture.store.engine import Store, Tx
from nurture.store.issuing import Out, issue
from nurture.store.new_codes import Chance, Maker
from nurture.store.recommended import Recommended, Shown

UNFIT = "it cannot be rendered for them"

SHUN_FOR: Span = HOUR
"""How long messages wait whose template was stopped too often, unless it is changed."""

OUT_AGAIN: Span = 15 * MINUTE
"""How long messages wait whose offer is out before it is looked at again: codes go back, and new ones are made."""

Bounded = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""Something to render within; what it gives is told the place of each message in its group."""


@contextmanager
def unbounded() -> Iterator[Callable[[int], None]]:
    """No bounds."""
    yield lambda place: None


class Preparer:
    """Gates and renders claimed messages. One at a time: the renderer is not to be shared by threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        world: Callable[[], World],
        seals: Seals,
        *,
        chance: Chance = secrets.randbits,
        bounded: Bounded = unbounded,
    ) -> None:
        """What is rendered is rendered within `bounded`, which is told before each message of the group."""
        self._store = store
        self._clock = clock
        self._world = world
        self._seals = seals
        self._maker = Maker(ids=store.ids, chance=chance)
        self._composer = Composer()
        self._bounded = bounded
        self._stopped: list[tuple[str, str]] = []
        self._shown: dict[MessageKey, list[Shown]] = {}
        """What the messages of a group recommend."""

    def prepare(self, claims: Sequence[Claimed], shunned: Collection[str] = ()) -> list[Prepared]:
        """One answer for each message: a letter, or why there is none (now).

        Those whose template is among the `shunned`, by its hash, are held.
        """
        now = self._clock.now()
        world = self._world()
        with self._store.read() as tx:
            found = gated(tx, world, claims, self._seals.address_key, now)
            going = [it for it in found.going if it.compiled.hash not in shunned]
            goods = self._goods(tx, going, now)
        held = [_held(it, now) for it in found.going if it.compiled.hash in shunned]
        holds = self._written(world, replace(found, going=tuple(going)), now)
        # Rendered when no transaction is open: on SQLite nobody else can write while one lasts.
        places = {claimed.key: place for place, claimed in enumerate(claims)}
        letters: list[Prepared] = []
        self._shown = {}
        with self._bounded() as at:
            for it in going:
                at(places[it.claimed.key])
                if isinstance(out := holds.get(_holder(it)), Out):
                    letters.append(_without_code(it, out, now))
                    continue
                letters.append(self._letter(world, it, holds, goods, now))
        if self._shown:
            with self._store.write() as tx:
                recommended.keep_shown(tx, self._shown)
        return [*found.stopped, *held, *letters]

    def stopped(self) -> list[tuple[str, str]]:
        """Hashes of templates that were stopped since the last time this was asked, with what was wrong."""
        stopped, self._stopped = self._stopped, []
        return stopped

    def recheck(self, claims: Sequence[Claimed]) -> list[Prepared]:
        """Those that must not go any more, or not yet."""
        now = self._clock.now()
        with self._store.read() as tx:
            found = gated(tx, self._world(), claims, self._seals.address_key, now)
        self._skip(found, now)
        return list(found.stopped)

    def _written(self, world: World, found: Gated, now: Moment) -> dict[Holder, OfferFacts | Out]:
        """Issue codes and skip what is outranked: most groups need none of it."""
        self._skip(found, now)
        wanted = [_holder(it) for it in found.going if it.ordered.offer]
        if not wanted:
            return {}
        with self._store.write() as tx:
            holds = issue(tx, wanted, world.offers, self._maker, now)
            others = {it.claimed.key: key for it in found.going if (key := _instead(it, holds))}
            if others:
                messages.offer_instead(tx, others)
            return holds

    def _skip(self, found: Gated, now: Moment) -> None:
        if found.outranked:
            with self._store.write() as tx:
                outbox.skip_messages(tx, found.outranked, Reason.REPLACED, now)

    def _goods(self, tx: Tx, asked: Sequence[Asked], now: Moment) -> dict[Wish, tuple[Recommended, ...]]:
        wishes = {it.wish for it in asked if "recommend" in it.compiled.needs}
        up = {it.wish for it in asked if RECOMMEND_UP in it.compiled.needs}
        return recommended.recommend(tx, sorted(wishes), now, up=sorted(up)) if wishes else {}

    def _letter(
        self,
        world: World,
        it: Asked,
        holds: Mapping[Holder, OfferFacts | Out],
        goods: Mapping[Wish, tuple[Recommended, ...]],
        now: Moment,
    ) -> Prepared:
        held = holds.get(_holder(it)) if it.ordered.offer else None
        offer = held if isinstance(held, OfferFacts) else None
        facts = it.facts if it.facts.offer is offer else replace(it.facts, offer=offer)
        try:
            content = self.compose(
                world, it.campaign, it.compiled, facts, it.claimed.key, goods.get(it.wish, ()), now, it.terms
            )
        except TemplateError as error:
            if isinstance(error, TemplateStoppedError):
                self._stopped.append((it.compiled.hash, str(error)))
            return Dropped(key=it.claimed.key, reason=f"{UNFIT}: {error}")
        return Letter(
            key=it.claimed.key,
            sender=self._envelope_sender(world.settings, it),
            recipient=facts.contact.email,
            content=content,
            lane=it.claimed.lane,
            # Looked at here, where there may be many processes, and not where there is one; `verify` saw its line ends.
            sound=not has_dots(content),
        )

    def _envelope_sender(self, settings: Settings, it: Asked) -> str:
        """Where it comes back to where it cannot be delivered."""
        if settings.bounces.domain:
            return return_path(it.claimed.key, settings.bounces.domain, self._seals.signer)
        return read_mailbox(it.terms.sender or settings.sender.from_)[1]

    def _unsubscribe_mailto(self, settings: Settings, key: MessageKey) -> str:
        """Where mail that comes in is read by us: its address that unsubscribes."""
        if not settings.mail_is_read:
            return ""
        return unsubscribe_address(key, settings.bounces.domain, self._seals.signer)

    def compose(
        self,
        world: World,
        campaign: Campaign,
        compiled: Compiled,
        facts: Facts,
        key: MessageKey,
        goods: Sequence[Recommended],
        now: Moment,
        terms: Terms | None = None,
    ) -> bytes:
        """The finished bytes of one message; `terms` else the campaign's. Raises TemplateError."""
        terms = terms or campaign.terms
        settings = world.settings
        urls = Urls(settings.web.public_url, self._seals.signer).of(key)
        topic = settings.topics.get(campaign.topic)
        marketing = not campaign.is_direct and (topic is None or not topic.always)
        sender = terms.sender or settings.sender.from_
        headers = MailHeaders(
            key=key,
            sender=sender,
            to=facts.contact.email,
            to_name=f"{facts.contact.first_name} {facts.contact.last_name}".strip(),
            reply_to=terms.reply_to or settings.sender.reply_to,
            now=now,
            seal=seal_of(key, self._seals.signer),
            unsubscribe=urls.unsubscribe if marketing else "",
            unsubscribe_mailto=self._unsubscribe_mailto(settings, key) if marketing else "",
        )
        values = asked_values(settings, facts, urls, goods, now)
        content = self._composer.finish(compiled, values, urls, headers)
        if goods:
            self._shown[key] = _shown(values, goods)
        return self._seals.dkim.sign(content, sender, now)


def _shown(values: Values, goods: Sequence[Recommended]) -> list[Shown]:
    """What the template was given of `goods`, and which of it stands in the message."""
    found = []
    for kind, given in values.recommending.given.items():
        of_kind = [it for it in goods if it.kind == kind][: given.most]
        found += [Shown(product=it, place=at, seen=at in given.seen) for at, it in enumerate(of_kind)]
    return found


def _holder(it: Asked) -> Holder:
    return (it.ordered.offer, it.claimed.contact_id)


def _instead(it: Asked, holds: Mapping[Holder, OfferFacts | Out]) -> str:
    """The key of the offer that is made in place of its own; empty: it makes its own."""
    held = holds.get(_holder(it))
    return held.key if isinstance(held, OfferFacts) and held.key != it.ordered.offer else ""


def _without_code(it: Asked, out: Out, now: Moment) -> Held | Dropped:
    """It waits for a code as long as it may; or it is not sent."""
    until = now + OUT_AGAIN
    if out.then == "hold" and until < it.claimed.stale_at:
        return Held(key=it.claimed.key, until=until, reason=f'the offer "{out.offer}" is out: {out.why}')
    saw = {"offer": out.offer, "out": out.why}
    return Dropped(key=it.claimed.key, reason=str(Reason.OFFER_OUT), saw=saw)


def _held(it: Asked, now: Moment) -> Held:
    reason = f"its template was stopped too often: {it.compiled.name}"
    return Held(key=it.claimed.key, until=now + SHUN_FOR, reason=reason)


def asked_values(
    settings: Settings, facts: Facts, urls: Pages | None, goods: Sequence[Product], now: Moment
) -> Values:
    """What a template sees, with the workspace's settings where the contact has none of their own; worked out when it
    is asked for."""
    return Values(
        facts,
        now,
        sender=settings.sender,
        urls=urls,
        recommended=goods,
        timezone=settings.timezone,
        currency=settings.currency,
        tags=tags_of(settings),
    )


def template_values(
    settings: Settings, facts: Facts, urls: Pages | None, goods: Sequence[Product], now: Moment
) -> dict[str, Any]:
    """All of it, worked out."""
    return dict(asked_values(settings, facts, urls, goods, now))
