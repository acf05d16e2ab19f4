"""Reports counted by SQL, against the same worked out in plain Python."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from nurture.clock import DAY, HOUR, Moment
from nurture.reports.campaigns import add_up
from nurture.store import inbox
from nurture.store.engine import Store
from nurture.store.report_care import care
from nurture.store.report_explain import explain, lately, stories
from nurture.store.report_stages import (
    first_happening,
    line_id,
    stages_at,
    stages_over_time,
)
from nurture.store.reports import campaigns
from nurture.store.statements import table
from nurture.store.tables import ContactRow, LineRow, MessageRow, TransitionRow
from support.shop import STAGES, START, Shop, fill

FIRST = STAGES[0]
_transitions = table(TransitionRow)


@pytest.fixture
def shop(store: Store) -> Shop:
    """Forty people's year."""
    return fill(store, people=40)


def by_hand(store: Store, at: Moment) -> dict[str, int]:
    """Stages at a moment, one contact after the other."""
    found: Counter[str] = Counter()
    with store.read() as tx:
        changes = tx.execute(select(_transitions).order_by(_transitions.c.at, _transitions.c.id)).all()
        for contact in tx.execute(select(table(ContactRow))):
            stood = [it.to_stage for it in changes if it.contact_id == contact.id and it.at <= at]
            if stood or contact.created_at <= at:
                found[stood[-1] if stood else FIRST] += 1
    return dict(found)


def test_stages_at_a_moment_are_those_that_the_transitions_tell(store: Store, shop: Shop) -> None:
    for day in (0, 30, 111, 200, 330):
        at = START + day * DAY + 10 * HOUR
        with store.read() as tx:
            assert stages_at(tx, 0, at, FIRST) == by_hand(store, at)


def test_over_time_says_what_each_moment_says_alone(store: Store, shop: Shop) -> None:
    with store.read() as tx:
        series = stages_over_time(tx, 0, FIRST, START, 9 * DAY, 30)
        for number, counts in enumerate(series):
            assert counts == stages_at(tx, 0, START + number * 9 * DAY, FIRST)


def test_a_contact_whose_past_was_imported_stood_there_before_the_import(store: Store) -> None:
    with store.write() as tx:
        tx.execute(
            table(ContactRow).insert(), {"id": 1, "email": "a@example.test", "created_at": START + 90 * DAY}
        )
        changes = ((1, FIRST, "client", START, 0), (2, "client", "lapsed", START + DAY, START + 2 * DAY))
        columns = ("id", "from_stage", "to_stage", "at", "superseded_at")
        for change in changes:
            row = dict(zip(columns, change, strict=True), contact_id=1, line_id=0)
            tx.execute(_transitions.insert(), row)
    with store.read() as tx:
        assert stages_at(tx, 0, START - 1, FIRST) == {}
        assert stages_at(tx, 0, START + 5 * DAY, FIRST) == {"client": 1}
        assert stages_over_time(tx, 0, FIRST, START - DAY, DAY, 4)[1:] == ({"client": 1},) * 3


def test_on_a_line_everybody_starts_at_the_first_stage(store: Store, shop: Shop) -> None:
    with store.write() as tx:
        tx.execute(table(LineRow).insert(), {"id": 4, "name": "FLORAL"})
    with store.read() as tx:
        assert line_id(tx, "FLORAL") == 4
        assert line_id(tx, "") == 0
        assert line_id(tx, "floral") is None
        assert stages_at(tx, 4, shop.now, FIRST) == {FIRST: 40}


def test_the_sum_of_the_report_is_the_inbox(store: Store, shop: Shop) -> None:
    with store.read() as tx:
        reports = campaigns(tx)
        total = add_up(it.counts for it in reports)
        planned = len(tx.execute(select(table(MessageRow).c.step_no)).all())
        assert total.sent == inbox.count(tx) == len(shop.sent)
        assert total.planned == planned
        assert total.skips > 0
        assert set(total.skipped) == {"goal", "stage", "not-agreed"}
        assert 0 < total.clicked < total.opened < total.sent
    assert [step.step for step in next(it for it in reports if it.key == "introductory-offer").steps] == [
        "welcome",
        "how-it-works",
        "first-order",
    ]


def test_care_counts_the_time_people_spent_at_each_stage(store: Store, shop: Shop) -> None:
    with store.read() as tx:
        found = care(tx, shop.now, stages=STAGES, months=[("one", START), ("two", START + 100 * DAY)])
        at_end = stages_at(tx, 0, shop.now, FIRST)
    assert {row.stage: row.contacts for row in found.rows if row.contacts} == at_end
    # One look a day is near enough to the exact integral.
    days: Counter[str] = Counter()
    for day in range(90):
        days.update(by_hand(store, shop.now - day * DAY - DAY // 2))
    for row in found.rows:
        assert row.present == pytest.approx(days[row.stage] / 90, abs=0.35)
    won = sum(it.won for it in found.months)
    with store.read() as tx:
        changes = tx.execute(select(_transitions)).all()
    assert won == sum(it.to_stage == "customer/first-time" for it in changes)


def test_an_empty_workspace_reports_nothing_and_fails_nowhere(store: Store) -> None:
    with store.read() as tx:
        assert campaigns(tx) == ()
        assert lately(tx) == ()
        assert stages_at(tx, 0, START, FIRST) == {}
        assert first_happening(tx) is None
        assert [row.messages_per_contact for row in care(tx, START, stages=STAGES).rows] == [None] * len(
            STAGES
        )
        assert explain(tx, 1, first=FIRST, suppression_key=b"k") is None


def test_explain_tells_each_message_and_what_became_of_it(store: Store, shop: Shop) -> None:
    with store.read() as tx:
        told = [explain(tx, one, first=FIRST, suppression_key=b"k") for one in shop.contacts]
        messages = [m for it in told if it for entry in it.entries for m in entry.messages]
        assert len(messages) == len(tx.execute(select(table(MessageRow).c.step_no)).all())
    assert {it.state for it in messages} == {"sent", "skipped"}
    assert all(it.reason for it in messages)
    first = told[0]
    assert first is not None
    assert [(it.topic, it.agreed) for it in first.consents] == [("offers", True), ("news", True)]
    assert first.suppressed == ""
    assert all(
        one.at <= other.at for one, other in zip(first.transitions, first.transitions[1:], strict=False)
    )


def test_the_newest_messages_come_first(store: Store, shop: Shop) -> None:
    with store.read() as tx:
        newest = lately(tx, 5)
        times = [story.done_at for _, _, story in newest]
        assert times == sorted((it.done_at for it in stories(tx, shop.sent).values()), reverse=True)[:5]
        assert all(email.endswith("@example.test") for _, email, _ in newest)
