"""History on a virtual clock: the same seed gives the same year."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nurture.clock import DAY, HOUR, Moment
from nurture.runner.replay import SYNTHETIC, Replay, Replayed
from nurture.store.engine import open_store
from support.corner import START, Corner, files, letter, opened

END = START + 40 * DAY
CAMPAIGNS = {
    "hello": "topic: offers\nstage: prospect\noffer: first-order\ngoal: {on: ordered, within: 9 days}\n"
    'sequence:\n  - send: one\n  - wait for: clicked("one")\n    up to: 5 days\n  - send: two\n',
    "thanks": "topic: news\nstage: [customer, regular]\nsequence:\n  - wait: 4 hours\n  - send: three\n",
}
TEMPLATES = {"two": letter("two", "Your code: {{ offer.code }}, [go](https://shop.example/).")}


@pytest.fixture
def shops(sqlite_url: str, postgres_url: str, tmp_path: Path) -> Iterator[list[Corner]]:
    """The same shop twice, once on each engine."""
    with ExitStack() as stack:
        found = []
        for url in (sqlite_url, postgres_url):
            store = open_store(url, now=START, durable=False)
            stack.callback(store.close)
            found.append(stack.enter_context(opened(store, tmp_path, files(CAMPAIGNS, TEMPLATES))))
        yield found


def replay(corner: Corner, *, seed: int = 5, step: int = HOUR, sign_ups: int = 20) -> Replayed:
    """Customers whose orders are known, and made-up people."""
    for number in range(30):
        who = f"c{number}@example.test"
        corner.contact(who)
        for place in range(number % 4):
            corner.order(who, START + (2 + 7 * place + number % 5) * DAY + number * HOUR, f"{number}-{place}")
    run = Replay(
        corner.store,
        corner.tick,
        corner.clock,
        ["offers", "news"],
        seed=seed,
        step=step,
        zone=ZoneInfo("UTC"),
    )
    run.sign_up(sign_ups, START, END)
    seen: list[Moment] = []
    done = run.run(END, lambda now, _messages: seen.append(now))
    assert seen == sorted(seen)
    assert seen[0] - START <= step
    assert all((now - 12 * HOUR) % step == 0 for now in seen[1:] if now < END), "whole steps from noon on"
    return done


def outcome(corner: Corner) -> list[list[Sequence[Any]]]:
    """All that can be seen of a replay from outside."""
    queries = (
        "SELECT recipient, subject, at FROM inbox",
        "SELECT c.email, h.kind, h.at, h.verdict FROM hits h JOIN contacts c ON c.id = h.contact_id",
        "SELECT c.email, t.to_stage, t.at FROM transitions t JOIN contacts c ON c.id = t.contact_id",
        "SELECT c.email, k.code, k.expires_at FROM codes k JOIN contacts c ON c.id = k.contact_id",
        "SELECT c.email, s.topic, s.agreed, s.at FROM consents s JOIN contacts c ON c.id = s.contact_id",
    )
    return [sorted(tuple(row) for row in corner.rows(query)) for query in queries]


def test_the_same_seed_gives_the_same_replay_on_both_engines(shops: list[Corner]) -> None:
    done = [replay(corner) for corner in shops]
    assert done[0] == done[1]
    assert outcome(shops[0]) == outcome(shops[1])
    assert done[0].messages == len(shops[0].inbox()) > 80
    assert done[0].hits > 40


@pytest.mark.nightly
def test_another_seed_gives_another_year(shops: list[Corner]) -> None:
    one, other = shops
    replay(one, seed=5)
    replay(other, seed=6)
    assert outcome(one)[1] != outcome(other)[1]


def test_a_coarser_step_sends_later_but_moves_nobody_at_another_moment(shops: list[Corner]) -> None:
    fine, coarse = shops
    replay(fine)
    replay(coarse, step=DAY)
    orders = "SELECT c.email, t.to_stage, t.at FROM transitions t JOIN contacts c ON c.id = t.contact_id"
    by_orders = " WHERE t.to_stage IN ('customer', 'regular', 'lapsed')"
    assert sorted(fine.rows(orders + by_orders)) == sorted(coarse.rows(orders + by_orders))


def test_made_up_people_are_marked_and_hear_nothing_before_they_sign_up(shops: list[Corner]) -> None:
    corner = shops[0]
    replay(corner)
    made_up = dict(
        corner.rows(f"SELECT email, created_at FROM contacts WHERE attributes LIKE '%{SYNTHETIC}%'")
    )
    assert len(made_up) == 20
    assert all(re.fullmatch(r"visitor-\d+@example\.test", email) for email in made_up)
    first = dict(corner.rows("SELECT recipient, min(at) FROM inbox GROUP BY recipient"))
    assert all(first[email] >= at for email, at in made_up.items() if email in first)
    assert corner.rows("SELECT count(*) FROM orders o JOIN contacts c ON c.id = o.contact_id"
                       " WHERE c.email LIKE 'visitor-%%'")[0][0] == 0  # fmt: skip


def test_the_end_is_still_in_it_and_what_is_due_later_stays_open(shops: list[Corner]) -> None:
    corner = shops[0]
    corner.contact("last@example.test", at=END)
    replay(corner)
    assert [at for who, _, at in corner.inbox() if who == "last@example.test"] == [(END - START) / HOUR]
    assert corner.now == END
    assert corner.tick.next_due() > END
