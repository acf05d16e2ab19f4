"""What `nurture report CAMPAIGN` says of variants."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nurture.cli.report_variants import MOST_WINNERS, print_variants, variants_as_dicts, variants_of
from nurture.clock import DAY, HOUR, MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.reports.variants import ContestReport, VariantReport, WinnerReport
from nurture.store import hits
from nurture.store.engine import Store
from support.cli import Nurture
from support.corner import START, files, opened

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36"
CAMPAIGN = """\
topic: offers
enter: {at: 2017-01-03 09:00}
goal: {on: bought, within: 10 days}
sequence:
  - send: one
    variants: [one, two]
    winner: clicks
    test: 50%
    decide after: 4 hours
"""


def test_each_variant_is_counted_and_the_winner_named(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(store, tmp_path, files({"news": CAMPAIGN})) as corner:
        for no in range(30):
            corner.contact(f"p{no}@x.example")
        corner.until(START + 2 * DAY + 10 * HOUR)
        keys = [
            MessageKey(*row)
            for row in corner.rows("SELECT enrollment_id, step_no FROM inbox WHERE subject = 'two'")
        ]
        seen = [
            Hit(key=it, kind="click", link_no=1, at=corner.now - MINUTE, agent=BROWSER) for it in keys[:2]
        ]
        with store.write() as tx:
            hits.record(tx, seen, store.ids, corner.now)
        tested = len(corner.inbox())
        corner.until(START + 2 * DAY + 14 * HOUR)
        corner.event("p1@x.example", "bought", corner.now)
        corner.until(START + 3 * DAY)
        with store.read() as tx:
            (report,) = variants_of(tx, corner.world(), "news")
            assert variants_of(tx, corner.world(), "other") == ()
    one, two = report.variants
    assert (one.template, one.sent, one.clicked) == ("one", tested - len(keys), 0)
    assert (two.template, two.sent, two.clicked) == ("two", 30 - one.sent, 2)
    assert one.goal + two.goal == 1
    (won,) = report.winners
    assert (won.template, won.at, won.final) == ("two", START + 2 * DAY + 13 * HOUR, False)

    print_variants([report], corner.app.settings.zone)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"variants of one sent clicked goal one {one.sent} ")
    assert "two was ahead at 2017-01-03 13:00 (clicked: one 0 of" in said


def test_of_many_occasions_only_the_last_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    winners = tuple(
        WinnerReport(template="a", occasion=f"{no}", at=START - no * DAY, final=True, why="clicked")
        for no in range(MOST_WINNERS + 2)
    )
    variants = (VariantReport(template="a", sent=2, clicked=1, goal=1), VariantReport(template="b"))
    report = ContestReport(step="news", variants=variants, winners=winners)
    print_variants([report], ZoneInfo("UTC"))
    said = capsys.readouterr().out
    assert said.count("a won at") == MOST_WINNERS
    assert "and 2 earlier occasions" in said
    assert len(variants_as_dicts([report])[0]["winners"]) == MOST_WINNERS + 2


def test_a_campaign_without_variants_has_none_in_its_report(in_shop: Nurture) -> None:
    assert in_shop.ok("report", "introductory-offer", "--json").document["variants"] == []
    assert "variants" not in in_shop.ok("report", "--json").document
