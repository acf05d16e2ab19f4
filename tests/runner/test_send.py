"""Sending as the daemon does it, to a relay in the same loop; and once, as a replay does it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

import pytest
from structlog.testing import capture_logs

from nurture.clock import DAY, MINUTE, NEVER, SECOND, Clock, SystemClock, VirtualClock
from nurture.delivery.outcome import MessageKey
from nurture.errors import ServiceError
from nurture.providers.base import RelayDown
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.runner.by_hand import by_hand, send_due
from nurture.runner.prepared import Dropped, Held, Prepared
from nurture.runner.send import Handling, Pace, Sending, Work
from nurture.settings import Relay
from nurture.store import inbox, senders
from nurture.store.claims import Claimed
from nurture.store.engine import Store
from nurture.store.handover import recover
from nurture.store.journeys import by_ids
from nurture.store.outbox import counts, skip_contact
from nurture.store.senders import SendingLock
from nurture.store.suppressions import hash_address, suppressed
from support.letters import letter, outcomes, plan_messages, prepare
from support.scripted_relay import SILENCE, ScriptedRelay

QUICK = Pace(look_every=0.02, say_every=60.0, wait_first=0.05, wait_most=0.1, beat_every=0.05, grace=5.0)


def handling(how: Work = prepare, recheck: Work | None = None) -> Handling:
    return Handling(prepare=how, recheck=recheck, hash_address=lambda address: hash_address(b"key", address))


def sending(
    store: Store, port: int, how: Work = prepare, *, pace: Pace = QUICK, connections: int = 3
) -> Sending:
    relay = Relay(host="127.0.0.1", port=port, connections=connections)
    return Sending(store, SmtpProvider(relay), SystemClock(), handling(how), pace=pace)


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


def nothing_waits(store: Store) -> bool:
    with store.read() as tx:
        return not any(counts(tx).values())


async def run_until(it: Sending, holds: Callable[[], bool]) -> None:
    """Run until `holds`, then stop and wait for the end."""
    stop = asyncio.Event()
    work = asyncio.create_task(it.run(stop))
    waiting = asyncio.create_task(until(holds))
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await work
    await waiting


def sent(store: Store) -> set[MessageKey]:
    return {key for key, (outcome, _) in outcomes(store).items() if outcome == "sent"}


def test_everything_due_is_sent_once(store: Store) -> None:
    keys = plan_messages(store, 450, SystemClock().now())

    async def run() -> list[str]:
        async with ScriptedRelay() as relay:
            await run_until(sending(store, relay.port), lambda: nothing_waits(store))
            return [it.recipient for it in relay.taken]

    recipients = asyncio.run(run())
    assert sorted(recipients) == sorted(letter(key).recipient for key in keys)
    assert sent(store) == set(keys)


def test_a_relay_that_is_down_is_waited_for_and_said_once(store: Store) -> None:
    keys = plan_messages(store, 30, SystemClock().now())

    async def run() -> None:
        async with ScriptedRelay() as gone:
            port = gone.port
        it = sending(store, port)
        stop = asyncio.Event()
        work = asyncio.create_task(it.run(stop))
        await asyncio.sleep(0.7)
        with store.read() as tx:
            assert counts(tx)["handed"] == 0
        async with ScriptedRelay(port=port):
            await until(lambda: nothing_waits(store))
        stop.set()
        await work

    with capture_logs() as logs:
        asyncio.run(run())
    said = [entry for entry in logs if entry.get("trouble") == "relay" and entry["log_level"] == "warning"]
    assert len(said) == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "info"] == ["it works again"]
    assert sent(store) == set(keys)
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT sum(attempts) FROM outbox").scalar() is None


def test_a_trouble_that_lasts_is_said_again_after_the_interval(store: Store) -> None:
    plan_messages(store, 5, SystemClock().now())

    with capture_logs() as logs:

        def said() -> list[int]:
            return [entry["times"] for entry in logs if entry.get("trouble") == "relay"]

        async def run() -> None:
            async with ScriptedRelay() as gone:
                port = gone.port
            pace = Pace(look_every=0.02, say_every=0.5, wait_first=0.01, wait_most=0.01)
            await run_until(sending(store, port, pace=pace), lambda: len(said()) >= 2)

        asyncio.run(run())
    first, second = said()[:2]
    assert first == 1
    assert second >= 3


def test_an_unsubscribe_while_a_message_is_in_hand_stops_it(store: Store) -> None:
    keys = plan_messages(store, 20, SystemClock().now())

    def prepare_and_unsubscribe(claims: list[Claimed]) -> Sequence[Prepared]:
        with store.write() as tx:
            skip_contact(tx, 7, "not-agreed", SystemClock().now())
        return prepare(claims)

    async def run() -> list[str]:
        async with ScriptedRelay() as relay:
            it = sending(store, relay.port, prepare_and_unsubscribe)
            await run_until(it, lambda: nothing_waits(store))
            assert relay.empty_bodies == 0
            return [it.recipient for it in relay.taken]

    recipients = asyncio.run(run())
    assert letter(keys[6]).recipient not in recipients
    assert len(recipients) == 19
    assert outcomes(store)[keys[6]] == ("skipped", "not-agreed")


def test_a_process_that_was_taken_for_dead_sends_nothing_it_held_and_begins_anew(store: Store) -> None:
    keys = plan_messages(store, 12, SystemClock().now())
    buried = threading.Event()

    def prepare_while_frozen(claims: list[Claimed]) -> Sequence[Prepared]:
        if not buried.is_set():
            with store.write() as tx:
                now = SystemClock().now()
                recover(tx, senders.bury(tx, now + DAY), now, {})
            buried.set()
        return prepare(claims)

    async def run() -> list[str]:
        async with ScriptedRelay() as relay:
            await run_until(sending(store, relay.port, prepare_while_frozen), lambda: nothing_waits(store))
            assert relay.empty_bodies == 0
            return [it.recipient for it in relay.taken]

    recipients = asyncio.run(run())
    assert sorted(recipients) == sorted(letter(key).recipient for key in keys)
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM senders").scalar() == 2


def test_a_hard_refusal_suppresses_and_a_soft_one_does_not(store: Store) -> None:
    plan_messages(store, 2, SystemClock().now())

    def refuse(said: str, before: int) -> bytes | None:
        if said != "RCPT":
            return None
        return b"550 5.1.1 no such user\r\n" if before == 0 else b"552 5.2.2 full\r\n"

    async def run() -> None:
        async with ScriptedRelay(answer=refuse) as relay:
            await run_until(sending(store, relay.port, connections=1), lambda: nothing_waits(store))

    asyncio.run(run())
    found = outcomes(store)
    assert sorted(found.values()) == [("bounced", "550 5.1.1 no such user"), ("bounced", "552 5.2.2 full")]
    addresses = {letter(key).recipient: reason for key, (_, reason) in found.items()}
    with store.read() as tx:
        (gone,) = suppressed(tx, b"key", addresses)
    assert addresses[gone] == "550 5.1.1 no such user"


def test_an_answer_that_asks_for_patience_defers_the_message(store: Store) -> None:
    (key,) = plan_messages(store, 1, SystemClock().now())

    async def run() -> None:
        async with ScriptedRelay(
            answer=lambda said, _: b"450 4.7.1 greylisted\r\n" if said == "RCPT" else None
        ) as relay:

            def deferred() -> bool:
                with store.read() as tx:
                    return counts(tx)["deferred"] == 1

            await run_until(sending(store, relay.port), deferred)

    asyncio.run(run())
    with store.read() as tx:
        row = tx.exec_driver_sql("SELECT attempts, last_reply, due_at, first_tried_at FROM outbox").one()
    assert (row[0], row[1]) == (1, "450 4.7.1 greylisted")
    assert row[2] - row[3] >= 5 * MINUTE
    assert outcomes(store)[key] == ("", "3")


def test_what_is_on_the_wire_when_the_grace_is_over_is_unknown(store: Store) -> None:
    keys = plan_messages(store, 10, SystemClock().now())
    pace = Pace(look_every=0.02, grace=0.2)

    async def run() -> None:
        async with ScriptedRelay(answer=lambda said, _: SILENCE if said == "body" else None) as relay:

            def two_out() -> bool:
                with store.read() as tx:
                    return counts(tx)["handed"] == 2

            await run_until(sending(store, relay.port, pace=pace, connections=2), two_out)

    asyncio.run(run())
    found = sorted(outcome for outcome, _ in outcomes(store).values())
    assert found == [""] * (len(keys) - 2) + ["unknown"] * 2
    with store.read() as tx:
        assert counts(tx) == {"planned": 8, "claimed": 0, "handed": 0, "deferred": 0, "accepted": 0}


def test_a_database_that_another_program_holds_is_waited_for(sqlite_url: str, store: Store) -> None:
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL has no lock on everything")
    keys = plan_messages(store, 50, SystemClock().now())

    def hold(begun: threading.Event) -> None:
        other = sqlite3.connect(store.where, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        begun.set()
        time.sleep(0.5)
        other.execute("ROLLBACK")
        other.close()

    async def run() -> None:
        begun = threading.Event()
        holder = threading.Thread(target=hold, args=(begun,))
        holder.start()
        begun.wait()
        async with ScriptedRelay() as relay:
            await run_until(sending(store, relay.port), lambda: nothing_waits(store))
        holder.join()

    asyncio.run(run())
    assert sent(store) == set(keys)


def test_a_second_sender_on_sqlite_waits_for_the_first_to_end(store: Store) -> None:
    if store.dialect != "sqlite":
        pytest.skip("on PostgreSQL any number send")
    keys = plan_messages(store, 5, SystemClock().now())
    lock = SendingLock(store)
    assert lock.take("shop", 4711) is None

    async def run() -> None:
        async with ScriptedRelay() as relay:
            stop = asyncio.Event()
            work = asyncio.create_task(sending(store, relay.port).run(stop))
            await asyncio.sleep(0.2)
            assert not relay.taken
            lock.release()
            await until(lambda: nothing_waits(store))
            stop.set()
            await work

    with capture_logs() as logs:
        asyncio.run(run())
    assert "process 4711 on shop" in logs[0]["event"]
    assert sent(store) == set(keys)
    assert lock.take("shop", 4711) is None
    with pytest.raises(ServiceError, match="process 4711"):
        send_due(store, InboxProvider(store, SystemClock()), SystemClock(), handling())
    lock.release()


def test_a_mistake_in_preparing_is_seen_and_leaves_the_messages_planned(store: Store) -> None:
    plan_messages(store, 5, SystemClock().now())

    def broken(_: list[Claimed]) -> Sequence[Prepared]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send_due(store, InboxProvider(store, SystemClock()), SystemClock(), handling(broken))
    with store.read() as tx:
        assert counts(tx)["planned"] == 5


NOW = 1_500_000_000_000_000


def once(store: Store, clock: Clock, how: Work = prepare, recheck: Work | None = None) -> int:
    return send_due(store, InboxProvider(store, clock), clock, handling(how, recheck))


def test_a_replay_delivers_what_is_due_at_its_own_time(store: Store) -> None:
    clock = VirtualClock(NOW)
    early, late = plan_messages(store, 5, NOW), plan_messages(store, 5, NOW + DAY, campaign=2)
    with by_hand(store, InboxProvider(store, clock), clock, handling()) as deliver:
        assert deliver() == 5
        assert sent(store) == set(early)
        assert deliver() == 0
        clock.move_to(NOW + DAY)
        assert deliver() == 5
    assert sent(store) == {*early, *late}
    with store.read() as tx:
        assert {it.at for it in inbox.search(tx)} == {NOW, NOW + DAY}
        assert by_ids(tx, [late[0].enrollment_id])[late[0].enrollment_id].since == NOW + DAY


def test_two_messages_of_one_contact_go_one_after_the_other_in_one_call(store: Store) -> None:
    clock = VirtualClock(NOW)
    keys = plan_messages(store, 3, NOW) + plan_messages(store, 3, NOW, campaign=2)
    assert once(store, clock) == 6
    assert sent(store) == set(keys)


def test_gates_drop_hold_or_let_go(store: Store) -> None:
    clock = VirtualClock(NOW)
    dropped, held, going, leaving = plan_messages(store, 4, NOW)

    def gates(claims: list[Claimed]) -> Sequence[Prepared]:
        special: dict[MessageKey, Prepared] = {
            dropped: Dropped(key=dropped, reason="step-when"),
            held: Held(key=held, until=NOW + DAY, reason="cap"),
            leaving: Dropped(key=leaving, reason="stage", leaves=True),
        }
        return [special.get(it.key) or letter(it.key) for it in claims]

    once(store, clock, gates)
    found = outcomes(store)
    assert found[dropped] == ("skipped", "step-when")
    assert found[held] == ("", "0")
    assert found[going][0] == "sent"
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT due_at, last_reply FROM outbox").one() == (NOW + DAY, "cap")
        closed = by_ids(tx, [leaving.enrollment_id, dropped.enrollment_id])
    assert closed[leaving.enrollment_id].closed_at == NOW
    assert closed[dropped.enrollment_id].due_at == NOW


def test_a_message_that_would_come_too_late_is_skipped(store: Store) -> None:
    (key,) = plan_messages(store, 1, NOW, stale_at=NOW + DAY)
    once(store, VirtualClock(NOW + DAY))
    assert outcomes(store)[key] == ("skipped", "stale")


def test_gates_read_over_a_second_ago_are_read_again_before_the_handover(store: Store) -> None:
    clock = VirtualClock(NOW)
    keys = plan_messages(store, 6, NOW)
    looked_at: list[MessageKey] = []

    def slow(claims: list[Claimed]) -> Sequence[Prepared]:
        clock.move_to(clock.now() + 2 * SECOND)
        return prepare(claims)

    def again(claims: list[Claimed]) -> Sequence[Prepared]:
        looked_at.extend(it.key for it in claims)
        return [Dropped(key=it.key, reason="stage") for it in claims if it.key == keys[2]]

    once(store, clock, slow, again)
    assert sorted(looked_at) == sorted(keys)
    assert outcomes(store)[keys[2]] == ("skipped", "stage")
    assert len(sent(store)) == 5


def test_a_slow_second_look_does_not_stop_the_sending(store: Store) -> None:
    clock = VirtualClock(NOW)
    keys = plan_messages(store, 6, NOW)

    def slow(claims: list[Claimed]) -> Sequence[Prepared]:
        clock.move_to(clock.now() + 5 * SECOND)
        return prepare(claims)

    once(store, clock, slow, slow)
    assert sent(store) == set(keys)


def test_a_replay_is_told_when_the_relay_is_down(store: Store) -> None:
    plan_messages(store, 3, NOW)
    clock = VirtualClock(NOW)
    provider = SmtpProvider(Relay(host="127.0.0.1", port=1, connections=2))
    with pytest.raises(RelayDown):
        send_due(store, provider, clock, handling())
    with store.read() as tx:
        assert counts(tx)["planned"] == 3


def test_a_message_that_is_refused_for_three_days_expires(store: Store) -> None:
    clock = VirtualClock(NOW)
    (key,) = plan_messages(store, 1, NOW, stale_at=NEVER)

    async def tries() -> int:
        count = 0
        async with ScriptedRelay(
            answer=lambda said, _: b"451 later\r\n" if said == "RCPT" else None
        ) as relay:
            provider = SmtpProvider(Relay(host="127.0.0.1", port=relay.port, connections=1))
            while True:
                await asyncio.to_thread(send_due, store, provider, clock, handling())
                count += 1
                if nothing_waits(store):
                    return count
                with store.read() as tx:
                    clock.move_to(int(tx.exec_driver_sql("SELECT due_at FROM outbox").scalar_one()))

    assert 7 <= asyncio.run(tries()) <= 12
    assert outcomes(store)[key] == ("expired", "451 later")
