"""nurture rescore: what a person is told of verdicts that change."""

from __future__ import annotations

from nurture.app import open_app
from nurture.engagement.signs import RULES
from support.cli import Nurture


def judged_by_rules_1(nurture: Nurture) -> int:
    """As if the hits of the shop came from before, each taken for a scanner's; says how many."""
    with open_app(nurture.workspace) as app, app.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM signs WHERE kind IN ('open', 'click')")
        return tx.exec_driver_sql("UPDATE hits SET rules = 1, verdict = 'scanner'").rowcount


def test_it_says_what_changed_and_again_that_nothing_is_left(in_shop: Nurture) -> None:
    count = judged_by_rules_1(in_shop)
    assert count > 0
    report = in_shop.ok("report")
    assert f"judged by rules {RULES}" in report.out
    ran = in_shop.ok("rescore")
    assert f"{count:,} opens and clicks judged by rules {RULES}." in ran.out
    assert "that counted as a scanner's: now by a person" in ran.out
    assert "of messages count now" in ran.out
    assert in_shop.ok("rescore").out == f"All opens and clicks are judged by rules {RULES} already.\n"


def test_in_json(in_shop: Nurture) -> None:
    count = judged_by_rules_1(in_shop)
    document = in_shop.ok("rescore", "--json").document
    assert document["rules"] == RULES
    assert document["hits"] == count
    assert {(it["was"], it["now"]) for it in document["changed"]} == {
        ("scanner", "human"),
        ("scanner", "prefetch"),
    }
    assert document["signs_made"] > 0 == document["signs_taken_back"]


def test_a_date_that_is_none(in_shop: Nurture) -> None:
    ran = in_shop("rescore", "--since", "yesterday")
    assert ran.status == 2
    assert "--since" in ran.err
