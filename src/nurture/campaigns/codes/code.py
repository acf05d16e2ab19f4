"""What is kept of a code: its sentence, why it matters, and an example of wrong and of right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of findings, explained.

    An example is the part of a file that matters: steps, which start with `- `, keys of a campaign, or whole
    files, each below a comment with its path.
    """

    says: str
    """What it means, in one sentence."""
    why: str
    """Why it matters, in a few more."""
    wrong: str
    right: str
