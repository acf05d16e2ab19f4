"""One message rendered for one contact after another, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nurture.audience.contact import Contact
from nurture.clock import Moment
from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.blame import construct_at_fault, construct_at_stop
from nurture.messages.bounds import Overtime, took_too_long
from nurture.messages.compiled import Compiled
from nurture.messages.lint import is_clipped
from nurture.messages.render import Renderer
from nurture.messages.vocabulary import ADDRESSES
from nurture.runner.forked import Again, each
from nurture.runner.prepare import template_values
from nurture.runner.trial_facts import Known, Template
from nurture.runner.ways import Way
from nurture.settings import Settings

_NO_PAGE = "https://example.com/"


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


def try_each(
    settings: Settings,
    templates: Mapping[Template, Compiled],
    whom: Mapping[Template, Sequence[Contact]],
    known: Known,
    ways: Mapping[Template, Way],
    now: Moment,
    seconds: float,
) -> dict[Template, list[Failure]]:
    """What goes wrong with each of the messages in `whom`, for those it names. In a process of their own."""
    renderer = Renderer(keep=1)
    wanted = [it for it in whom if whom[it]]

    def work(it: Template, again: Again) -> list[Failure]:
        return _try(renderer, settings, templates[it], it, whom[it], known, ways[it], now, again)

    made = each(work, wanted, name=lambda it: it[0], seconds=seconds)
    return {
        template: [_stopped(template, found)] if isinstance(found, TemplateError) else found
        for template, found in zip(wanted, made, strict=True)
    }


def _try(
    renderer: Renderer,
    settings: Settings,
    compiled: Compiled,
    template: Template,
    whom: Sequence[Contact],
    known: Known,
    way: Way,
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
