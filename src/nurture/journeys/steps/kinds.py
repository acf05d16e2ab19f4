"""The table of the kinds of step, by the key that a step of that kind starts with."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.branch import BranchStep
from nurture.journeys.steps.change import SetStep
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.notify import NotifyStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.split import SplitStep
from nurture.journeys.steps.unsubscribe import UnsubscribeStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep
from nurture.journeys.steps.wait_until import WaitUntilStep

KINDS: Mapping[str, type[StepKind]] = {
    "send": SendStep,
    "wait": WaitStep,
    "wait_until": WaitUntilStep,
    "wait_for": WaitForStep,
    "if": BranchStep,
    "split": SplitStep,
    "set": SetStep,
    "unsubscribe": UnsubscribeStep,
    "notify": NotifyStep,
    "end": EndStep,
}
