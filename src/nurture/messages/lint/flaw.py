"""One thing that is wrong with a message that can be sent all the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Where it is written is for whoever has the files to find, by `pattern`."""

    code: str
    message: str
    hint: str
    pattern: str = ""
    """A regular expression for the place; empty: the message as a whole."""
