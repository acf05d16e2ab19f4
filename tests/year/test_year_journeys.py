"""The year's campaigns and stages: what moved whom, and when."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from itertools import pairwise

DAY = 86_400_000_000
GOALS = {
    "introductory-offer": 30,
    "reasons": 150,
    "cross-sell": 60,
    "at-risk": 45,
    "win-back": 60,
}
"""Days within which an order reaches the goal, as each campaign's file says."""


def test_transitions_form_a_chain_and_each_says_its_cause(db: sqlite3.Connection) -> None:
    chains: dict[tuple[int, int], list[sqlite3.Row]] = defaultdict(list)
    for row in db.execute("SELECT * FROM transitions WHERE superseded_at = 0 ORDER BY at, id"):
        chains[row["contact_id"], row["line_id"]].append(row)
    for chain in chains.values():
        assert chain[0]["from_stage"] == "prospect/awareness"
        for row in chain:
            assert row["from_stage"] != row["to_stage"]
            cause = json.loads(row["cause"])
            assert cause["by"] in ("order", "time", "click"), cause
            assert len(cause) > 1, "the facts that the rule saw"
            assert row["rule"] or row["to_stage"] == "prospect/awareness"
        for before, after in pairwise(chain):
            assert before["to_stage"] == after["from_stage"]
            assert before["at"] < after["at"]
            if json.loads(after["cause"])["by"] == "time":
                assert after["at"] - before["at"] >= DAY, "a stage is kept a day at least"


def test_the_stage_that_is_kept_is_where_the_chain_ends(db: sqlite3.Connection) -> None:
    ends = {
        (row["contact_id"], row["line_id"]): (row["to_stage"], row["at"])
        for row in db.execute("SELECT * FROM transitions WHERE superseded_at = 0 ORDER BY at, id")
    }
    kept = {
        (row["contact_id"], row["line_id"]): (row["stage"], row["since"])
        for row in db.execute("SELECT * FROM stages")
    }
    assert kept == ends


def test_a_change_by_an_order_is_dated_by_that_order(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT count(*) AS n, sum(EXISTS (SELECT 1 FROM orders o WHERE o.contact_id = t.contact_id"
        ' AND o.ordered_at = t.at)) AS found FROM transitions t WHERE t.cause LIKE \'%"by": "order"%\''
    ).fetchone()
    assert rows["n"] == rows["found"] > 1_000


def test_campaigns_of_product_lines_run_one_line_at_a_time(db: sqlite3.Connection) -> None:
    entries: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in db.execute(
        "SELECT e.* FROM enrollments e JOIN campaigns k ON k.id = e.campaign_id WHERE k.key = 'cross-sell'"
        " ORDER BY e.entered_at, e.id"
    ):
        assert row["line_id"] > 0
        entries[row["contact_id"]].append(row)
    assert max(len(of) for of in entries.values()) > 2
    for of in entries.values():
        assert len({row["line_id"] for row in of}) == len(of), "no line twice"
        for before, after in pairwise(of):
            assert 0 < before["closed_at"] <= after["entered_at"], (dict(before), dict(after))


def test_nobody_hears_of_a_line_that_they_have_bought_on(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT m.contact_id FROM messages m JOIN campaigns k ON k.id = m.campaign_id"
        " JOIN (SELECT contact_id, line_id, min(ordered_at) AS first FROM order_lines GROUP BY 1, 2) o"
        " ON o.contact_id = m.contact_id AND o.line_id = m.line_id"
        " WHERE k.key = 'cross-sell' AND m.outcome = 'sent' AND m.done_at >= o.first"
    ).fetchall()
    assert rows == []


def test_goals_are_reached_by_orders_within_their_time_and_by_nothing_else(db: sqlite3.Connection) -> None:
    orders = defaultdict(set)
    for row in db.execute("SELECT contact_id, 0 AS line_id, ordered_at FROM orders"):
        orders[row["contact_id"], 0].add(row["ordered_at"])
    for row in db.execute("SELECT contact_id, line_id, ordered_at FROM order_lines"):
        orders[row["contact_id"], row["line_id"]].add(row["ordered_at"])
    reached = 0
    for row in db.execute("SELECT e.*, k.key FROM enrollments e JOIN campaigns k ON k.id = e.campaign_id"):
        if row["key"] not in GOALS:
            assert row["goal_at"] == 0
            continue
        end = row["entered_at"] + GOALS[row["key"]] * DAY
        times = orders[row["contact_id"], row["line_id"]]
        first = min((at for at in times if row["entered_at"] <= at <= end), default=0)
        assert row["goal_at"] == first, dict(row)
        reached += bool(first)
    assert reached > 200


def test_who_left_by_the_goal_left_at_the_moment_of_the_order(db: sqlite3.Connection) -> None:
    rows = db.execute("SELECT * FROM enrollments WHERE reason = 'goal'").fetchall()
    assert rows
    assert all(row["closed_at"] == row["goal_at"] > 0 for row in rows)


def test_entries_by_a_stage_are_of_contacts_who_came_into_it(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT e.entered_at, c.created_at, c.id FROM enrollments e JOIN campaigns k ON k.id = e.campaign_id"
        " JOIN contacts c ON c.id = e.contact_id WHERE k.key = 'introductory-offer'"
    ).fetchall()
    assert len(rows) > 60
    assert all(row["entered_at"] == row["created_at"] for row in rows), "everybody begins as a prospect"
    rows = db.execute(
        "SELECT count(*) AS n, sum(EXISTS (SELECT 1 FROM transitions t WHERE t.contact_id = e.contact_id"
        " AND t.line_id = 0 AND t.at = e.entered_at AND t.to_stage = 'lapsed')) AS found"
        " FROM enrollments e JOIN campaigns k ON k.id = e.campaign_id WHERE k.key = 'win-back'"
    ).fetchone()
    assert rows["n"] == rows["found"] > 10
