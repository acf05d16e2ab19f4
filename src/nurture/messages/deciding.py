"""Conditions that come to the same for everybody: only the branches that somebody can get to are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nurture.messages.segments import Segment


@dataclass(frozen=True, slots=True)
class Told(Segment):
    """A condition that something was put into, and what it comes to."""

    holds: bool = False


def decided(segments: Sequence[Segment]) -> list[Segment]:
    """The branches that somebody can get to. Bodies that are left out may hold statements of their own."""
    out: list[Segment] = []
    at = 0
    while at < len(segments):
        if segments[at].word != "if":
            out.append(segments[at])
            at += 1
            continue
        marks = _marks_of(segments, at)
        if any(isinstance(segments[no], Told) for no in marks):
            out += _kept(segments, marks)
            at = marks[-1] + 1
        else:
            out.append(segments[at])
            at += 1
    return out


def _kept(segments: Sequence[Segment], marks: Sequence[int]) -> list[Segment]:
    branches: list[tuple[Segment | None, list[Segment]]] = []
    for no, end in pairwise(marks):
        mark, body = segments[no], segments[no + 1 : end]
        if isinstance(mark, Told):
            if mark.holds:
                branches.append((None, decided(body)))
                break
        elif mark.word == "else":
            branches.append((None, decided(body)))
        else:
            branches.append((mark, decided(body)))
    out: list[Segment] = []
    for no, (condition, body) in enumerate(branches):
        if condition is None:
            out += [Segment("stmt", "{% else %}")] if no else []
        else:
            out.append(Segment("stmt", f"{{% {'elif' if no else 'if'} {condition.rest} %}}"))
        out += body
    asks = bool(branches) and branches[0][0] is not None
    return [*out, Segment("stmt", "{% endif %}")] if asks else out


def _marks_of(segments: Sequence[Segment], at: int) -> list[int]:
    """Where the `if` at `at`, each elif and else of it, and its endif stand."""
    found = [at]
    # What is open within it: an `else` may belong to a loop.
    inner: list[str] = []
    for no in range(at + 1, len(segments)):
        word = segments[no].word
        if word in ("if", "for"):
            inner.append(word)
        elif word in ("endif", "endfor"):
            if not inner:
                return [*found, no]
            inner.pop()
        elif word in ("elif", "else") and not inner:
            found.append(no)
    return [*found, len(segments)]
