"""nurture explain: why somebody is in a campaign, or not, for somebody who reads it for the first time."""

from __future__ import annotations

import pytest

from support.cli import Nurture


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 80)


def told(nurture: Nurture, address: str, *more: str) -> str:
    """What is said, each paragraph on one line."""
    return " ".join(nurture.ok("explain", address, *more).out.split())


def test_every_campaign_in_force_says_why_they_are_not_in_it(in_shop: Nurture) -> None:
    files = [it for it in (in_shop.workspace / "campaigns").glob("*/*.yaml") if it.parent.name != "tests"]
    document = in_shop.ok("explain", "cleo@example.test", "--json").document
    inside = {it["campaign"] for it in document["entries"] if it["left_at"] is None}
    outside = {it["campaign"]: it for it in document["outside"]}
    assert not inside & set(outside)
    assert inside | set(outside) == {it.stem for it in files}
    assert all(it["why"] for it in outside.values())
    assert outside["loyalty"]["saw"] == {"stage": document["stage"]}


def test_an_open_entry_says_what_it_waits_for(in_shop: Nurture) -> None:
    document = in_shop.ok("explain", "cleo@example.test", "--json").document
    entries = [it for it in document["entries"] if it["left_at"] is None]
    assert entries
    assert all(it["waiting"]["says"] and it["waiting"]["kind"] != "stuck" for it in entries)


def test_times_are_the_contacts_own_and_the_zone_is_named(in_shop: Nurture) -> None:
    rows = "email,timezone,country,created_at\nmia@example.test,,JP,2017-01-02T00:00Z\n"
    in_shop.ok("import", "contacts", in_shop.file("p.csv", rows), "--consent", "a form")
    said = told(in_shop, "mia@example.test")
    assert "known since 2017-01-02 09:00 times are in Asia/Tokyo, their country's zone" in said


def test_it_keeps_to_the_width_of_the_terminal(in_shop: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 50)
    out = in_shop.ok("explain", "ann@example.test").out
    assert max(map(len, out.splitlines())) <= 50


def test_somebody_who_agreed_to_nothing_is_told_so_by_each_campaign(in_shop: Nurture) -> None:
    in_shop("import", "contacts", in_shop.file("p.csv", "email\nmia@example.test\n"))
    said = told(in_shop, "mia@example.test")
    assert "nothing, so no marketing goes to them" in said
    assert 'they did not agree to the topic "offers", or have switched it off' in said


def test_a_slip_in_the_address_is_put_right(in_shop: Nurture) -> None:
    ran = in_shop("explain", "an@example.test")
    assert ran.status == 2
    assert "no contact has the address an@example.test" in ran.err
    assert 'Did you mean "ann@example.test"?' in ran.err


def test_an_address_may_be_written_in_upper_case(in_shop: Nurture) -> None:
    assert in_shop.ok("explain", "ANN@Example.Test").out.startswith("ann@example.test  Ann\n")
