"""nurture report: what messages earned, and what that stands on."""

from __future__ import annotations

import pytest

from nurture.app import open_app
from support.cli import Nurture

WEEK = '[attribution]\nwithin = "8 days"\n'
"""Ann follows links on the 3rd and the 4th and orders for 10.00 on the 10th."""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 160)


@pytest.fixture
def earning(in_shop: Nurture) -> Nurture:
    """The small shop, whose orders are credited to clicks of a whole week before."""
    text = (in_shop.workspace / "nurture.toml").read_text()
    in_shop.file("nurture.toml", text + "\n" + WEEK)
    return in_shop


def cells(out: str, first: str) -> list[str]:
    return next(line.split() for line in out.splitlines() if line.split()[:1] == [first])


def test_revenue_stands_beside_what_was_sent(earning: Nurture) -> None:
    out = earning.ok("report", "introductory-offer").out
    assert "revenue" in out.splitlines()[0]
    assert "10" in cells(out, "how-it-works")
    assert (
        "revenue in USD: orders that stand, credited to the message clicked last within 8 days before them"
        in out
    )
    assert "opens and clicks by people, judged by rules 2" in out


def test_without_revenue_there_is_no_column(in_shop: Nurture) -> None:
    out = in_shop.ok("report").out
    assert "revenue" not in out


@pytest.mark.parametrize(
    ("by", "name"),
    [("campaign", "introductory-offer"), ("step", "introductory-offer"), ("message", "introductory-offer")],
)
def test_it_is_told_by_each(earning: Nurture, by: str, name: str) -> None:
    row = cells(earning.ok("report", "--revenue", by).out, name)
    assert "".join(row[-5:]).endswith("110100%0"), row


def test_another_model_on_request(earning: Nurture) -> None:
    last = earning.ok("report", "--revenue", "step", "--json").document
    first = earning.ok("report", "--revenue", "step", "--attribution", "first-click", "--json").document
    linear = earning.ok("report", "--revenue", "step", "--attribution", "linear", "--json").document
    assert [(it["step"], it["revenue"]) for it in last["revenue"]] == [("how-it-works", 10.0)]
    assert [(it["step"], it["revenue"]) for it in first["revenue"]] == [("welcome", 10.0)]
    assert sorted((it["step"], it["revenue"]) for it in linear["revenue"]) == [
        ("how-it-works", 5.0),
        ("welcome", 5.0),
    ]
    assert linear["attribution"] == {"model": "linear", "within_days": 8.0}
    assert linear["rules"] == 2
    assert linear["hits_by_other_rules"] == 0


def test_what_was_refunded_is_earned_no_more(earning: Nurture) -> None:
    with open_app(earning.workspace) as app, app.store.write() as tx:
        tx.exec_driver_sql(
            "UPDATE orders SET undone_at = ordered_at + 1, status = 'refunded' WHERE order_id = 'o1'"
        )
    document = earning.ok("report", "introductory-offer", "--json").document
    assert (document["total"]["revenue"], document["total"]["refunded"]) == (0.0, 10.0)
    assert "; 10 were refunded" in earning.ok("report", "introductory-offer").out


def test_hits_that_other_rules_judged_are_told(in_shop: Nurture) -> None:
    with open_app(in_shop.workspace) as app, app.store.write() as tx:
        count = tx.exec_driver_sql("UPDATE hits SET rules = 1").rowcount
    assert f"judged by rules 2; {count} hits still by others: nurture rescore" in in_shop.ok("report").out
    assert in_shop.ok("report", "--json").document["hits_by_other_rules"] == count


@pytest.mark.parametrize(
    ("option", "value", "near"), [("--revenue", "ofer", "offer"), ("--attribution", "last", "last-click")]
)
def test_a_word_that_is_none_of_them(in_shop: Nurture, option: str, value: str, near: str) -> None:
    ran = in_shop("report", option, value)
    assert ran.status == 2
    assert option in ran.err
    assert near in ran.err


def test_a_setting_that_cannot_be_read(in_shop: Nurture) -> None:
    text = (in_shop.workspace / "nurture.toml").read_text()
    in_shop.file("nurture.toml", text + '\n[attribution]\nwithin = "5 moons"\nmodel = "last"\n')
    ran = in_shop("report")
    assert ran.status == 1
    assert "5 moons" in ran.err
    assert '"5 days"' in ran.err
    assert "attribution.model" in ran.err


def test_explain_names_the_message_that_an_order_is_credited_to(earning: Nurture) -> None:
    out = earning.ok("explain", "ann@example.test").out
    assert "2017-01-10 10:00  order o1: 10.00 USD by introductory-offer/how-it-works\n" in out
    assert "order o2" not in out
    [earned] = earning.ok("explain", "ann@example.test", "--json").document["earned"]
    assert (earned["order"], earned["step"], earned["amount"], earned["undone"]) == (
        "o1",
        "how-it-works",
        10.0,
        False,
    )
    assert "credited" not in earning.ok("explain", "bob@example.test").out
