"""The table of the kinds of step, by the key that a step of that kind starts with."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.branch import BranchStep
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep

KINDS: Mapping[str, type[StepKind]] = {
    "send": SendStep,
    "wait": WaitStep,
    "wait_for": WaitForStep,
    "if": BranchStep,
    "end": EndStep,
}

KINDS_LATER = frozenset({"wait_until", "split", "set", "unsubscribe", "notify"})
"""Kinds that the language has and this version has not."""
