"""What people at each stage get to hear, over all campaigns: care must not stop at the sale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nurture.audience.expressions.names import OWN_EVENTS
from nurture.audience.spans import say_span
from nurture.campaigns.overlaps import Plan
from nurture.campaigns.source import Source
from nurture.campaigns.wording import Complaint
from nurture.clock import DAY, Span
from nurture.journeys.spelling import quoted
from nurture.lifecycle.stages import within

_AFTER_BUYING = frozenset({"ordered", "refunded", "reviewed", "due_again"})
"""Events of those who have bought, and of nobody else."""
_NO_GREETING = OWN_EVENTS - {"ordered"}
"""Events that do not come with a first order."""

_LATE: Span = 2 * DAY
_MONTH: Span = 30 * DAY


def check_care(lifecycle: Source, stages: Sequence[str], plans: Sequence[Plan]) -> None:
    """Warn in lifecycle.yaml, at the stage where people hear too little."""
    if not plans:
        return
    prospects = stages[0].partition("/")[0]
    bought = [it for it in stages if not within(it, (prospects,))]
    silent = [it for it in stages if not any(_is_for(plan, it) for plan in plans)]
    for stage, name in _grouped(silent, stages):
        message = f"no campaign is for {quoted(name)}, so nobody who is there hears a word"
        hint = f"write one that says `stage: {name}`"
        _warn(lifecycle, stages, stage, Complaint("stage-without-campaign", message, hint, on_key=True))
    if bought and bought[0] not in silent:
        _check_thanks(lifecycle, stages, bought[0], plans)
        _check_rates(lifecycle, stages, prospects, bought, plans)


def _check_thanks(lifecycle: Source, stages: Sequence[str], stage: str, plans: Sequence[Plan]) -> None:
    """Whether those who order for the first time hear from us within two days."""
    firsts = [plan.timing.first for plan in plans if _begins_with_first_order(plan, stage, stages)]
    after = [it.times.earliest for it in firsts if it is not None]
    if after and min(after) <= _LATE:
        return
    when = f"comes {say_span(min(after))} after it" if after else "never comes"
    complaint = Complaint(
        "late-thanks",
        f"after the first order, the first word {when}",
        f"write to them within {say_span(_LATE)}: thanks, and how to get the most from it",
        on_key=True,
    )
    _warn(lifecycle, stages, stage, complaint)


def _begins_with_first_order(plan: Plan, stage: str, stages: Sequence[str]) -> bool:
    shape = plan.shape
    if shape.enter.on:
        return shape.enter.on not in _NO_GREETING and _is_for(plan, stage)
    return _by_stage(plan) and bool(shape.stage) and _is_for(plan, stage) and not _is_for(plan, stages[0])


def _check_rates(
    lifecycle: Source, stages: Sequence[str], prospects: str, bought: Sequence[str], plans: Sequence[Plan]
) -> None:
    """Whether prospects hear more than those who have bought, in all and for each month."""
    open_to_all = [it for it in plans if it.shape.enter.on not in _AFTER_BUYING]
    before = _heard(open_to_all, [it for it in stages if within(it, (prospects,))])
    after = _heard(plans, bought)
    if before[0] <= after[0] or before[0] * after[1] <= after[0] * before[1]:
        return
    message = f"prospects hear more than those who have bought: {_said(*before)}, against {_said(*after)}"
    hint = "write to customers too: thanks, help, a question how it went"
    _warn(lifecycle, stages, bought[0], Complaint("care-drops", message, hint, on_key=True))


def _heard(plans: Sequence[Plan], stages: Sequence[str]) -> tuple[int, Span]:
    """How many messages there are for people at these stages, and how long they take, a month at least."""
    theirs = [
        plan.timing
        for plan in plans
        if (_by_stage(plan) or plan.shape.enter.on) and any(_is_for(plan, it) for it in stages)
    ]
    return sum(it.messages for it in theirs), max([_MONTH, *(it.longest for it in theirs)])


def _said(messages: int, span: Span) -> str:
    return f"{messages} message{'' if messages == 1 else 's'} in {say_span(span - span % DAY)}"


def _by_stage(plan: Plan) -> bool:
    enter = plan.shape.enter
    return not enter.on and enter.at is None and enter.every is None


def _is_for(plan: Plan, stage: str) -> bool:
    """Whether people at this stage can be in it."""
    patterns = plan.shape.stage
    return within(stage, patterns) if patterns else True


def _grouped(silent: Sequence[str], stages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The stages, and how to call them: those that begin alike are told of once, where all of them are silent."""
    told: set[str] = set()
    for stage in silent:
        head = stage.partition("/")[0]
        whole = all(it in silent for it in stages if within(it, (head,)))
        name = head if whole else stage
        if name not in told:
            told.add(name)
            yield stage, name


def _warn(lifecycle: Source, stages: Sequence[str], stage: str, complaint: Complaint) -> None:
    lifecycle.complain(complaint, ("stages", stages.index(stage), stage), "warning")
