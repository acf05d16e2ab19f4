"""What a notice says to a person and to a machine, and that hostile data stays data in both."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from email.parser import BytesParser
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from nurture.audience.contact import Contact, Scalar
from nurture.audience.facts import (
    EngagementFacts,
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    OrderFacts,
    StageFacts,
)
from nurture.clock import DAY, HOUR, Moment
from nurture.messages.headers import control_character
from nurture.messages.mime import MailHeaders, compose, verify
from nurture.messages.notice import About, Deed
from nurture.messages.notice_body import body
from nurture.messages.notice_mail import mail

NOW: Moment = 1_483_228_800_000_000
HEADERS = MailHeaders(key=(7, 2), sender="Shop <hello@shop.example>", to="owner@shop.example", now=NOW)


def about(note: str = "Call them today.\nThey asked for a price.", **contact: object) -> About:
    who = Contact(
        id=2**60,
        email="ann@example.test",
        first_name="Ann",
        last_name="Lee",
        country="AT",
        tags=("vip", "demo"),
        created_at=NOW - 40 * DAY,
        attributes={"company": "Lee Ltd", "seats": 12, "score": 0.5, "trial": True},
    )
    return About(
        facts=Facts(
            contact=replace(who, **contact),  # type: ignore[arg-type]  # fields by name
            stage=StageFacts(name="prospect/curious", since=NOW - DAY),
            orders=OrderFacts(count=2, total=12_345, first_at=NOW - 9 * DAY, last_at=NOW - 2 * DAY),
            line=LineFacts(name="FLORAL", stage=StageFacts(name="customer", since=NOW - DAY)),
            engagement=EngagementFacts(received=5, opens=3, clicks=2),
            entry=EntryFacts(
                campaign="trial",
                enrollment_id=7,
                entered_at=NOW - 3 * HOUR,
                event=Event(name="viewed_pricing", at=NOW - 3 * HOUR, properties={"plan": "team"}),
            ),
        ),
        campaign="trial",
        campaign_name="Trial to customer",
        step="tell-sales",
        note=note,
        at=NOW,
        deeds=(
            Deed(at=NOW - HOUR, did="clicked", what="trial › prices"),
            Deed(at=NOW - DAY, did="event", what="viewed_pricing", properties={"plan": "team"}),
            Deed(at=NOW - 2 * DAY, did="ordered", what="A-1", amount=10_000),
            Deed(at=NOW - 9 * DAY, did="ordered", what="A-0", amount=2_345, undone=True),
        ),
        zone=ZoneInfo("Europe/Vienna"),
        currency="EUR",
    )


def test_the_mail_says_who_why_and_what_they_did() -> None:
    it = mail(about())
    assert it.subject == "Ann Lee: Call them today."
    assert it.text == (
        "Call them today.\n"
        "They asked for a price.\n"
        "\n"
        "Who\n"
        "---\n"
        "Name         Ann Lee\n"
        "Address      ann@example.test\n"
        "Country      AT\n"
        "Stage        prospect/curious\n"
        "Line         FLORAL (customer)\n"
        "Tags         vip, demo\n"
        "Known since  2016-11-22\n"
        "\n"
        "Why\n"
        "---\n"
        "Campaign  Trial to customer\n"
        "Step      tell-sales\n"
        "Since     2017-01-01 01:00 CET\n"
        "Entered   2016-12-31 22:00 CET\n"
        "Event     viewed_pricing (plan: team)\n"
        "\n"
        "What they did\n"
        "-------------\n"
        "Orders                2, €123.45 in all\n"
        "Messages              5 received, 3 opened, 2 clicked\n"
        "2017-01-01 00:00 CET  clicked trial › prices\n"
        "2016-12-31 01:00 CET  viewed_pricing (plan: team)\n"
        "2016-12-30 01:00 CET  ordered for €100.00 (A-1)\n"
        "2016-12-23 01:00 CET  ordered for €23.45 (A-0), taken back\n"
        "\n"
        "Attributes\n"
        "----------\n"
        "company  Lee Ltd\n"
        "seats    12\n"
        "score    0.5\n"
        "trial    yes\n"
        "\n"
        "All about them: nurture explain ann@example.test\n"
    )


def test_the_html_says_the_same() -> None:
    it = mail(about())
    seen = re.sub(r"\s+", "", html.fromstring(it.html).find("body").text_content())
    for line in it.text.splitlines():
        if not set(line) <= {"-"}:
            assert re.sub(r"\s+", "", line) in seen, line


def test_a_stranger_of_whom_nothing_is_known_can_be_told_of() -> None:
    it = about(note="")
    bare = replace(
        it, facts=Facts(contact=Contact(id=1, email="x@y.test"), stage=StageFacts(name="new", since=0))
    )
    said = mail(replace(bare, deeds=()))
    assert said.subject == "x@y.test: Trial to customer"
    assert "Orders    none" in said.text
    told = json.loads(body(bare))["data"]
    assert (told["line"], told["event"], told["entered_at"]) == (None, None, None)
    assert told["stage"] == {"name": "new", "since": None}


def test_the_webhook_says_the_same_in_json() -> None:
    told = json.loads(body(about()))
    assert (told["type"], told["version"], told["timestamp"]) == ("notify", 1, "2017-01-01T00:00:00Z")
    data = told["data"]
    assert data["contact"] == {
        "id": "1152921504606846976",
        "email": "ann@example.test",
        "external_id": "",
        "first_name": "Ann",
        "last_name": "Lee",
        "locale": "",
        "timezone": "",
        "country": "AT",
        "tags": ["vip", "demo"],
        "created_at": "2016-11-22T00:00:00Z",
        "attributes": {"company": "Lee Ltd", "seats": 12, "score": 0.5, "trial": True},
    }
    assert data["campaign"] == {"key": "trial", "name": "Trial to customer", "step": "tell-sales"}
    assert data["line"] == {"name": "FLORAL", "stage": {"name": "customer"}}
    assert data["note"] == "Call them today.\nThey asked for a price."
    assert data["event"]["properties"] == {"plan": "team"}
    assert data["orders"]["total"] == "123.45" and data["orders"]["currency"] == "EUR"
    assert data["engagement"] == {"received": 5, "opens": 3, "clicks": 2}
    assert [it["did"] for it in data["lately"]] == ["clicked", "event", "ordered", "ordered"]
    assert data["lately"][3] == {
        "at": "2016-12-23T00:00:00Z", "did": "ordered", "what": "A-0", "amount": "23.45", "currency": "EUR",
        "undone": True,
    }  # fmt: skip


def test_money_without_minor_units_has_no_point() -> None:
    it = replace(about(), currency="JPY")
    assert json.loads(body(it))["data"]["orders"]["total"] == "12345"
    assert "¥12,345 in all" in mail(it).text


@pytest.mark.parametrize(
    "name",
    [
        "Ann\r\nBcc: all@example.test",
        "=?utf-8?q?Ann=0D=0ABcc:_x@example.test?=",
        "Ann\u2028Bcc: x",
        "\u202egnp.exe",
        "<script>alert(1)</script>",
        "Ann" * 1_000,
        "\x00\x1b[2J",
        "😀 Ωmega",
    ],
)
def test_a_hostile_name_is_only_a_name(name: str) -> None:
    it = mail(about(first_name=name, note=""))
    content = compose(it, HEADERS)
    verify(content, HEADERS.names)
    parsed = BytesParser(policy=default).parsebytes(content)
    assert list(parsed.keys()) == list(HEADERS.names)
    assert not control_character(it.subject)
    assert "<script>" not in it.html
    assert "\x1b" not in it.text and "\u202e" not in it.text + it.html
    assert "\r\nBcc:" not in content.decode("utf-8", "replace")


words = st.text(max_size=40)
scalars: st.SearchStrategy[Scalar] = words | st.floats() | st.booleans() | st.integers(-(2**63), 2**63)


@given(words, words, words, words, words, st.dictionaries(words, scalars, max_size=5), words)
def test_whatever_the_data_holds_both_can_be_written(
    first: str, last: str, country: str, step: str, note: str, values: dict[str, Scalar], event: str
) -> None:
    it = about(note=note, first_name=first, last_name=last, country=country, tags=(first,), attributes=values)
    deeds = (Deed(at=NOW, did="event", what=event, properties=values),)
    it = replace(it, step=step, campaign_name=last, deeds=deeds)
    verify(compose(mail(it), HEADERS), HEADERS.names)
    told = json.loads(body(it))["data"]
    assert told["contact"]["first_name"] == first
    parsed = html.fromstring(mail(it).html)
    assert {str(node.tag) for node in parsed.iter()} <= {
        "html", "head", "meta", "title", "body", "p", "br", "h2", "table", "tbody", "tr", "th", "td", "a",
    }  # fmt: skip


def test_nobody_makes_it_large() -> None:
    many: dict[str, Scalar] = {f"k{number}" * 1_000: "v" * 100_000 for number in range(1_000)}
    it = about(note="n" * 100_000, attributes=many, tags=("t" * 100,) * 1_000)
    assert len(body(it)) < 100_000
    assert len(mail(it).text) < 100_000
