"""What is said about one key: the sentence an editor shows, and values to propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Fragment: TypeAlias = dict[str, Any]
"""A part of a JSON Schema."""


@dataclass(frozen=True, slots=True)
class Word:
    """One key in the marketer's words."""

    says: str
    examples: tuple[str, ...] = ()
    """Values as they stand in the file; the first is shown with the sentence."""
    wanted: Fragment | None = None
    """What the value must be, where its type alone does not tell."""


def word(says: str, *examples: str, wanted: Fragment | None = None) -> Word:
    """A Word, written short."""
    return Word(says, examples, wanted)
