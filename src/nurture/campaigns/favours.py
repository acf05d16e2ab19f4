"""Whether newcomers are offered more than those who have bought: nobody should wish they had not ordered yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from babel.numbers import get_currency_precision

from nurture.campaigns.overlaps import Plan
from nurture.campaigns.source import Source
from nurture.campaigns.wording import Complaint
from nurture.journeys.spelling import quoted
from nurture.lifecycle.stages import within
from nurture.offers.discount import Amount, Percent
from nurture.offers.offer import Offer


def check_favours(
    source: Source, stages: Sequence[str], plans: Sequence[Plan], offers: Mapping[str, Offer]
) -> None:
    """Warn at each offer to prospects that is worth more than all that customers get.

    Only where the two can be compared: both a share, or amounts of one currency.
    """
    prospects = stages[0].partition("/")[0]
    bought = [it for it in stages if not within(it, (prospects,))]
    if not any(_is_for(plan, bought) for plan in plans):
        return
    theirs = {offers[key] for plan in plans for key in _made(plan) if key in offers and _is_for(plan, bought)}
    given = {it.key: _worth(it) for it in theirs if it.discount}
    for offer in sorted(_to_prospects(plans, prospects, offers) - theirs, key=lambda it: it.key):
        worth = _worth(offer)
        if worth is None or any(it is None or it[1] != worth[1] for it in given.values()):
            continue
        best = max((it[0] for it in given.values() if it), default=0.0)
        if worth[0] > best:
            least = f"{_said(best, worth[1])} at most" if best else "no discount"
            message = f"{quoted(offer.key)} offers prospects {offer.discount}, customers are offered {least}"
            hint = "offer customers as much at least"
            source.complain(
                Complaint("newcomers-get-more", message, hint), (offer.key, "discount"), "warning"
            )


def _to_prospects(plans: Sequence[Plan], prospects: str, offers: Mapping[str, Offer]) -> set[Offer]:
    """Offers in campaigns that are for prospects alone."""
    only = [
        plan
        for plan in plans
        if plan.shape.stage and all(within(it, (prospects,)) for it in plan.shape.stage)
    ]
    return {offers[key] for plan in only for key in _made(plan) if key in offers}


def _made(plan: Plan) -> Iterator[str]:
    for sending in plan.timing.sendings:
        yield sending.step.offer or plan.shape.offer


def _is_for(plan: Plan, stages: Sequence[str]) -> bool:
    return not plan.shape.stage or any(within(it, plan.shape.stage) for it in stages)


def _worth(offer: Offer) -> tuple[float, str] | None:
    """How much, and of what; None: it cannot be compared."""
    match offer.worth:
        case Percent(share=share):
            return float(share * 100), "%"
        case Amount(minor=minor, currency=currency):
            return minor / 10 ** get_currency_precision(currency), currency
        case _:
            return None


def _said(number: float, unit: str) -> str:
    return f"{number:g}%" if unit == "%" else f"{number:g} {unit}"
