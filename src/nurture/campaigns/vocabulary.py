"""What an expression in one file may name: the workspace's names, and those of the files themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from nurture.audience.expressions import Expression, parse
from nurture.audience.expressions import Known as Names
from nurture.audience.expressions.names import OWN_EVENTS
from nurture.audience.expressions.types import Type
from nurture.campaigns.known import Known
from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed, Listing, Scalar, Tree, find
from nurture.journeys.questions import Question

_TYPES: Mapping[type, Type] = {
    str: Type.TEXT,
    float: Type.NUMBER,
    int: Type.NUMBER,
    bool: Type.YES_NO,
    datetime: Type.MOMENT,
}


def names_of(known: Known) -> Names:
    """What the workspace knows, as expressions want it."""
    attributes = known.attributes
    return Names(
        attributes=None
        if attributes is None
        else {key: _TYPES.get(it, Type.UNKNOWN) for key, it in attributes.items()},
        events=None if known.events is None else known.events | OWN_EVENTS,
        lines=known.lines,
        zone=known.zone,
    )


def with_campaigns(names: Names, sources: Mapping[str, Source]) -> Names:
    """`names` with the campaigns, by key, the messages they send and the attributes they set."""
    attributes = names.attributes
    if attributes is not None:
        given = {name for source in sources.values() if source.tree for name in _attributes_set(source.tree)}
        attributes = {**dict.fromkeys(given, Type.UNKNOWN), **attributes}
    steps = {f"{key}/{step}" for key, source in sources.items() for step in message_names(source)}
    return replace(names, attributes=attributes, campaigns=frozenset(sources), steps=frozenset(steps))


def with_questions(names: Names, questions: Mapping[str, Question]) -> Names:
    """`names` with the questions, their answers, and the attributes that answers set."""
    attributes = names.attributes
    if attributes is not None:
        kinds = {it.sets: Type.NUMBER if it.sets_score else Type.TEXT for it in questions.values() if it.sets}
        attributes = {**kinds, **attributes}
    answers = {key: frozenset(it.name for it in question.answers) for key, question in questions.items()}
    return replace(names, attributes=attributes, questions=answers)


def reader(names: Names, segments: Mapping[str, Expression]) -> Callable[[str], Expression]:
    """Reads one expression; remembered, since a `wait for` and the branch behind it mostly ask the same."""
    return lru_cache(maxsize=4096)(lambda text: parse(text, segments=segments, known=names))


def message_names(source: Source) -> frozenset[str]:
    """The ids of the steps of a campaign that send, even where other things are wrong with them."""
    if source.tree is None:
        return frozenset()
    sequence, entry = find(source.tree, ("sequence",))
    return frozenset(_message_names(sequence)) if entry is not None else frozenset()


def _message_names(tree: Tree) -> Iterator[str]:
    match tree:
        case Listing(items=items):
            for item in items:
                yield from _message_names(item)
        case Keyed(entries=entries):
            named = tree.entry("id") or tree.entry("send")
            if tree.entry("send") and named and isinstance(named.value, Scalar):
                yield named.value.value
            for entry in entries:
                yield from _message_names(entry.value)
        case Scalar():
            return


def _attributes_set(tree: Tree) -> Iterator[str]:
    """The attributes that steps `set:`, wherever they stand."""
    match tree:
        case Listing(items=items):
            for item in items:
                yield from _attributes_set(item)
        case Keyed(entries=entries):
            for entry in entries:
                if entry.key.value == "set" and isinstance(entry.value, Keyed):
                    keys = (it.key.value for it in entry.value.entries)
                    yield from (key.removeprefix("contact.") for key in keys if key.startswith("contact."))
                yield from _attributes_set(entry.value)
        case Scalar():
            return
