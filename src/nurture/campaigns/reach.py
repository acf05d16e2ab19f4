"""Whether a campaign's messages can do what they are for: a goal they can lead to, an offer that still holds."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.audience.expressions import Expression
from nurture.audience.expressions.tree import (
    Arithmetic,
    As,
    Compare,
    Constant,
    ContactFact,
    Contains,
    EntryEvent,
    Joined,
    LineName,
    Negative,
    Node,
    Not,
    OneOf,
    walk,
)
from nurture.audience.spans import say_span
from nurture.campaigns.campaign_file import CampaignShape, Draft, GoalShape
from nurture.campaigns.timing import Timing, timing_of
from nurture.campaigns.wording import Complaint
from nurture.journeys.spelling import quoted
from nurture.journeys.steps.send import SendStep
from nurture.offers.offer import Offer


def timing(draft: Draft, shape: CampaignShape, carriers: frozenset[str] | None) -> Timing:
    """When its messages go. `carriers`: the templates that show an offer; None: not known.

    Then only messages that name an offer of their own are taken to show it.
    """

    def shows(step: SendStep) -> str:
        if carriers is None:
            return step.offer
        return (step.offer or shape.offer) if carriers.intersection(step.templates) else ""

    return timing_of(draft.steps, shows)


def check_reach(draft: Draft, shape: CampaignShape, times: Timing, offers: Mapping[str, Offer]) -> None:
    """Warn of goals out of reach, of those held out for nothing, and of offers that are over."""
    _check_goal(draft, shape, times)
    if shape.holdout and shape.goal is None:
        message = "there is no goal, so nothing shows what those who are held out would have done"
        hint = "add a goal, such as `goal: {on: ordered, within: 30 days}`"
        draft.source.complain(Complaint("holdout-without-goal", message, hint), ("holdout",), "warning")
    _check_offers(draft, times, offers)


def _check_goal(draft: Draft, shape: CampaignShape, times: Timing) -> None:
    goal, first = shape.goal, times.first
    if isinstance(goal, GoalShape) and goal.within is not None and first is not None:
        earliest = first.times.earliest
        if earliest >= goal.within:
            message = f"the goal is over before the first message goes, {say_span(earliest)} after entering"
            hint = "it is counted from entering: give it more time"
            draft.source.complain(Complaint("no-way-to-goal", message, hint), ("goal", "within"), "warning")
    if not isinstance(goal, Expression):
        return
    if not _can_change(goal):
        message = "this cannot change while somebody is in the campaign, so no message leads to it"
        hint = "name what they are to do, such as {on: ordered}"
        draft.source.complain(Complaint("no-way-to-goal", message, hint), ("goal",), "warning")
    elif shape.when is not None and goal.tree in _all_of(shape.when.tree):
        message = "only those for whom this holds enter, so all of them have reached it"
        hint = "name what they are to do next"
        draft.source.complain(Complaint("no-way-to-goal", message, hint), ("goal",), "warning")


def _can_change(goal: Expression) -> bool:
    """Whether anything that it asks for can be otherwise tomorrow."""
    return goal.needs.clock or any(_is_open(node) for node in walk(goal.tree))


def _is_open(node: Node) -> bool:
    """Whether the node itself, not what stands below it, may change."""
    match node:
        case Constant() | LineName() | EntryEvent() | ContactFact(name="created_at"):
            return False
        case As() | Compare() | OneOf() | Contains() | Arithmetic() | Negative() | Joined() | Not():
            return False
        case _:
            return True


def _all_of(tree: Node) -> tuple[Node, ...]:
    """What must hold, each by itself."""
    return tree.parts if isinstance(tree, Joined) and tree.op == "and" else (tree,)


def _check_offers(draft: Draft, times: Timing, offers: Mapping[str, Offer]) -> None:
    for sending in times.sendings:
        offer = offers.get(sending.offer)
        ago = sending.times.shown.get(sending.offer, 0)
        if offer is None or offer.expires is None or ago < offer.expires:
            continue
        message = (
            f"{quoted(offer.key)} has run out by now: it holds for {say_span(offer.expires)}, "
            f"and was first shown up to {say_span(ago)} before"
        )
        complaint = Complaint("offer-expired", message, "send this earlier, or let the offer hold for longer")
        key = "offer" if sending.step.offer else "send"
        draft.source.complain(complaint, ("sequence", *sending.path, key), "warning")
