"""The arithmetic of care."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from nurture.clock import format_iso, parse_iso
from nurture.reports.care import CareRow, add_groups, month_starts, movement, present

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("prospect/decision", "customer/first-time", "won"),
        ("prospect/awareness", "prospect/decision", ""),
        ("customer/repeat", "lapsed", "lost"),
        ("client/at-risk", "lapsed", "lost"),
        ("prospect/awareness", "lapsed", ""),
        ("lapsed", "customer/repeat", "back"),
        ("customer/first-time", "client", ""),
        ("customer/first-time", "prospect/awareness", ""),
    ],
)
def test_who_is_won_and_who_is_lost(before: str, after: str, what: str) -> None:
    assert movement(before, after) == what


def test_months_begin_at_midnight_of_the_workspace_through_both_changes_of_the_clock() -> None:
    months = month_starts(parse_iso("2026-11-15T12:00", BERLIN), BERLIN, 9)
    assert [name for name, _ in months][:3] == ["2026-03", "2026-04", "2026-05"]
    starts = {name: format_iso(at, BERLIN) for name, at in months}
    assert starts["2026-03"] == "2026-03-01T00:00:00+01:00"
    assert starts["2026-04"] == "2026-04-01T00:00:00+02:00"
    assert starts["2026-11"] == "2026-11-01T00:00:00+01:00"


def test_somebody_who_came_halfway_is_half_a_person_present() -> None:
    assert present(0, 45, 0, 90) == 0.5
    assert present(2, 45, 90, 90) == 1.5


def test_a_stage_where_nobody_stood_has_no_messages_each() -> None:
    row = CareRow(stage="client", contacts=0, present=0.0, messages=0, offers=0, came=0, went=0)
    assert row.messages_per_contact is None
    assert row.offers_per_contact is None


def test_stages_add_up_to_their_groups() -> None:
    def row(stage: str, n: int) -> CareRow:
        return CareRow(stage=stage, contacts=n, present=n, messages=2 * n, offers=n, came=n, went=n)

    groups = add_groups([row("prospect/awareness", 1), row("client", 4), row("prospect/decision", 2)])
    assert [(it.stage, it.contacts, it.messages) for it in groups] == [("prospect", 3, 6), ("client", 4, 8)]
