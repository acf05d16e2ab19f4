"""What a row of text in the terminal is made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nurture.reports.drawing.picture import Tone

Ink: TypeAlias = Tone | Literal["line", "label", "aside", "people", ""]
"""What a piece of text is, for its colour."""
Row: TypeAlias = tuple[tuple[str, Ink], ...]
