"""Messages rendered for contacts there are, so that one that fails for some is found beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

from nurture.audience.contact import Contact
from nurture.campaigns.book import Book
from nurture.clock import DAY, Moment
from nurture.messages.bounds import SECONDS
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.runner.trial_facts import Template, each_way, load
from nurture.runner.trial_run import Failure, try_each
from nurture.runner.varied import varied
from nurture.settings import Settings
from nurture.store import people, variety
from nurture.store.engine import Store

MOST_CONTACTS = 50
MOST_RENDERS = 2_000
"""In all: with many templates, each is tried with fewer contacts."""
FEWEST_CONTACTS = 5
_EACH = 200
AT_ONCE = 500
"""Contacts whose facts are in memory at a time where all are tried."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many contacts are done, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How it went."""

    failures: tuple[Failure, ...]
    passed: Mapping[Template, str]
    """What each message without a fault was tried with: the same words mean that there is no need to try again."""


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
    ways = each_way(store, book, templates)
    with store.read() as tx:
        contacts = varied(people.by_ids(tx, variety.contact_ids(tx, _EACH)).values(), MOST_CONTACTS)
        known = load(tx, settings, book, library, templates, ways.values(), contacts, now)
    most = max(FEWEST_CONTACTS, MOST_RENDERS // max(1, len(templates)))
    whom = {it: _whom(library, known.contacts, it)[:most] for it in templates}
    stamps = {it: _stamp(now, (known.told(person, ways[it]) for person in whom[it])) for it in templates}
    wanted = {it: whom[it] for it in templates if passed.get(it) != stamps[it]}
    failed = try_each(settings, templates, wanted, known, ways, now, seconds)
    good = {it: stamp for it, stamp in stamps.items() if not failed.get(it)}
    return Trials(failures=tuple(chain.from_iterable(failed.values())), passed=good)


def try_on_everybody(
    store: Store,
    settings: Settings,
    book: Book,
    library: Library,
    templates: Mapping[Template, Compiled],
    now: Moment,
    progress: Progress,
    *,
    seconds: float = SECONDS,
) -> tuple[Failure, ...]:
    """Render every message for every contact who would get it in its language.

    Costs one rendering for each contact and message; memory is that of `AT_ONCE` contacts. A message that was stopped
    is not tried any further.
    """
    ways = each_way(store, book, templates)
    found: dict[tuple[Template, str], Failure] = {}
    stopped: set[Template] = set()
    with store.read() as tx:
        total = people.count(tx)
    done = after = 0
    while True:
        progress(done, total)
        with store.read() as tx:
            contacts = people.after(tx, after, AT_ONCE)
            if not contacts:
                break
            known = load(tx, settings, book, library, templates, ways.values(), contacts, now)
        whom = {it: _whom(library, known.contacts, it) for it in templates if it not in stopped}
        failed = try_each(settings, templates, whom, known, ways, now, seconds)
        for failure in chain.from_iterable(failed.values()):
            key = (failure.template, failure.said)
            found[key] = _joined(found[key], failure) if key in found else failure
            if failure.stopped:
                stopped.add(failure.template)
        done, after = done + len(contacts), contacts[-1].id
    return tuple(found.values())


def _joined(first: Failure, next_: Failure) -> Failure:
    others = first.others + 1 + next_.others
    return replace(first, others=others, size=max(first.size, next_.size))


def _whom(library: Library, contacts: Sequence[Contact], template: Template) -> list[Contact]:
    """Those who would get the message in this language."""
    name, locale = template
    return [it for it in contacts if library.pick(name, it.locale) == locale]


def _stamp(now: Moment, told: Iterable[str]) -> str:
    digest = hashlib.sha256(str(now // DAY).encode())
    for text in told:
        digest.update(b"\0" + text.encode("utf-8", "replace"))
    return digest.hexdigest()
