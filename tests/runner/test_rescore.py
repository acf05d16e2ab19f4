"""Verdicts worked out again over what was kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from nurture.clock import DAY, HOUR, SECOND
from nurture.engagement.hit import Hit
from nurture.engagement.signs import RULES
from nurture.runner.rescore import Rescored, rescore
from nurture.store import rescore as stored
from nurture.store.engine import Store
from nurture.store.hits import record
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, HitRow, MessageRow, SignRow
from support.letters import plan_messages
from support.shop import BROWSER, START
from support.traces import DELIVERED, traces

NOW = START + 10 * DAY
_agenda, _hits, _messages, _signs = (table(it) for it in (AgendaRow, HitRow, MessageRow, SignRow))


def kept(store: Store, count: int = 8) -> list[Hit]:
    """Messages with what people and machines did to them, judged by these rules."""
    keys = plan_messages(store, count, START)
    with store.write() as tx:
        tx.execute(update(_messages).values(outcome="sent", done_at=DELIVERED))
    hits = []
    for key, trace in zip(keys, traces(count, seed=5), strict=True):
        hits += [
            Hit(
                key=key,
                kind=it.kind,
                link_no=it.link_no,
                at=it.at,
                method=it.method,
                agent=it.agent,
                ip=it.ip,
            )
            for it, _ in trace.hits
        ]
    with store.write() as tx:
        record(tx, hits, store.ids, NOW)
        tx.execute(_agenda.delete())
    return hits


def as_before(store: Store, verdict: str = "unknown", *, signs: bool = False) -> None:
    """As if rules 1 had judged all of it."""
    with store.write() as tx:
        tx.execute(update(_hits).values(rules=1, verdict=verdict, score=0.0, reasons="[]"))
        if not signs:
            tx.execute(_signs.delete())


def rows(store: Store, of: Any) -> list[Any]:
    with store.read() as tx:
        return sorted(tx.execute(select(of)).all())


def test_what_comes_out_is_what_would_have_been_kept_today(store: Store) -> None:
    kept(store)
    hits, signs = rows(store, _hits), rows(store, _signs)
    as_before(store)
    done = rescore(store)
    assert rows(store, _hits) == hits
    assert rows(store, _signs) == signs
    assert done.hits == len(hits)
    assert sum(done.changed.values()) == sum(it.verdict != "unknown" for it in hits)
    assert done.changed["click", "unknown", "human"] > 0
    assert done.signs_made == len(signs) > 0
    # Whoever turns out to have opened or clicked is looked at again, from then on.
    assert {it.contact_id for it in rows(store, _agenda)} == {it.contact_id for it in signs}


def test_what_turns_out_to_be_a_machines_counts_no_more(store: Store) -> None:
    [key] = plan_messages(store, 1, START)
    click = Hit(key=key, kind="click", link_no=1, at=NOW, agent=BROWSER, ip="192.0.2.1")
    with store.write() as tx:
        tx.execute(update(_messages).values(outcome="sent", done_at=NOW - HOUR))
        record(tx, [click], store.ids, NOW)
        # Rules that did not know this one; then they do.
        tx.execute(update(_hits).values(rules=1, agent="curl/8.5.0"))
        tx.execute(_agenda.delete())
    done = rescore(store)
    assert done == Rescored(
        hits=1, changed={("click", "human", "scanner"): 1}, signs_made=0, signs_taken_back=1
    )
    assert rows(store, _signs) == []
    assert rows(store, _agenda) == [(1, 0, NOW)]
    assert rescore(store).hits == 0, "all of it stands on these rules"


def test_a_sign_moves_to_the_first_click_that_counts(store: Store) -> None:
    [key] = plan_messages(store, 1, START)
    first = Hit(key=key, kind="click", link_no=1, at=NOW, agent=BROWSER, ip="192.0.2.1")
    later = Hit(key=key, kind="click", link_no=2, at=NOW + HOUR, agent=BROWSER, ip="192.0.2.1")
    with store.write() as tx:
        record(tx, [first, later], store.ids, NOW)
        tx.execute(update(_hits).where(_hits.c.at == NOW).values(agent="curl/8.5.0"))
        tx.execute(update(_hits).values(rules=1))
    done = rescore(store)
    assert (done.signs_made, done.signs_taken_back) == (0, 0)
    assert [it.at for it in rows(store, _signs)] == [NOW + HOUR]


def test_an_interruption_leaves_what_is_done_and_the_next_run_goes_on(store: Store) -> None:
    hits = kept(store)
    wanted = rows(store, _hits)
    as_before(store)
    with store.write() as tx:
        page = stored.rescore(tx, after=0, most=3, since=0, everything=False)
    assert page is not None
    with store.read() as tx:
        assert stored.standing(tx) == stored.waiting(tx, since=0, everything=False) == len(hits) - page.hits
    told: list[tuple[int, int]] = []
    assert (
        rescore(store, progress=lambda done, total: told.append((done, total))).hits == len(hits) - page.hits
    )
    assert told[-1] == (len(hits) - page.hits, len(hits) - page.hits)
    assert rows(store, _hits) == wanted
    with store.read() as tx:
        assert stored.standing(tx) == 0


def test_since_a_date_only_messages_touched_from_then_on(store: Store) -> None:
    hits = kept(store)
    as_before(store)
    last = max(hit.at for hit in hits)
    done = rescore(store, since=last)
    assert done.hits == sum(hit.key == max(hits, key=lambda it: it.at).key for hit in hits)
    assert {it.rules for it in rows(store, _hits)} == {1, RULES}


def test_all_of_it_on_request_changes_nothing_where_the_rules_are_the_same(store: Store) -> None:
    hits = kept(store)
    before = rows(store, _hits)
    done = rescore(store, everything=True)
    assert done == Rescored(hits=len(hits), changed={}, signs_made=0, signs_taken_back=0)
    assert rows(store, _hits) == before
    assert rows(store, _agenda) == []


def test_a_sign_that_no_hit_made_stays(store: Store) -> None:
    [key] = plan_messages(store, 1, START)
    with store.write() as tx:
        record(tx, [Hit(key=key, kind="open", at=NOW, agent="curl/8", ip="")], store.ids, NOW)
        sign = {
            "enrollment_id": key[0],
            "step_no": key[1],
            "kind": "open",
            "contact_id": 1,
            "at": NOW - SECOND,
        }
        tx.execute(_signs.insert(), sign)
        tx.execute(update(_hits).values(rules=1))
    assert rescore(store).signs_taken_back == 0
    assert [it.at for it in rows(store, _signs)] == [NOW - SECOND]
