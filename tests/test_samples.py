"""The sample workspace and its docs: campaigns without a finding, and no template without a use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from nurture.campaigns.book import Book, read
from nurture.campaigns.findings import render
from nurture.campaigns.known import Known
from nurture.clock import DAY
from nurture.journeys.calendar import Around
from nurture.journeys.campaign import Campaign
from nurture.journeys.program import Node
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep
from nurture.journeys.steps.wait_until import WaitUntilStep
from nurture.runner.moving import CHANGED
from nurture.runner.sign_ups import CONFIRM_ADDRESS
from nurture.settings import load
from nurture.settings.forms import Form

ROOT = Path(__file__).resolve().parents[1]
FILES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.glob("campaigns/**/*.yaml")}
TEMPLATES = frozenset(path.name.partition(".")[0] for path in (ROOT / "templates/email").glob("*.*"))
GUIDE = (ROOT / "docs/writing-campaigns.md").read_text()
GROCER_LINES = frozenset(
    {"COSMETICS", "DELI", "FLORAL", "GARDEN CENTER", "GROCERY", "MEAT"}
    | {"NUTRITION", "PASTRY", "PRODUCE", "SALAD BAR", "SEAFOOD"}
)

OF_THE_WHOLE = {"stage-without-campaign", "late-thanks", "care-drops", "newcomers-get-more"}
"""What is said of a workspace that has no campaigns but the one of an example."""


@pytest.fixture(scope="module")
def known() -> Known:
    topics = {name: topic.always for name, topic in load(ROOT, {}).topics.items()}
    return Known(templates=TEMPLATES, topics=topics, lines=GROCER_LINES)


@pytest.fixture(scope="module")
def book(known: Known) -> Book:
    return read(FILES, known)


def sends(campaign: Campaign) -> list[SendStep]:
    return [node.step for node in campaign.program.nodes.values() if isinstance(node.step, SendStep)]


def ways(campaign: Campaign, node: Node | None, so_far: tuple[Node, ...] = ()) -> Iterator[tuple[Node, ...]]:
    """Every way through the campaign."""
    if node is None:
        yield so_far
        return
    behind = set(node.branches.values()) if node.branches else {"" if node.step.ends else node.next}
    for name in behind:
        yield from ways(campaign, campaign.program.nodes.get(name), (*so_far, node))


def test_the_sample_campaigns_have_no_finding(book: Book) -> None:
    assert [render(finding) for finding in book.findings] == []
    assert len(book.campaigns) == len(FILES) - len({"lifecycle", "offers", "questions"})


def test_every_template_is_sent_by_a_campaign_or_asks_somebody_to_confirm(book: Book) -> None:
    by_campaigns = {step.template for campaign in book.campaigns.values() for step in sends(campaign)}
    form = Form(topics=("news",), says="Yes.")
    by_itself = {form.confirm, form.remind, CONFIRM_ADDRESS, CHANGED}
    assert by_campaigns | by_itself == TEMPLATES and not by_campaigns & by_itself


def test_every_offer_is_made_by_a_campaign(book: Book) -> None:
    assert {campaign.offer for campaign in book.campaigns.values() if campaign.offer} == set(book.offers)


def test_every_stage_is_written_to(book: Book) -> None:
    written_to = {pattern for campaign in book.campaigns.values() for pattern in campaign.stages}
    assert {name for name in book.lifecycle.names if not {name, name.partition("/")[0]} & written_to} == set()


def test_no_campaign_writes_more_than_once_a_week_on_average(book: Book) -> None:
    """Of those who click after half of the time they are given."""
    for campaign in book.campaigns.values():
        for way in ways(campaign, campaign.program.nodes[campaign.program.first]):
            at, times = 0, []
            for node in way:
                match node.step:
                    case SendStep():
                        times.append(at)
                    case WaitStep(length=length):
                        at += length
                    case WaitForStep(up_to=up_to):
                        at += up_to // 2
                    case WaitUntilStep(until=Around(side="before", days=days)):
                        # Of the offer, which the message before carries.
                        at = times[-1] + (book.offers[campaign.offer].expires or 0) - days * DAY
                    case _:
                        pass
            gaps = [(later - earlier) / DAY for earlier, later in pairwise(times)]
            assert all(gap >= 3 for gap in gaps), (campaign.key, gaps)
            assert not gaps or sum(gaps) / len(gaps) >= 6, (campaign.key, gaps)


def test_customers_are_offered_at_least_what_prospects_are(book: Book) -> None:
    percent = {
        key: int(it.discount.rstrip("%")) for key, it in book.offers.items() if it.discount.endswith("%")
    }
    prospects = max(percent[key] for key, it in book.offers.items() if it.kind == "introductory")
    assert percent["thank-you"] >= prospects
    assert percent["regulars"] >= prospects


def test_the_first_word_after_the_first_order_comes_within_a_day(book: Book) -> None:
    first = book.campaigns["appreciation"].program
    step = first.nodes[first.first].step
    assert isinstance(step, WaitStep)
    assert step.length <= DAY


def guide_examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", guide_examples())
def test_the_examples_of_the_guide_can_be_used_as_they_stand(example: str, known: Known) -> None:
    files = {path: text for path, text in FILES.items() if path.count("/") == 1}
    head = "name: Example\ntopic: offers\nstage: prospect\nsequence:\n  - send: welcome\n"
    if example.startswith("stages:"):
        files = {"campaigns/lifecycle.yaml": example}
    elif "kind:" in example:
        files["campaigns/offers.yaml"] = example
    elif example.startswith("name:"):
        files["campaigns/example.yaml"] = example
    elif example.startswith("stage:"):
        files["campaigns/example.yaml"] = (
            "name: Example\ntopic: offers\n" + example + "sequence:\n  - send: welcome\n"
        )
    else:
        files["campaigns/example.yaml"] = head + example
    found = [it for it in read(files, known).findings if it.code not in OF_THE_WHOLE]
    assert [render(it) for it in found] == []
