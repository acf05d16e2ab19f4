"""Messages rendered for a few of the contacts there are, so that one that fails for some is found beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import reduce
from itertools import chain
from operator import or_

from nurture.audience.contact import Contact
from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts, OfferFacts
from nurture.campaigns.book import Book
from nurture.clock import DAY, Moment
from nurture.errors import TemplateError, TemplateStoppedError
from nurture.journeys.campaign import Campaign
from nurture.journeys.steps.send import SendStep
from nurture.messages.blame import construct_at_fault, construct_at_stop
from nurture.messages.bounds import SECONDS, Overtime, took_too_long
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.lint import is_clipped
from nurture.messages.needs import facts_needed
from nurture.messages.render import Renderer
from nurture.messages.vocabulary import ADDRESSES
from nurture.runner.facts import gather
from nurture.runner.forked import Again, each
from nurture.runner.prepare import template_values
from nurture.runner.varied import varied
from nurture.runner.world import Letters, World
from nurture.settings import Settings
from nurture.store import codes, people, recommended, variety
from nurture.store.engine import Store
from nurture.store.recommended import Recommended
from nurture.store.stages import line_names

MOST_CONTACTS = 50
MOST_RENDERS = 2_000
"""In all: with many templates, each is tried with fewer contacts."""
FEWEST_CONTACTS = 5
_EACH = 200
_NO_PAGE = "https://example.com/"

Template = tuple[str, str]
Place = tuple[int, int]
"""Contact and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that cannot be rendered for some contacts, or is too long for them."""

    template: Template
    address: str
    """Of the first of them."""
    others: int
    said: str = ""
    construct: str = ""
    """What stands between the braces at fault; "" where it cannot be told."""
    size: int = 0
    """Bytes of HTML, where that is what is wrong."""
    stopped: bool = False
    """It took too long, or wanted too much: `said` tells. Then no others are tried, and there may be no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How it went."""

    failures: tuple[Failure, ...]
    passed: Mapping[Template, str]
    """What each message without a fault was tried with: the same words mean that there is no need to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a message reaches people: on which line, with which offer."""

    line: int
    offer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All that was loaded."""

    contacts: Sequence[Contact]
    facts: Mapping[Place, Facts]
    goods: Mapping[Place, Sequence[Recommended]]
    offers: Mapping[tuple[str, int], OfferFacts]
    _told: dict[Place, str] = field(default_factory=dict)

    def told(self, contact: Contact, way: _Way) -> str:
        """Everything that a message for this contact may say today."""
        place = (contact.id, way.line)
        if place not in self._told:
            self._told[place] = f"{_told(self.facts[place])} {_told(self.goods.get(place))}"
        offer = self.offers.get((way.offer, contact.id))
        if offer and offer.expires_at:
            # One that nobody has got yet would run from now on, so it moves with every look.
            offer = replace(offer, expires_at=offer.expires_at // DAY)
        return f"{self._told[place]} {_told(offer)}"


def try_out(
    store: Store,
    settings: Settings,
    book: Book,
    library: Library,
    templates: Mapping[Template, Compiled],
    passed: Mapping[Template, str],
    now: Moment,
    *,
    seconds: float = SECONDS,
) -> Trials:
    """Render every message for some contacts; not those that `passed` with the same facts on the same day.

    In a process of their own; `seconds` is how long each may take for one contact.
    """
    ways = _ways(store, book, templates)
    known = _load(store, settings, book, library, templates, ways, now)
    whom = {it: _whom(library, known.contacts, it, len(templates)) for it in templates}
    stamps = {it: _stamp(now, (known.told(person, ways[it]) for person in whom[it])) for it in templates}
    wanted = [it for it in templates if whom[it] and passed.get(it) != stamps[it]]
    renderer = Renderer(keep=1)

    def work(it: Template, again: Again) -> list[Failure]:
        return _try(renderer, settings, templates[it], it, whom[it], known, ways[it], now, again)

    failed: dict[Template, list[Failure]] = {}
    made = each(work, wanted, name=lambda it: it[0], seconds=seconds)
    for template, found in zip(wanted, made, strict=True):
        failed[template] = [_stopped(template, found)] if isinstance(found, TemplateError) else found
    good = {it: stamp for it, stamp in stamps.items() if not failed.get(it)}
    return Trials(failures=tuple(chain.from_iterable(failed.values())), passed=good)


def _ways(store: Store, book: Book, templates: Iterable[Template]) -> dict[Template, _Way]:
    with store.read() as tx:
        lines = {name: line for line, name in line_names(tx).items() if line}
    sent: dict[str, _Way] = {}
    for campaign in book.campaigns.values():
        for node in campaign.program.nodes.values():
            if isinstance(node.step, SendStep):
                way = _Way(line=_line(campaign, lines), offer=node.step.terms(campaign.terms).offer)
                for name in node.step.templates:
                    sent.setdefault(name, way)
    return {template: sent.get(template[0], _Way(line=0, offer="")) for template in templates}


def _line(campaign: Campaign, lines: Mapping[str, int]) -> int:
    if campaign.lines is None:
        return 0
    wanted = list(lines) if campaign.lines == "each" else campaign.lines
    return next((lines[name] for name in wanted if name in lines), 0)


def _load(
    store: Store,
    settings: Settings,
    book: Book,
    library: Library,
    templates: Mapping[Template, Compiled],
    ways: Mapping[Template, _Way],
    now: Moment,
) -> _Known:
    needs = reduce(or_, map(facts_needed, templates.values()), Needs())
    world = World(
        settings=settings,
        version=0,
        lifecycle=book.lifecycle,
        offers=book.offers,
        live={},
        letters=Letters(library=library),
    )
    used = set(ways.values())
    with store.read() as tx:
        contacts = varied(people.by_ids(tx, variety.contact_ids(tx, _EACH)).values(), MOST_CONTACTS)
        batch = gather(tx, world, [it.id for it in contacts], now, needs)
        contacts = [it for it in contacts if it.id in batch.contacts]
        places = [(it.id, line) for it in contacts for line in sorted({way.line for way in used})]
        wants_goods = any("recommend" in it.needs for it in templates.values())
        goods = recommended.recommend(tx, places, now) if wants_goods else {}
        holders = {(way.offer, it.id) for way in used if way.offer for it in contacts}
        offers = codes.held(tx, holders, book.offers, now) if holders else {}
    plain = {it.id: batch.of(it.id) for it in contacts}
    facts = {(id_, line): batch.on_line(plain[id_], line) for id_, line in places}
    return _Known(contacts=contacts, facts=facts, goods=goods, offers=offers)


def _whom(library: Library, contacts: Sequence[Contact], template: Template, templates: int) -> list[Contact]:
    """Those who would get the message in this language, as many as there is time for."""
    name, locale = template
    most = max(FEWEST_CONTACTS, MOST_RENDERS // templates)
    return [it for it in contacts if library.pick(name, it.locale) == locale][:most]


def _told(value: object) -> str:
    """Everything that a value holds, the same in every process: a set has no order of its own."""
    match value:
        case Mapping():
            return f"{{{','.join(sorted(f'{_told(key)}:{_told(it)}' for key, it in value.items()))}}}"
        case frozenset():
            return f"{{{','.join(sorted(map(_told, value)))}}}"
        case tuple() | list():
            return f"({','.join(map(_told, value))})"
        case _ if is_dataclass(value):
            return f"({','.join(_told(getattr(value, it.name)) for it in fields(value))})"
        case _:
            return repr(value)


def _stamp(now: Moment, told: Iterable[str]) -> str:
    digest = hashlib.sha256(str(now // DAY).encode())
    for text in told:
        digest.update(b"\0" + text.encode("utf-8", "replace"))
    return digest.hexdigest()


def _try(
    renderer: Renderer,
    settings: Settings,
    compiled: Compiled,
    template: Template,
    whom: Sequence[Contact],
    known: _Known,
    way: _Way,
    now: Moment,
    again: Again,
) -> list[Failure]:
    """What goes wrong, each thing once, with the first contact it goes wrong for."""
    found: dict[str, Failure] = {}
    for contact in whom:
        again()
        place = (contact.id, way.line)
        facts = replace(known.facts[place], offer=known.offers.get((way.offer, contact.id)))
        values = template_values(settings, facts, None, known.goods.get(place, ()), now)
        values |= dict.fromkeys(sorted(ADDRESSES), _NO_PAGE)
        said, size = "", 0
        try:
            size = is_clipped(renderer.render(compiled, values).html)
        except TemplateStoppedError as error:
            return [
                _stopped(
                    template, error, contact.email, construct_at_stop(compiled, error.__cause__ or error)
                )
            ]
        except Overtime as error:
            construct = construct_at_stop(compiled, error)
            return [_stopped(template, took_too_long(), contact.email, construct)]
        except TemplateError as error:
            said = error.message
        if said or size:
            first = found.get(said)
            construct = construct_at_fault(compiled, values) if said and first is None else ""
            found[said] = (
                replace(first, others=first.others + 1, size=max(size, first.size))
                if first
                else Failure(
                    template=template,
                    address=contact.email,
                    others=0,
                    said=said,
                    construct=construct,
                    size=size,
                )
            )
    return list(found.values())


def _stopped(template: Template, error: TemplateError, address: str = "", construct: str = "") -> Failure:
    said = error.message.removeprefix("it was stopped: ")
    return Failure(template=template, address=address, others=0, said=said, construct=construct, stopped=True)
