"""The examples of the language's own page, and what the files say together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nurture.campaigns.book import Book, read
from nurture.campaigns.check import check
from nurture.campaigns.findings import render
from nurture.campaigns.known import Known
from nurture.clock import DAY, WEEK
from nurture.journeys.campaign import Trigger
from nurture.journeys.enter import EnterOnEvent, EnterOnStage
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait_for import WaitForStep
from support.sound import REST

ReadWith = Callable[..., Book]

INTRODUCTORY = """\
# yaml-language-server: $schema=../../schema/campaign.schema.json
name: Introductory offer           # for people; the file's name is what the campaign is known by
stage: prospect                    # every prospect/... stage
topic: offers
offer: first-order-15
goal: {on: ordered, within: 30 days}

sequence:
  - send: welcome
  - wait for: clicked("welcome")
    up to: 3 days
  - if: clicked("welcome")
    then:
      - send: how-it-works
    else:
      - send: welcome-again
  - wait: 2 days
  - send: first-order
  - send: first-order-reminder
"""
PATH = "campaigns/prospect/introductory-offer.yaml"
SHORT = "topic: offers\nsequence:\n  - send: welcome\n"


def campaign_of(read_with: ReadWith, text: str) -> object:
    book = read_with({"campaigns/it.yaml": text})
    assert [render(finding) for finding in book.findings] == []
    return book.campaigns["it"]


def test_the_campaign_of_the_page_reads_as_it_says(read_with: ReadWith) -> None:
    book = read_with({PATH: INTRODUCTORY, "campaigns/rest.yaml": REST})
    assert [render(finding) for finding in book.findings] == []
    campaign = book.campaigns["introductory-offer"]
    assert campaign.name == "Introductory offer"
    assert (campaign.stages, campaign.topic, campaign.offer) == (("prospect",), "offers", "first-order-15")
    assert campaign.goal == Trigger(event="ordered", within=30 * DAY)
    assert campaign.enter == EnterOnStage()
    assert list(campaign.program.nodes) == [
        "welcome",
        "welcome+1",
        "welcome+2",
        "how-it-works",
        "welcome-again",
        "welcome-again+1",
        "first-order",
        "first-order-reminder",
    ]
    waits = campaign.program.nodes["welcome+1"].step
    assert isinstance(waits, WaitForStep)
    assert (waits.condition.text, waits.up_to) == ('clicked("welcome")', 3 * DAY)


def test_the_lifecycle_of_the_page_reads_as_it_says(read_with: ReadWith) -> None:
    lifecycle = read_with({}).lifecycle
    assert lifecycle.names == (
        "prospect/awareness",
        "prospect/consideration",
        "customer/first-time",
        "customer/repeat",
        "lapsed",
    )
    assert lifecycle.first == "prospect/awareness"
    assert lifecycle.stages[0].rule is None
    rule = lifecycle.stages[2].rule
    assert rule is not None
    assert rule.text == "orders.count == 1"
    assert (lifecycle.per_line, lifecycle.usual_gap_days, lifecycle.stay) == (True, 30.0, DAY)
    assert list(lifecycle.segments) == ["engaged"]


def test_the_offers_of_the_page_read_as_they_say(read_with: ReadWith) -> None:
    offers = read_with({}).offers
    assert (offers["first-order-15"].unique, offers["first-order-15"].code) == (True, "")
    assert offers["first-order-15"].expires == 14 * DAY
    assert (offers["thanks"].unique, offers["thanks"].code) == (False, "THANKS")


def test_everything_this_version_supports_can_be_said(read_with: ReadWith) -> None:
    campaign = read_with(
        {
            "campaigns/it.yaml": """\
stage: [customer, lapsed]
topic: news
enter: {on: signed_up}
when: segment("engaged") and contact.country in ["DE", "AT"]
goal: orders.count >= 3
on goal: finish
exit:
  - {on: refunded}
  - 'contact.tier == "none"'
on-leaving: finish
lines: [FLORAL, SEAFOOD]
line_stage: prospect/consideration
offer: thanks
stale after: 2 weeks
sequence:
  - wait: 90 minutes
    id: breathe
  - send: more
    when: line.orders.count == 0
    stale_after: 2 days
  - end: enough
"""
        }
    ).campaigns["it"]
    assert campaign.enter == EnterOnEvent(event="signed_up")
    assert campaign.goal is not None
    assert campaign.goal.expression is not None
    assert [it.event for it in campaign.exits] == ["refunded", ""]
    assert (campaign.on_goal, campaign.on_leaving) == ("finish", "finish")
    assert (campaign.lines, campaign.line_stages) == (("FLORAL", "SEAFOOD"), ("prospect/consideration",))
    assert campaign.terms.stale_after == 2 * WEEK
    assert list(campaign.program.nodes) == ["breathe", "more", "more+1"]


def test_norway_stays_norway_and_a_code_keeps_its_zeros(read_with: ReadWith) -> None:
    book = read_with(
        {
            "campaigns/it.yaml": "name: NO\n" + SHORT,
            "campaigns/offers.yaml": "a:\n  kind: trial\n  says: 01067\n  code: 0123\n",
        }
    )
    assert book.campaigns["it"].name == "NO"
    assert (book.offers["a"].says, book.offers["a"].code) == ("01067", "0123")


@pytest.mark.parametrize("key", ["stale after", "stale_after", "stale-after"])
def test_keys_are_spelled_with_spaces_underlines_or_hyphens(read_with: ReadWith, key: str) -> None:
    step = (
        read_with({"campaigns/it.yaml": SHORT + f"    {key}: 2 days\n"})
        .campaigns["it"]
        .program.nodes["welcome"]
        .step
    )
    assert isinstance(step, SendStep)
    assert step.stale_after == 2 * DAY


@pytest.mark.parametrize("written", ["yes", "true", "on"])
def test_those_who_are_in_the_stage_already_enter_too_where_it_says_so(
    read_with: ReadWith, written: str
) -> None:
    book = read_with({"campaigns/it.yaml": "stage: customer\nenter: {existing: " + written + "}\n" + SHORT})
    assert book.campaigns["it"].enter == EnterOnStage(existing=True)


def test_a_campaign_for_each_line_is_for_prospects_of_the_line(read_with: ReadWith) -> None:
    campaign = read_with({"campaigns/it.yaml": "lines: each\noffer: first-order-15\n" + SHORT}).campaigns[
        "it"
    ]
    assert (campaign.lines, campaign.line_stages) == ("each", ("prospect",))


def test_segments_name_one_another_in_any_order(read_with: ReadWith) -> None:
    lifecycle = """\
stages:
  - prospect
  - customer: segment("buyers")
segments:
  fans: segment("buyers") and engagement.clicks >= 5
  buyers: orders.count >= 1
"""
    book = read_with({"campaigns/lifecycle.yaml": lifecycle})
    assert book.findings == ()
    assert set(book.lifecycle.segments) == {"fans", "buyers"}


def test_two_campaigns_with_one_name_are_refused_and_both_files_named(read_with: ReadWith) -> None:
    book = read_with({"campaigns/customer/hello.yaml": SHORT, "campaigns/prospect/hello.yaml": SHORT})
    assert [render(finding) for finding in book.errors] == [
        'campaigns/prospect/hello.yaml: two campaigns are called "hello": '
        "this file and campaigns/customer/hello.yaml\n"
        "      rename one of the files"
    ]


def test_two_campaigns_that_people_call_the_same_are_odd_but_allowed(read_with: ReadWith) -> None:
    book = read_with(
        {"campaigns/a.yaml": "name: Hello\n" + SHORT, "campaigns/b.yaml": "name: Hello\n" + SHORT}
    )
    assert [(it.code, it.path, it.severity) for it in book.findings if it.code == "name-twice"] == [
        ("name-twice", "campaigns/b.yaml", "warning")
    ]
    assert set(book.campaigns) == {"a", "b"}
    assert book.errors == ()


def test_a_workspace_without_a_lifecycle_is_told_what_to_write() -> None:
    assert [render(finding) for finding in check({"campaigns/a.yaml": SHORT}, Known())] == [
        "campaigns/lifecycle.yaml: there is no lifecycle.yaml, so nobody has a stage\n"
        "      write one that begins:  stages: [prospect]"
    ]


def test_what_is_advised_for_a_missing_lifecycle_is_a_lifecycle() -> None:
    assert read({"campaigns/lifecycle.yaml": "stages: [prospect]"}, Known()).lifecycle.names == ("prospect",)


def test_a_campaign_for_lines_needs_stages_for_lines(read_with: ReadWith) -> None:
    lifecycle = "stages:\n  - newcomer\n  - customer: orders.count >= 1\n"
    book = read_with({"campaigns/lifecycle.yaml": lifecycle, "campaigns/it.yaml": "lines: each\n" + SHORT})
    assert {it.code for it in book.errors} == {"no-lines", "unknown-stage"}


def test_a_file_that_cannot_name_a_campaign_is_refused(read_with: ReadWith) -> None:
    assert [it.code for it in read_with({"campaigns/my campaign!.yaml": SHORT}).errors] == ["file-name"]


def test_files_of_other_kinds_are_left_alone(read_with: ReadWith) -> None:
    files = {
        "campaigns/README.md": "# Hello",
        "campaigns/.a.yaml.swp": "\0",
    }
    assert read_with(files).findings == ()


def test_what_is_not_known_is_not_complained_of(read_with: ReadWith) -> None:
    text = "topic: anything\nlines: [ANY]\nenter: {on: whatever}\nsequence:\n  - send: whatever\n"
    assert read_with({"campaigns/it.yaml": text}, Known()).findings == ()


def test_a_broken_lifecycle_does_not_make_the_campaigns_wrong(read_with: ReadWith) -> None:
    lifecycle = (
        "stages:\n  - prospect/awareness:\n  - customer: orders.cuont >= 1\nsegments:\n  engaged: cliks > 1\n"
    )
    text = 'stage: customer\nwhen: segment("engaged")\n' + SHORT
    book = read_with({"campaigns/lifecycle.yaml": lifecycle, "campaigns/it.yaml": text})
    assert {it.path for it in book.findings} == {"campaigns/lifecycle.yaml"}
    assert set(book.campaigns) == {"it"}


def test_findings_come_in_the_order_of_files_and_lines(read_with: ReadWith) -> None:
    text = "topic: nwes\nstage: prospct\nsequence:\n  - send: welcom\n"
    found = read_with({"campaigns/b.yaml": text, "campaigns/a.yaml": text}).findings
    places = [(it.path, it.line, it.column) for it in found]
    assert places == sorted(places)
    assert len(places) == 6


def test_a_name_nobody_recorded_is_a_warning(read_with: ReadWith) -> None:
    text = 'when: did("signd_up")\n' + SHORT
    book = read_with({"campaigns/it.yaml": text, "campaigns/rest.yaml": REST})
    assert [(it.code, it.severity, it.line, it.column) for it in book.findings] == [
        ("unsure", "warning", 1, 11)
    ]
    assert "signed_up" in book.findings[0].hint
    assert set(book.campaigns) == {"it", "rest"}


def test_an_attribute_that_a_campaign_sets_is_known_in_all_files(read_with: ReadWith) -> None:
    setting = SHORT + "  - if: orders.count > 1\n    then:\n      - set: {contact.level: 3}\n"
    asking = "stage: lapsed\nwhen: contact.level == 3 and contact.levle == 3\n" + SHORT
    findings = read_with({"campaigns/a.yaml": setting, "campaigns/b.yaml": asking}).findings
    assert [(it.message, it.hint) for it in findings if it.code == "unsure"] == [
        ("no contact has a levle", 'did you mean "level"?')
    ]


def test_an_event_may_be_called_as_its_import_calls_it(read_with: ReadWith) -> None:
    files = {"campaigns/it.yaml": "enter: {on: Order Completed}\n" + SHORT, "campaigns/rest.yaml": REST}
    assert read_with(files).campaigns["it"].enter == EnterOnEvent(event="Order Completed")


def test_a_file_saved_by_windows_reads_the_same(read_with: ReadWith) -> None:
    rest = {"campaigns/rest.yaml": REST}
    book = read_with({PATH: "\ufeff" + INTRODUCTORY.replace("\n", "\r\n"), **rest})
    assert book.findings == ()
    assert book.campaigns == read_with({PATH: INTRODUCTORY, **rest}).campaigns
