"""What is to be done for one contact at one step."""

from __future__ import annotations

from nurture.journeys.decisions import Decision, GoTo
from nurture.journeys.steps.base import Situation

__all__ = ["Situation", "decide"]


def decide(situation: Situation) -> Decision:
    """The step's decision.

    A step whose `when` does not hold is skipped and takes no time. On GoTo the caller goes on at that step
    with `at` as the next `since`; an empty step means the end of the sequence. On Send the message is
    planned, and what follows waits at `node.next` until the message is done.
    """
    step = situation.node.step
    if step.when is not None and not step.when.holds(situation.facts, situation.now):
        return GoTo(step=situation.node.next, at=situation.since)
    return step.decide(situation)
