"""Hits in the database: verdicts, signs of life, and what they set going."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select, update

from nurture.clock import DAY, HOUR, SECOND
from nurture.engagement.hit import Hit
from nurture.store.engine import Store
from nurture.store.hits import MOST, record
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, HitRow, MessageRow, SignRow
from support.letters import plan_messages
from support.shop import BROWSER, START

NOW = START + 10 * DAY
_messages, _signs, _hits = table(MessageRow), table(SignRow), table(HitRow)


def sent(store: Store, outcome: str = "sent", count: int = 1) -> list[Hit]:
    """Messages handed over at NOW, and a person's click on each an hour later."""
    keys = plan_messages(store, count, START)
    with store.write() as tx:
        tx.execute(update(_messages).values(outcome=outcome, done_at=NOW))
        tx.execute(table(AgendaRow).delete())
    return [
        Hit(key=key, kind="click", link_no=1, at=NOW + HOUR, agent=BROWSER, ip="192.0.2.1") for key in keys
    ]


def keep(store: Store, *hits: Hit) -> int:
    with store.write() as tx:
        return record(tx, hits, store.ids, NOW + 2 * HOUR)


def signs(store: Store) -> dict[str, int]:
    with store.read() as tx:
        rows = tx.execute(select(_signs.c.kind, _signs.c.at).where(_signs.c.kind != "received"))
        return {row.kind: row.at for row in rows}


def test_the_first_human_click_is_the_sign_and_wakes_the_contact(store: Store) -> None:
    [click] = sent(store)
    assert keep(store, replace(click, at=click.at + HOUR), click) == 2
    assert signs(store) == {"click": click.at}
    with store.read() as tx:
        assert tx.execute(select(table(AgendaRow))).all() == [(1, 0, click.at)]


def test_a_machine_leaves_a_hit_and_no_sign(store: Store) -> None:
    [click] = sent(store)
    keep(store, replace(click, method="HEAD"))
    assert signs(store) == {}
    with store.read() as tx:
        assert tx.execute(select(_hits.c.verdict, _hits.c.reasons)).all() == [
            ("scanner", '["asked for the headers only (HEAD)"]')
        ]
        assert tx.execute(select(table(AgendaRow))).all() == []


def test_a_later_human_click_counts_although_a_scanner_was_there_before(store: Store) -> None:
    [click] = sent(store)
    keep(store, *(replace(click, link_no=no, at=NOW + no * SECOND, ip="x") for no in range(5)))
    assert signs(store) == {}
    keep(store, replace(click, at=NOW + DAY))
    assert signs(store) == {"click": NOW + DAY}


def test_a_third_link_in_the_next_batch_takes_the_sign_of_the_first_two_back(store: Store) -> None:
    [click] = sent(store)
    keep(store, click, replace(click, link_no=2, at=click.at + SECOND))
    assert signs(store) == {"click": click.at}
    keep(store, replace(click, link_no=3, at=click.at + 2 * SECOND))
    assert signs(store) == {}
    with store.read() as tx:
        assert set(tx.execute(select(_hits.c.verdict)).scalars()) == {"scanner"}


def test_any_hit_settles_a_message_of_which_nobody_knew_whether_it_arrived(store: Store) -> None:
    [click] = sent(store, outcome="unknown")
    keep(store, replace(click, method="HEAD"))
    with store.read() as tx:
        assert tx.execute(select(_messages.c.outcome, _messages.c.done_at)).all() == [("sent", NOW)]


def test_hits_of_a_message_that_is_gone_are_left_out(store: Store) -> None:
    [click] = sent(store)
    gone = replace(click, key=click.key._replace(step_no=9))
    assert keep(store, gone, click) == 1


def test_nobody_can_fill_the_disk_with_one_link(store: Store) -> None:
    [click] = sent(store)
    assert keep(store, *[click] * (MOST + 10)) == MOST
    assert keep(store, click) == 0


def test_agents_are_kept_without_what_the_database_cannot_hold(store: Store) -> None:
    [click] = sent(store)
    keep(store, replace(click, agent="a\x00\ud800" + "é" * 5000, ip="1" * 99))
    with store.read() as tx:
        agent, ip = tx.execute(select(_hits.c.agent, _hits.c.ip)).one()
    assert len(agent) <= 300
    assert "\x00" not in agent
    assert len(ip) <= 45


def test_a_batch_of_many_messages_is_kept_whole(store: Store) -> None:
    clicks = sent(store, count=60)
    assert keep(store, *clicks) == 60
    with store.read() as tx:
        assert len(tx.execute(select(_signs.c.at).where(_signs.c.kind == "click")).all()) == 60
