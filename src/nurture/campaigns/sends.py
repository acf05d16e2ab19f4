"""What a `send` says that does not go together, or wants another key beside it."""

from __future__ import annotations

from nurture.campaigns.campaign_file import CampaignShape, Draft
from nurture.campaigns.tree import Loc
from nurture.campaigns.wording import Complaint
from nurture.journeys.program import walk
from nurture.journeys.spelling import spoken
from nurture.journeys.steps.send import SendStep

_URGENT = "an urgent message goes at once, outside of window and cap"


def check_sends(draft: Draft) -> None:
    """Variants that compare nothing, and messages that are urgent and wait nevertheless."""
    if draft.shape is not None and draft.shape.urgent:
        _check_urgent_campaign(draft, draft.shape)
    for path, step in walk(draft.steps):
        if isinstance(step, SendStep):
            loc = ("sequence", *path)
            _check_variants(draft, step, loc)
            _check_conversions(draft, step, loc)
            _check_urgent(draft, step, loc)


def _check_variants(draft: Draft, step: SendStep, loc: Loc) -> None:
    complain = draft.source.complain
    if step.variants and len(step.templates) < 2:
        message = f"`variants:` has one message only, {step.template} itself"
        complain(Complaint("one-variant", message, "name another template"), (*loc, "variants"))
    fellows = (
        ("winner", step.winner, "variants", step.variants, "name the templates: `variants: [one, other]`"),
        ("test", step.test, "winner", step.winner, "say how it is picked: `winner: clicks`"),
        (
            "test",
            step.test,
            "decide after",
            step.decide_after,
            "say when it is picked: `decide after: 4 hours`",
        ),
        ("decide after", step.decide_after, "test", step.test, "say how many try them first: `test: 20%`"),
    )
    for key, given, fellow, there, hint in fellows:
        if given is not None and not there:
            message = f"`{key}:` does nothing without `{fellow}:`"
            complain(Complaint("needs-key", message, hint, on_key=True), (*loc, key))


def _check_conversions(draft: Draft, step: SendStep, loc: Loc) -> None:
    if step.winner == "conversions" and draft.shape is not None and draft.shape.goal is None:
        message = "`winner: conversions` counts goals, and this campaign has none"
        hint = "say what it is for: `goal: {on: ordered, within: 30 days}`"
        draft.source.complain(Complaint("needs-key", message, hint), (*loc, "winner"))


def _check_urgent(draft: Draft, step: SendStep, loc: Loc) -> None:
    if not step.urgent:
        return
    for key, given in (("window", step.window), ("on cap", step.on_cap)):
        if given is not None:
            message = f"`{key}:` and `urgent: yes` cannot stand together"
            draft.source.complain(Complaint("conflict", message, _URGENT, on_key=True), (*loc, key))


def _check_urgent_campaign(draft: Draft, shape: CampaignShape) -> None:
    written = shape.model_fields_set
    for key in ("window", "on_cap"):
        if key in written:
            message = f"`{spoken(key)}:` and `urgent: yes` cannot stand together"
            draft.source.complain(Complaint("conflict", message, _URGENT, on_key=True), (key,))
