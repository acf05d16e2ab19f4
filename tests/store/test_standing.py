from __future__ import annotations

from contextlib import closing

from nurture.clock import NEVER
from nurture.store import standing
from nurture.store.engine import Store, open_store
from nurture.store.standing import Here
from nurture.store.statements import table
from nurture.store.tables import EnrollmentRow, OutboxRow
from support.databases import START

HELLO, OTHER = 1, 2


def _enroll(store: Store, number: int, step_no: int, *, campaign: int = HELLO, **more: object) -> None:
    row = EnrollmentRow(
        id=number,
        campaign_id=campaign,
        contact_id=number,
        line_id=0,
        entry_key=f"key {number}",
        step_no=step_no,
    )
    with store.write() as tx:
        tx.execute(table(EnrollmentRow).insert(), [row.model_dump() | more])


def _plan(store: Store, enrollment: int, step_no: int) -> None:
    row = OutboxRow(enrollment_id=enrollment, step_no=step_no, contact_id=enrollment, campaign_id=HELLO)
    with store.write() as tx:
        tx.execute(table(OutboxRow).insert(), [row.model_dump()])


def test_people_are_counted_at_their_step_and_so_are_those_whose_message_is_on_its_way(store: Store) -> None:
    _enroll(store, 11, 1, behind=True, due_at=NEVER)
    _enroll(store, 12, 1, behind=True, due_at=0)
    _enroll(store, 13, 1)
    _enroll(store, 14, 2)
    _plan(store, 11, 1)
    _plan(store, 14, 1)
    with store.read() as tx:
        assert standing.at_steps(tx, HELLO) == {
            1: Here(people=3, on_their_way=1),
            2: Here(people=1, on_their_way=0),
        }


def test_who_has_left_or_is_in_another_campaign_is_not_counted(store: Store) -> None:
    _enroll(store, 21, 1, closed_at=5)
    _enroll(store, 22, 1, campaign=OTHER)
    with store.read() as tx:
        assert standing.at_steps(tx, HELLO) == {}


def test_only_the_open_entries_of_the_campaign_are_read(sqlite_url: str) -> None:
    with closing(open_store(sqlite_url, now=START, durable=False)) as store, store.read() as tx:
        asked = f"EXPLAIN QUERY PLAN {standing.STANDING.compile(tx)}"
        plan = " ".join(map(str, tx.exec_driver_sql(asked, (HELLO,)).all()))
    assert "enrollments_one_open (campaign_id=?)" in plan
    assert "SCAN" not in plan
