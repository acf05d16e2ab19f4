"""Words that somebody meant to be read and YAML takes for a comment."""

from __future__ import annotations

import re

from nurture.campaigns.source import Source
from nurture.campaigns.tree import Keyed, Listing, Loc, Scalar, Tree
from nurture.campaigns.wording import Complaint
from nurture.journeys.spelling import normal, quoted

_WRITTEN_FOR_PEOPLE = frozenset({"name", "subject", "preview", "note", "says", "end"})
_CUT_OFF = re.compile(r"[ \t]+(#[^\s#].*)")


def check_comments(source: Source) -> None:
    """Warn where a text without quotes ends at a `#` that a word or number follows at once.

    A comment that is meant as one has a space behind its #.
    """
    if source.tree is not None and "#" in source.text:
        _look(source, source.tree, ())


def _look(source: Source, tree: Tree, loc: Loc) -> None:
    match tree:
        case Listing(items=items):
            for number, item in enumerate(items):
                _look(source, item, (*loc, number))
        case Keyed(entries=entries):
            for entry in entries:
                key = entry.key.value
                if isinstance(entry.value, Scalar):
                    if normal(key) in _WRITTEN_FOR_PEOPLE:
                        _check(source, entry.value, (*loc, key))
                else:
                    _look(source, entry.value, (*loc, key))


def _check(source: Source, value: Scalar, loc: Loc) -> None:
    found = _CUT_OFF.match(source.text, value.end.index)
    if found and not value.style and value.value:
        message = f"the # begins a comment, so only {quoted(value.value)} is left of this"
        complaint = Complaint("cut-off", message, "put it into quotes")
        source.complain(complaint, loc, "warning")
