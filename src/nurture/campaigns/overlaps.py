"""Campaigns that begin with the same thing, and would write to the same person on the same day."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from nurture.audience.expressions.tree import Compare, Constant, Joined, Node, Not, StageIs
from nurture.campaigns.campaign_file import CampaignShape, Draft
from nurture.campaigns.known import Known
from nurture.campaigns.timing import Sending, Timing
from nurture.campaigns.wording import Complaint
from nurture.clock import DAY
from nurture.journeys.calendar import Absolute
from nurture.journeys.spelling import quoted
from nurture.lifecycle.stages import within

_MOST_COMPARED = 20
"""With how many others that begin alike a campaign is compared. So many on one day are told of by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A campaign with its times."""

    draft: Draft
    shape: CampaignShape
    timing: Timing


def check_overlaps(plans: Sequence[Plan], stages: Sequence[str], known: Known) -> None:
    """Warn at the first message of the later file, where no cap keeps it from the same day."""
    if any(count == 1 and span >= DAY for count, span in known.caps):
        return
    begun: dict[Hashable, list[Plan]] = {}
    for plan in plans:
        first = plan.timing.first
        if first is None or not first.times.sure or first.times.earliest != first.times.latest:
            continue
        day = first.times.earliest // DAY
        for cause in _causes(plan.shape, stages):
            others = begun.setdefault((cause, day), [])
            other = next((it for it in others[:_MOST_COMPARED] if _can_meet(plan, it, stages)), None)
            others.append(plan)
            if other is not None:
                _warn(plan, other, first)
                break


def _causes(shape: CampaignShape, stages: Sequence[str]) -> Iterator[Hashable]:
    """What lets people in: campaigns that share one begin for a person at the same time."""
    enter = shape.enter
    if enter.on:
        yield "event", enter.on
    elif enter.at is not None:
        yield "at", enter.at.day if isinstance(enter.at, Absolute) else enter.at
    elif enter.every is not None:
        yield "every", enter.every
    else:
        # By the way most people take: into the first of its stages. Who comes straight into a later one is rare.
        yield "stage", next((it for it in stages if not shape.stage or within(it, shape.stage)), "")


def _can_meet(plan: Plan, other: Plan, stages: Sequence[str]) -> bool:
    """Whether one person could be in both."""
    one, two = plan.shape, other.shape
    common = [it for it in stages if all(not at or within(it, at) for at in (one.stage, two.stage))]
    if stages and not common:
        return False
    if one.when is None or two.when is None:
        return True
    return not any(_exclude(a, b) for a in _all_of(one.when.tree) for b in _all_of(two.when.tree))


def _all_of(tree: Node) -> tuple[Node, ...]:
    return tree.parts if isinstance(tree, Joined) and tree.op == "and" else (tree,)


def _exclude(one: Node, two: Node) -> bool:
    """Whether the two conditions never hold at once, as far as it is plain to see."""
    match one, two:
        case (Not(of=of), other) | (other, Not(of=of)) if of == other:
            return True
        case StageIs() as a, StageIs() as b if a.stage == b.stage:
            names = [[it.value for it in its.names if isinstance(it, Constant)] for its in (a, b)]
            return all(
                not within(str(x), [str(y)]) and not within(str(y), [str(x)])
                for x in names[0]
                for y in names[1]
            )
        case Compare(right=Constant() as a), Compare(right=Constant() as b) if one.left == two.left:
            return _apart(one.op, a.value, two.op, b.value)
        case _:
            return False


def _apart(op: str, value: object, other_op: str, other: object) -> bool:
    """Whether no value keeps to both comparisons."""
    if op == other_op == "==":
        return value != other
    if {op, other_op} == {"==", "!="}:
        return value == other
    if not (isinstance(value, (int, float)) and isinstance(other, (int, float))):
        return False
    low, high = _bounds(op, value), _bounds(other_op, other)
    if low is None or high is None:
        return False
    bottom, top = max(low[0], high[0]), min(low[1], high[1])
    return bottom > top


def _bounds(op: str, value: float) -> tuple[tuple[float, int], tuple[float, int]] | None:
    """From where to where a comparison holds; the second of each pair is a hair's breadth beside the value."""
    endless = ((float("-inf"), 0), (float("inf"), 0))
    match op:
        case "==":
            return (value, 0), (value, 0)
        case "<" | "<=":
            return endless[0], (value, -1 if op == "<" else 0)
        case ">" | ">=":
            return (value, 1 if op == ">" else 0), endless[1]
        case _:
            return None


def _warn(plan: Plan, other: Plan, first: Sending) -> None:
    there = other.timing.first
    sent = quoted(there.step.name) if there else "a message"
    message = f"{quoted(other.draft.key)} sends {sent} to the same people on the same day"
    hint = 'let one of them wait for a day, or set a cap: per_contact = "1 per 1 day"'
    plan.draft.source.complain(
        Complaint("same-day", message, hint), ("sequence", *first.path, "send"), "warning"
    )
