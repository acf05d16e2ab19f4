"""What holds destinations back, the quotas of warming up, and soft bounces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import event, select

from nurture.clock import DAY, HOUR, MINUTE
from nurture.delivery.measures import Health
from nurture.delivery.warm_up import Draw
from nurture.store import destinations
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import SoftBounceRow
from support.databases import START

PAUSED = Health(paused_until=START + 2 * HOUR, reply="421 [TSS04]", at=START)
SLOWED = Health(slow_until=START + HOUR, slow_per_minute=10, reply="421 4.7.28", at=START)


def test_what_holds_a_destination_back_is_kept(store: Store) -> None:
    healths = {"google": SLOWED, "yahoo": PAUSED, "/mx1.shop.example": Health(stopped="no more", at=START)}
    with store.write() as tx:
        destinations.save_healths(tx, healths)
        destinations.save_healths(tx, {})
    with store.read() as tx:
        assert destinations.load_healths(tx) == healths


def test_of_what_two_senders_say_the_later_end_counts(store: Store) -> None:
    with store.write() as tx:
        destinations.save_healths(tx, {"yahoo": PAUSED})
        destinations.save_healths(tx, {"yahoo": Health(paused_until=START + HOUR, at=START + MINUTE)})
        destinations.save_healths(tx, {"yahoo": SLOWED})
        found = destinations.load_healths(tx)["yahoo"]
    assert (found.paused_until, found.slow_until, found.slow_per_minute) == (
        START + 2 * HOUR,
        START + HOUR,
        10,
    )


def test_resumed_a_destination_is_sound_whatever_a_sender_still_says(store: Store) -> None:
    with store.write() as tx:
        assert not destinations.resume(tx, "yahoo", START)
        destinations.save_healths(tx, {"yahoo": PAUSED})
        assert destinations.resume(tx, "yahoo", START + MINUTE)
        assert not destinations.resume(tx, "yahoo", START + MINUTE)
        destinations.save_healths(tx, {"yahoo": PAUSED})
        assert destinations.load_healths(tx)["yahoo"].is_sound(START + MINUTE)
        again = Health(stopped="no more", at=START + HOUR)
        destinations.save_healths(tx, {"yahoo": again})
        assert destinations.load_healths(tx)["yahoo"].stopped == "no more"


def test_senders_draw_from_a_days_quota_until_it_is_used_up(store: Store) -> None:
    wants = {"google": Draw(wanted=40, quota=100), "": Draw(wanted=5, quota=5)}
    with store.write() as tx:
        granted = [destinations.draw(tx, sender, wants, 7) for sender in (1, 2, 1, 2)]
        assert granted == [
            {"google": 40, "": 5},
            {"google": 40, "": 0},
            {"google": 20, "": 0},
            {"google": 0, "": 0},
        ]
        assert destinations.sent_on(tx, 7) == {"google": 100, "": 5}
        destinations.count_sent(tx, 1, {"google": -15}, 7)
        assert destinations.draw(tx, 3, wants, 7) == {"google": 15, "": 0}
        assert destinations.draw(tx, 1, wants, 8) == {"google": 40, "": 5}
        assert destinations.draw(tx, 1, {}, 8) == {}


def test_many_senders_at_once_never_draw_more_than_there_is(store: Store) -> None:
    def draw(sender: int) -> int:
        with store.write() as tx:
            return destinations.draw(tx, sender, {"google": Draw(wanted=7, quota=100)}, 7)["google"]

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(draw, range(40))) == 100


def test_what_was_sent_is_counted_by_sender_and_forgotten_by_day(store: Store) -> None:
    with store.write() as tx:
        for sender in (1, 2):
            destinations.count_sent(tx, sender, {"google": 10, "yahoo": 1, "apple": 0}, 7)
        destinations.count_sent(tx, 1, {"google": 5}, 8)
        assert destinations.sent_on(tx, 7) == {"google": 20, "yahoo": 2}
        destinations.forget_days(tx, 8)
        assert destinations.sent_on(tx, 7) == {}
        assert destinations.sent_on(tx, 8) == {"google": 5}


def test_five_days_of_soft_bounces_are_enough(store: Store) -> None:
    with store.write() as tx:
        reached = [destinations.note_soft(tx, [(1, START + day * DAY)]) for day in range(6)]
    assert reached == [set(), set(), set(), set(), {1}, {1}]


def test_a_day_counts_once_however_often_it_bounces(store: Store) -> None:
    with store.write() as tx:
        assert destinations.note_soft(tx, [(1, START + minute * MINUTE) for minute in range(100)]) == set()
        assert destinations.note_soft(tx, [(1, START + DAY - 1)]) == set()
        assert scores(tx) == {1: 0.5}
        assert destinations.note_soft(tx, [(1, START - DAY)]) == set()
        assert scores(tx) == {1: 0.5}
        destinations.note_soft(tx, [(1, START + DAY)])
        assert scores(tx) == {1: 1.0}


def test_bounces_of_several_days_may_come_together(store: Store) -> None:
    with store.write() as tx:
        bounces = [(contact, START + day * DAY) for day in range(4, -1, -1) for contact in (3, 1, 2)]
        assert destinations.note_soft(tx, [*bounces, (4, START)]) == {1, 2, 3}
        assert destinations.note_soft(tx, []) == set()


def test_what_arrives_wipes_the_score_out(store: Store) -> None:
    with store.write() as tx:
        for day in range(4):
            destinations.note_soft(tx, [(1, START + day * DAY), (2, START + day * DAY)])
        destinations.forget_soft(tx, [1, 77])
        destinations.forget_soft(tx, [])
        assert destinations.note_soft(tx, [(1, START + 4 * DAY), (2, START + 4 * DAY)]) == {2}
        assert scores(tx) == {1: 0.5, 2: 2.5}


def test_many_bounces_are_one_statement(store: Store) -> None:
    said = []
    with store.write() as tx:
        event.listen(tx, "before_cursor_execute", lambda _tx, _cursor, statement, *_: said.append(statement))
        destinations.note_soft(tx, [(contact, START) for contact in range(2_000)])
        destinations.forget_soft(tx, range(2_000))
        assert scores(tx) == {}
    assert len(said) == 4, "noting, asking whether anybody has a score, wiping out, and looking here"


def scores(tx: destinations.Tx) -> dict[int, float]:
    soft = table(SoftBounceRow)
    return {row.contact_id: row.score for row in tx.execute(select(soft.c.contact_id, soft.c.score))}
