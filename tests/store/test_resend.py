"""Planning unknown messages a second time, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import event

from nurture.clock import DAY, NEVER
from nurture.delivery.outcome import MessageKey
from nurture.store.engine import Store, open_store
from nurture.store.handover import commit_group, recover
from nurture.store.journeys import Move, by_ids, go_on, move
from nurture.store.resend import Again, plan_again, unknown
from support.letters import claim_due, outcomes, plan_messages

NOW = 1_500_000_000_000_000


def lost(store: Store, count: int) -> list[MessageKey]:
    keys = plan_messages(store, count, NOW)
    with store.write() as tx:
        claim_due(tx, 7, NOW, count)
        commit_group(tx, 7, [], keys, NOW)
        recover(tx, [7], NOW, {})
    return keys


def again(keys: list[MessageKey]) -> list[Again]:
    return [Again(key=it, lane="google", priority=9, stale_at=NOW + DAY) for it in keys]


def test_two_who_ask_at_once_plan_each_once(store: Store) -> None:
    keys = lost(store, 40)

    def ask(rows: list[Again]) -> set[MessageKey]:
        with store.write() as tx:
            return plan_again(tx, rows, NOW + 1)

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(ask, (again(keys), again(keys)))
    assert one | other == set(keys)
    assert not one & other
    assert set(outcomes(store).values()) == {("", "0")}


def test_what_is_not_unknown_is_left_alone(store: Store) -> None:
    unknown = lost(store, 1)
    planned = plan_messages(store, 1, NOW)
    with store.write() as tx:
        nobodys = MessageKey(1, 1)
        assert plan_again(tx, again([*planned, *unknown, nobodys]), NOW) == set(unknown)
        assert plan_again(tx, [], NOW) == set()
        times = tx.exec_driver_sql("SELECT DISTINCT done_at FROM messages").scalars().all()
        assert times == [0], "what is open has no time: by that it is found"


def test_it_holds_up_nobody_who_was_moved_back_to_what_they_had(store: Store) -> None:
    [key] = lost(store, 1)
    with store.write() as tx:
        plan_again(tx, again([key]), NOW)
        move(tx, [Move(id=key.enrollment_id, step_no=2, behind=True, since=NOW, due_at=NEVER)])
        go_on(tx, [key.enrollment_id], NOW + 1)
        assert by_ids(tx, [key.enrollment_id])[key.enrollment_id].due_at == NOW + 1
        move(tx, [Move(id=key.enrollment_id, step_no=1, behind=True, since=NOW, due_at=NEVER)])
        go_on(tx, [key.enrollment_id], NOW + 1)
        assert by_ids(tx, [key.enrollment_id])[key.enrollment_id].due_at == NEVER


def test_unknown_messages_are_found_by_an_index_of_their_own(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=NOW, durable=False)
    asked: list[str] = []
    with store.read() as tx:
        event.listen(tx, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert unknown(tx, since=NOW) == []
        plan = tx.connection.cursor().execute(f"EXPLAIN QUERY PLAN {asked[0]}", (NOW,)).fetchall()
    store.close()
    assert "messages USING INDEX messages_unknown (done_at>?)" in str(plan)
