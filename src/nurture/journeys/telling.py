"""Reasons in the campaign's own words, where it has any."""

from __future__ import annotations

from collections.abc import Sequence

from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.reasons import Reason, in_words


def told(reason: str, campaign: Campaign | None, step: str = "") -> str:
    """The sentence for a stored reason; `step` is the id of the step whose message it was.

    None: the campaign is not known any more.
    """
    if campaign is None:
        return in_words(reason)
    match reason:
        case Reason.NOT_AGREED:
            return f'they did not agree to the topic "{campaign.topic}", or have switched it off'
        case Reason.STAGE if campaign.stages:
            return f"they are not in {either(campaign.stages)}"
        case Reason.LINE_STAGE:
            return f"on this product line they are not in {either(campaign.line_stages)}"
        case Reason.WHEN if campaign.when is not None:
            return f"this does not hold for them: {campaign.when.text}"
        case Reason.STEP_WHEN:
            return _of_step(campaign, step)
        case Reason.GOAL if campaign.goal is not None:
            return f"the goal was reached: {said(campaign.goal)}"
        case Reason.EXIT if campaign.exits:
            return f"what ends the campaign came about: {either([said(it) for it in campaign.exits])}"
        case _:
            return in_words(reason)


def _of_step(campaign: Campaign, step: str) -> str:
    node = campaign.program.nodes.get(step)
    if node is None or node.step.when is None:
        return in_words(Reason.STEP_WHEN)
    return f"the step's `when` does not hold for them: {node.step.when.text}"


def said(trigger: Trigger) -> str:
    """What a goal or an exit waits for."""
    return trigger.event or (trigger.expression.text if trigger.expression else "")


def either(words: Sequence[str]) -> str:
    """The words with `or` before the last one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
