"""The closed results: what a step decides, and what a gate answers.

The runner matches these and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from nurture.clock import Moment
from nurture.journeys.effects import Effect
from nurture.journeys.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Plan a message, then go on with the next step."""

    template: str
    """The one of the step's variants that this contact gets."""
    terms: Terms
    wanted: Moment = 0
    """Where it was wanted later than the step before was done: from when its lateness counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """Stay at this step; look again at `at`, or earlier when something happens to the contact."""

    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """This step is done (at `at`); go on at the step with the id `step`, or end where it is empty."""

    step: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Leave the campaign."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Carry out `effect`, then go on with the next step."""

    effect: Effect


Decision: TypeAlias = Send | WaitUntil | GoTo | Act | Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """The message may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Not now; ask again at `until`."""

    until: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Not at all. `leaves` says whether the contact leaves the campaign too."""

    reason: str
    leaves: bool = False


Gate: TypeAlias = Go | Hold | Drop
