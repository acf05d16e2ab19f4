"""A YAML file as a tree of its values, each with its place in the text.

Every scalar is the text that stands there; what it means is decided by the key it stands under. Anchors,
aliases and tags are refused, and so is what is too large or too deep, before anything is built from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nurture.journeys.shape import Braced
from nurture.journeys.spelling import normal


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text; all three count from 0, in characters."""

    line: int
    column: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value. `style` is how it is written: plain (""), quoted (' or "), literal (|) or folded (>)."""

    start: Mark
    end: Mark
    value: str
    style: str = ""
    braced: bool = False
    """It stands inside { } or [ ]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list."""

    start: Mark
    end: Mark
    items: Sequence[Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key with its value."""

    key: Scalar
    value: Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """Keys with values."""

    start: Mark
    end: Mark
    entries: Sequence[Entry]

    def entry(self, key: str) -> Entry | None:
        """The entry with this key, however it is spelled."""
        wanted = normal(key)
        return next((it for it in self.entries if normal(it.key.value) == wanted), None)


Tree: TypeAlias = Scalar | Listing | Keyed

Loc: TypeAlias = tuple[int | str, ...]
"""A way down the tree: keys and numbers."""


def plain(tree: Tree) -> Any:
    """The tree as dicts, lists and text, without places.

    Nothing, ~ and null are None; braced text is `Braced`.
    """
    match tree:
        case Scalar(value=value, style=""):
            if value in ("", "~", "null"):
                return None
            return Braced(value) if tree.braced else value
        case Scalar(value=value):
            return Braced(value) if tree.braced else value
        case Listing(items=items):
            return [plain(it) for it in items]
        case Keyed(entries=entries):
            return {it.key.value: plain(it.value) for it in entries}


def find(tree: Tree, loc: Loc) -> tuple[Tree, Entry | None]:
    """As far down `loc` as the tree goes, and the entry last gone through."""
    last: Entry | None = None
    for part in loc:
        match tree, part:
            case Keyed(), str():
                entry = tree.entry(part)
                if entry is None:
                    break
                last, tree = entry, entry.value
            case Listing(items=items), int() if 0 <= part < len(items):
                last, tree = None, items[part]
            case _:
                continue
    return tree, last


def as_mapping(tree: Tree) -> Mapping[str, Tree]:
    """The values of a tree with keys, by key as spelled; empty for anything else."""
    return {it.key.value: it.value for it in tree.entries} if isinstance(tree, Keyed) else {}
