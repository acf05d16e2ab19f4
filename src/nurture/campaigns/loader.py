"""From the text of one file to its tree, or to what keeps it from being YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from nurture.campaigns.load_errors import LoadError, in_words, mark_of
from nurture.campaigns.tree import Entry, Keyed, Listing, Mark, Scalar, Tree
from nurture.journeys.spelling import normal

MAX_CHARACTERS = 400_000
MAX_EVENTS = 100_000
MAX_DEPTH = 40

_STEPS = ("sequence", "then", "else")
"""Keys that hold a list of steps."""


def load(text: str) -> Tree | None:
    """The tree of `text`, which starts with no byte order mark; None where there is nothing in it.

    Raises LoadError.
    """
    if len(text) > MAX_CHARACTERS:
        raise LoadError(
            "too-large", "this file is too large", f"up to {MAX_CHARACTERS:,} characters are read"
        )
    try:
        return _Builder().build(yaml.parse(text, yaml.CSafeLoader))
    except yaml.reader.ReaderError as error:
        raise _unreadable(text, int(error.position)) from None
    except UnicodeEncodeError as error:
        raise _unreadable(text, error.start) from None
    except yaml.MarkedYAMLError as error:
        raise in_words(error, text) from None
    except yaml.YAMLError as error:
        raise LoadError("yaml", f"this is not YAML: {error}") from None


@dataclass(slots=True)
class _Open:
    """A list or a group of keys that has begun and not ended."""

    start: Mark
    keyed: bool
    braced: bool
    items: list[Tree] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    key: Scalar | None = None


class _Builder:
    """Builds the tree from the parser's events, and stops at what is not part of the language."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._root: Tree | None = None
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Tree | None:
        for number, event in enumerate(events):
            if number > MAX_EVENTS:
                raise LoadError("too-large", "this file is too large", mark=mark_of(event.start_mark))
            self._take(event)
        return self._root

    def _take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _at(
                        event,
                        "several-documents",
                        "a second document begins here",
                        "one file is one campaign",
                    )
            case yaml.AliasEvent():
                raise _at(
                    event, "anchor", "aliases are not part of the language", "write it out; quote a leading *"
                )
            case yaml.ScalarEvent():
                _refuse_extras(event)
                self._add(_scalar(event, bool(self._open) and self._open[-1].braced))
            case yaml.CollectionStartEvent():
                _refuse_extras(event)
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._add(_closed(self._open.pop(), mark_of(event.end_mark)))

    def _begin(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _at(event, "too-large", "this is nested too deep", f"up to {MAX_DEPTH} levels are read")
        if self._open and self._open[-1].keyed and self._open[-1].key is None:
            raise _at(
                event, "yaml", "a key must be a word", 'a value that starts with { or [ wants quotes: "{…}"'
            )
        braced = bool(event.flow_style) or (bool(self._open) and self._open[-1].braced)
        keyed = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(start=mark_of(event.start_mark), keyed=keyed, braced=braced))

    def _add(self, tree: Tree) -> None:
        if not self._open:
            self._root = tree
            return
        parent = self._open[-1]
        if not parent.keyed:
            parent.items.append(tree)
        elif parent.key is not None:
            parent.entries.append(Entry(key=parent.key, value=tree))
            parent.key = None
        elif isinstance(tree, Scalar):
            parent.key = _new_key(parent, tree, self._open[-2].key if len(self._open) > 1 else None)


def _new_key(parent: _Open, key: Scalar, owner: Scalar | None) -> Scalar:
    """A key that `parent` has not had yet; `owner` is the key that all of them stand under."""
    name = normal(key.value)
    if name in parent.keys:
        length = key.end.column - key.start.column
        if owner is not None and normal(owner.value) in _STEPS:
            message = f"`{owner.value}:` wants a list of steps, each with a - before it"
            hint = f"write `- {key.value}: …`"
            raise LoadError("wrong-type", message, hint, key.start, length)
        raise LoadError(
            "duplicate-key", f"`{key.value}:` is given twice", "keep one of them", key.start, length
        )
    parent.keys.add(name)
    return key


def _closed(it: _Open, end: Mark) -> Tree:
    if it.keyed:
        return Keyed(start=it.start, end=end, entries=tuple(it.entries))
    return Listing(start=it.start, end=end, items=tuple(it.items))


def _scalar(event: Any, braced: bool) -> Scalar:
    start, end = mark_of(event.start_mark), mark_of(event.end_mark)
    return Scalar(start=start, end=end, value=event.value, style=event.style or "", braced=braced)


def _refuse_extras(event: Any) -> None:
    if event.anchor is not None:
        raise _at(event, "anchor", "anchors are not part of the language", "write it out; quote a leading &")
    if event.tag is not None:
        raise _at(event, "tag", "tags are not part of the language", "take it out; quote a leading !")


def _at(event: Any, code: str, message: str, hint: str = "") -> LoadError:
    return LoadError(code, message, hint, mark_of(event.start_mark))


def _unreadable(text: str, position: int) -> LoadError:
    before = text[:position]
    line = before.count("\n")
    column = position - (before.rfind("\n") + 1)
    character = f"U+{ord(text[position]):04X}" if position < len(text) else "a broken one"
    hint = "take it out; is this a text file in UTF-8?"
    return LoadError(
        "not-text", f"the character {character} is not allowed", hint, Mark(line, column, position)
    )
