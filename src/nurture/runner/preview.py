"""A template as one person would get it, from the files as they are now. Nothing is sent, issued or counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nurture.audience.contact import Contact
from nurture.audience.expressions.needs import Needs
from nurture.audience.facts import EntryFacts, Facts, OfferFacts
from nurture.campaigns.book import Book
from nurture.clock import Moment
from nurture.errors import UsageError
from nurture.journeys.spelling import nearest
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.needs import facts_needed
from nurture.messages.recommend_call import RECOMMEND_UP
from nurture.messages.render import Rendered, Renderer
from nurture.messages.tokens import TOKEN_LENGTH
from nurture.messages.values import Product
from nurture.runner.facts import gather
from nurture.runner.forked import one
from nurture.runner.made_up import CODE, GOODS, MADE_UP, NOBODY, MadeUp, made_up
from nurture.runner.prepare import template_values
from nurture.runner.ways import Way, way_of
from nurture.runner.world import World, letters_of
from nurture.settings import Settings
from nurture.store import codes, people, recommended
from nurture.store.engine import Store, Tx
from nurture.store.recommended import Recommended
from nurture.store.stages import line_names

TOKEN = "TOKEN"
"""Stands in the addresses of a message's own pages, which only one that is sent has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message as one person would get it."""

    rendered: Rendered
    size: int
    """Bytes of HTML with the links as a message has them that is sent: longer than those that lead straight."""
    campaign: str
    """The name of the first campaign that sends it; empty: none does."""
    contact: Contact
    stage: str
    """Where the person stands."""
    sender: str
    """As it stands in From."""
    reply_to: str
    offer: str
    """What the offer says that the message shows; empty: it shows none."""
    compiled: Compiled


def who(store: Store, whom: str) -> Contact | MadeUp:
    """The contact with that address, or the made-up person of that name; the first of them for "".

    Raises UsageError.
    """
    found = made_up(whom) if whom else MADE_UP[0]
    if found is not None:
        return found
    with store.read() as tx:
        contact = people.by_email(tx, whom)
    if contact is None:
        keys = [it.key for it in MADE_UP]
        every = f"Leave --for out to see it for somebody made up, or name one of these: {', '.join(keys)}"
        raise UsageError(
            f"no contact has the address {whom}",
            where="--for",
            remedy=f'Did you mean "{meant}"?' if (meant := nearest(whom, keys)) else every,
        )
    return contact


def see(
    store: Store,
    settings: Settings,
    book: Book,
    library: Library,
    compiled: Compiled,
    whom: Contact | MadeUp,
    now: Moment,
    *,
    pages: OwnPages | None = None,
) -> Seen:
    """The message for this person; `pages`: where those are that it leads to itself, and then a word stands for a code
    that they hold, too.

    Rendered in a process of its own, see `forked`. Raises TemplateError where it cannot be.
    """
    with store.read() as tx:
        way = way_of(book, compiled.name, line_names(tx))
        if isinstance(whom, MadeUp):
            facts, goods = _of_made_up(tx, book, compiled, way, whom, now)
        else:
            facts, goods = _of_contact(tx, settings, book, library, compiled, way, whom, now)
    if pages is not None and facts.offer is not None and facts.offer.code:
        facts = replace(facts, offer=replace(facts.offer, code=CODE))
    values = template_values(settings, facts, pages or _pages(settings), goods, now)
    rendered, size = one(lambda: _both(compiled, values, settings), name=compiled.name)
    return Seen(
        rendered=rendered,
        size=size,
        campaign=way.campaign.name if way.campaign else "",
        contact=facts.contact,
        stage=facts.stage.name,
        sender=way.terms.sender or settings.sender.from_,
        reply_to=way.terms.reply_to or settings.sender.reply_to,
        offer=facts.offer.says if facts.offer and facts_needed(compiled).offer else "",
        compiled=compiled,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPages:
    """The pages that a message leads to itself, as far as there are any for one that nobody was sent."""

    unsubscribe: str
    preferences: str
    confirm: str
    view: str
    answers: str
    """What question and answer are put behind."""

    def answer(self, question: str, answer: str, /) -> str:
        """Where a question of the message is answered."""
        return f"{self.answers}/{question}/{answer}"


def _pages(settings: Settings) -> OwnPages:
    """Where they would be, with a word in the place of the token."""
    base = settings.web.public_url
    return OwnPages(
        unsubscribe=f"{base}/u/{TOKEN}",
        preferences=f"{base}/p/{TOKEN}",
        confirm=f"{base}/k/{TOKEN}",
        view=f"{base}/v/{TOKEN}",
        answers=f"{base}/q/{TOKEN}",
    )


class _Tracked:
    """Addresses as long as those of a message that is sent."""

    def __init__(self, base: str) -> None:
        token = "T" * TOKEN_LENGTH
        self.open = f"{base}/o/{token}.gif"
        self.hidden = f"{base}/h/{token}"
        self._click = f"{base}/c/{token}"

    def click(self, link_no: int) -> str:
        """Where any link goes."""
        return self._click


def _both(compiled: Compiled, values: Mapping[str, Any], settings: Settings) -> tuple[Rendered, int]:
    """The message without a pixel, and how large it is with everything that is counted."""
    renderer = Renderer(keep=1)
    sent = renderer.render(compiled, values, _Tracked(settings.web.public_url))
    return renderer.render(compiled, values), len(sent.html.encode("utf-8", "replace"))


def _of_made_up(
    tx: Tx, book: Book, compiled: Compiled, way: Way, whom: MadeUp, now: Moment
) -> tuple[Facts, Sequence[Product]]:
    name = way.line_name
    if way.campaign is not None and way.campaign.lines is not None and not name:
        # In a shop that has none of its lines yet.
        name = GOODS[0].line if way.campaign.lines == "each" else way.campaign.lines[0]
    facts = whom.facts(
        book.lifecycle,
        now,
        line=name,
        campaign=way.campaign.key if way.campaign else "",
        event=way.event,
        offer=book.offers.get(way.offer),
    )
    # Who owns nothing is shown what sells best; of a kind that there is nothing of, something made up.
    goods = _goods(tx, compiled, NOBODY, way.line, now)
    kinds = {it.kind for it in goods}
    return facts, [*goods, *(it for it in GOODS if it.kind not in kinds)]


def _goods(tx: Tx, compiled: Compiled, contact_id: int, line: int, now: Moment) -> tuple[Recommended, ...]:
    if "recommend" not in compiled.needs:
        return ()
    wish = (contact_id, line)
    return recommended.recommend(tx, [wish], now, up=[wish] if RECOMMEND_UP in compiled.needs else ())[wish]


def _of_contact(
    tx: Tx,
    settings: Settings,
    book: Book,
    library: Library,
    compiled: Compiled,
    way: Way,
    whom: Contact,
    now: Moment,
) -> tuple[Facts, Sequence[Product]]:
    world = World(
        settings=settings,
        version=0,
        lifecycle=book.lifecycle,
        offers=book.offers,
        live={},
        letters=letters_of(library, [compiled]),
    )
    needs = facts_needed(compiled) | Needs(events=frozenset({way.event} if way.event else ()))
    batch = gather(tx, world, [whom.id], now, needs)
    facts = batch.on_line(batch.of(whom.id), way.line)
    holder = (way.offer, whom.id)
    holds = codes.held(tx, {holder}, book.offers, now) if way.offer else {}
    facts = replace(facts, offer=_with_code(book, holds.get(holder)), entry=_entry(way, facts, now))
    return facts, _goods(tx, compiled, whom.id, way.line, now)


def _entry(way: Way, facts: Facts, now: Moment) -> EntryFacts | None:
    """As if they had come into the campaign by what happened to them last."""
    if way.campaign is None:
        return None
    last = next((it for it in reversed(facts.events) if it.name == way.event), None)
    return EntryFacts(campaign=way.campaign.key, enrollment_id=NOBODY, entered_at=now, event=last)


def _with_code(book: Book, held: OfferFacts | None) -> OfferFacts | None:
    """A word in the place of a code that is not issued yet."""
    if held is None or held.code or book.offers[held.key].codes is None:
        return held
    return replace(held, code=book.offers[held.key].code or CODE)
