"""What must be true of a campaign as a whole, though each of its values is right by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nurture.audience.expressions.names import OWN_EVENTS
from nurture.campaigns.campaign_file import DEFAULT_LINE_STAGES, CampaignShape, Draft, ReentryShape
from nurture.campaigns.known import Known
from nurture.campaigns.steps_file import UNREAD, Unread
from nurture.campaigns.tree import Loc, Scalar, find
from nurture.campaigns.wording import Complaint
from nurture.journeys.program import walk
from nurture.journeys.spelling import near, quoted
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.notify import NotifyStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.unsubscribe import UnsubscribeStep
from nurture.journeys.values import EACH, is_step_id
from nurture.lifecycle.stages import Lifecycle, within
from nurture.offers.offer import FOR_PROSPECTS, Offer

_OWN_ID = "give it an `id:` of its own"
_OTHER_ID = "ids must differ; a message without one is called after its template"


def check_steps(draft: Draft) -> None:
    """Ids, steps nobody comes to, a sequence that says nothing."""
    _check_ids(draft)
    _check_reachable(draft, draft.steps, ("sequence",))
    steps = [step for _, step in walk(draft.steps)]
    if steps and not any(isinstance(step, (SendStep, NotifyStep, Unread)) for step in steps):
        message = "this sequence sends no message"
        draft.source.complain(
            Complaint("sends-nothing", message, "write a step `- send: …`, or `- notify: …`", on_key=True),
            ("sequence",),
        )


def check_shape(
    draft: Draft,
    shape: CampaignShape,
    known: Known,
    offers: Mapping[str, Offer],
    stages: tuple[str, ...] | None,
) -> None:
    """Offers that must not be made, events nobody recorded, keys without their fellows."""
    for loc, key in _offers_made(draft, shape):
        offer = offers.get(key)
        if offer and offer.kind in FOR_PROSPECTS and stages and _customers_enter(shape, stages):
            draft.source.complain(_to_customers(offer, shape), loc)
        if known.topics and known.topics.get(shape.topic):
            message = f'the topic "{shape.topic}" cannot be switched off, so it may not sell'
            draft.source.complain(Complaint("service-sells", message, "take another topic, or no offer"), loc)
    for loc, topic in _unsubscribed(draft):
        if known.topics and known.topics.get(topic):
            message = f'the topic "{topic}" cannot be switched off, so nobody can be unsubscribed from it'
            draft.source.complain(Complaint("conflict", message, "name another topic, or `all`"), loc)
    if isinstance(shape.reentry, ReentryShape) and shape.reentry.per and not shape.enter.on:
        message = "`per:` counts by a property of the event that lets people in, and none does here"
        hint = "write `enter: {on: …}`, or another `reentry:`"
        draft.source.complain(Complaint("conflict", message, hint), ("reentry", "per"))
    for loc, event in _events_named(draft, shape):
        _check_event(draft, loc, event, known)


def check_lines(draft: Draft, shape: CampaignShape, lifecycle: Lifecycle) -> None:
    """What `lines:` needs, and what needs `lines:`."""
    complain = draft.source.complain
    if shape.line_stage and not shape.lines:
        message = "`line stage:` is for campaigns with `lines:`"
        complain(Complaint("lines-wanted", message, "add `lines: each`", on_key=True), ("line_stage",))
    if EACH in shape.lines and len(shape.lines) > 1:
        message = "`each` is all lines already"
        complain(Complaint("conflict", message, "write `lines: each`"), ("lines",))
    if shape.lines and not lifecycle.per_line:
        message = "lifecycle.yaml keeps no stage for each product line"
        complain(Complaint("no-lines", message, "add `lines: product.line` to it", on_key=True), ("lines",))
    if (
        shape.lines
        and not shape.line_stage
        and not any(within(it, DEFAULT_LINE_STAGES) for it in lifecycle.names)
    ):
        message = 'this is for those at the stage "prospect" of the line, and there is none'
        complain(
            Complaint("unknown-stage", message, "say for whom: `line stage: …`", on_key=True), ("lines",)
        )


def _check_ids(draft: Draft) -> None:
    """Names must differ; none may be mistaken for a derived id, or for `campaign/step`."""
    seen: set[str] = set()
    for path, step in walk(draft.steps):
        if not step.name or step.name == UNREAD:
            continue
        key = "id" if step.id or _has_id(draft, path) else "send"
        loc = ("sequence", *path, key)
        if step.name in seen:
            hint = _OWN_ID if key == "send" else _OTHER_ID
            draft.source.complain(
                Complaint("step-twice", f"two steps are called {quoted(step.name)}", hint), loc
            )
        elif key == "send" and not is_step_id(step.name) and isinstance(step, SendStep):
            message = f"{quoted(step.name)} cannot name its step"
            draft.source.complain(Complaint("not-an-id", message, _OWN_ID), loc)
        seen.add(step.name)


def _has_id(draft: Draft, path: Loc) -> bool:
    tree = draft.source.tree
    entry = find(tree, ("sequence", *path, "id"))[1] if tree else None
    return entry is not None and entry.key.value == "id" and isinstance(entry.value, Scalar)


def _check_reachable(draft: Draft, steps: tuple[StepKind, ...], loc: Loc) -> None:
    ended = False
    for number, step in enumerate(steps):
        if ended:
            message = "nobody comes to this step: every way before it ends"
            complaint = Complaint("unreachable", message, "take it out, or give the `end:` a `when:`")
            draft.source.complain(complaint, (*loc, number))
            return
        for key, inside in step.branches().items():
            _check_reachable(draft, tuple(inside), (*loc, number, key))
        ended = step.ends


def _offers_made(draft: Draft, shape: CampaignShape) -> Iterator[tuple[Loc, str]]:
    if shape.offer:
        yield ("offer",), shape.offer
    for path, step in walk(draft.steps):
        if isinstance(step, SendStep) and step.offer:
            yield ("sequence", *path, "offer"), step.offer


def _customers_enter(shape: CampaignShape, stages: tuple[str, ...]) -> bool:
    """Whether somebody who has bought can be in it.

    Stages that begin like the first one are those of prospects.
    """
    patterns = (shape.line_stage or DEFAULT_LINE_STAGES) if shape.lines else shape.stage
    prospects = stages[0].partition("/")[0]
    if not patterns:
        return True
    return any(within(stage, patterns) and not within(stage, (prospects,)) for stage in stages)


def _to_customers(offer: Offer, shape: CampaignShape) -> Complaint:
    article = "an" if offer.kind == "introductory" else "a"
    message = f'"{offer.key}" is {article} {offer.kind} offer, and customers can enter this campaign'
    key = "line stage" if shape.lines else "stage"
    return Complaint("offer-to-customers", message, f"write `{key}: prospect`, or take another offer")


def _unsubscribed(draft: Draft) -> Iterator[tuple[Loc, str]]:
    for path, step in walk(draft.steps):
        if isinstance(step, UnsubscribeStep):
            for topic in step.topics:
                yield ("sequence", *path, "unsubscribe"), topic


def _events_named(draft: Draft, shape: CampaignShape) -> Iterable[tuple[Loc, str]]:
    tree = draft.source.tree
    if tree is None:
        return
    places: list[Loc] = [("enter", "on"), ("goal", "on"), ("exit", "on")]
    places += [("exit", number, "on") for number in range(len(shape.exit))]
    for loc in places:
        value, entry = find(tree, loc)
        if entry is not None and entry.key.value == "on" and isinstance(value, Scalar):
            yield loc, value.value


def _check_event(draft: Draft, loc: Loc, event: str, known: Known) -> None:
    if known.events is None or event in known.events or event in OWN_EVENTS:
        return
    hint = near(event, known.events | OWN_EVENTS) or "it may still come, by import or by the API"
    message = f'no event called "{event}" was ever recorded'
    draft.source.complain(Complaint("unknown-event", message, hint), loc, "warning")
