"""`nurture stages` against the same counts worked out from the CSV files by hand."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.nurture_command import nurture_json
from support.stages_by_hand import PROSPECT, counts, households, order_times, stage_at

MOMENTS = ("2017-03-15T12:00:00Z", "2017-06-30T23:59:59Z", "2017-10-08T03:30:00Z", "2017-12-31T23:59:59Z")
LINES = ("", "FLORAL", "SEAFOOD", "DRUG GM")


def together(stages: dict[str, int]) -> Counter[str]:
    """Counts as nurture gave them, all prospects as one."""
    found: Counter[str] = Counter()
    for stage, count in stages.items():
        found[PROSPECT if stage.startswith("prospect/") else stage] += count
    return +found


def microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def made_up(db: sqlite3.Connection, at: datetime) -> int:
    """How many of the made-up people had signed up by then; they never order."""
    row = db.execute(
        "SELECT count(*) FROM contacts WHERE email LIKE 'visitor-%' AND created_at <= ?", [microseconds(at)]
    ).fetchone()
    return int(row[0])


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("line", LINES)
def test_the_counts_are_those_worked_out_from_the_orders_by_hand(
    year: Path, db: sqlite3.Connection, moment: str, line: str
) -> None:
    at = datetime.fromisoformat(moment)
    expected = counts(at, line)
    expected[PROSPECT] += made_up(db, at)

    said = nurture_json("stages", "--at", moment, "--line", line, "--workspace", year)

    assert together(said["stages"]) == +expected
    assert said["total"] == expected.total()


@pytest.mark.parametrize("line", LINES)
def test_every_single_household_stands_where_its_orders_say(db: sqlite3.Connection, line: str) -> None:
    at = datetime(2017, 6, 30, 23, 59, 59, tzinfo=UTC)
    rows = db.execute(
        "SELECT c.email, t.to_stage FROM transitions t JOIN contacts c ON c.id = t.contact_id"
        " LEFT JOIN lines l ON l.id = t.line_id"
        " WHERE coalesce(l.name, '') = ? AND t.at <= ? AND t.superseded_at = 0 ORDER BY t.at, t.id",
        [line, microseconds(at)],
    )
    stored = {row["email"]: row["to_stage"] for row in rows}
    times = order_times(line)
    for email in households():
        stage = stored.get(email, PROSPECT)
        found = PROSPECT if stage.startswith("prospect/") else stage
        assert found == stage_at(times.get(email, ()), at), email
