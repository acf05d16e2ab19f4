"""Orders and refunds are events: `did("ordered")` and its like see them in every condition."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR
from nurture.store.engine import Store
from support.corner import START, files, opened

ASKS = """\
topic: offers
enter: {{on: visited}}
sequence:
  - wait: 5 days
  - if: {}
    then:
      - send: one
    else:
      - send: two
"""


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ('did("ordered", since="entry")', "one"),
        ('did("ordered", since="entry", times=2)', "two"),
        ('did("ordered", times=2)', "one"),
        ('did("ordered", amount=10)', "one"),
        ('did("refunded")', "two"),
        ('last("ordered").order_id == "second"', "one"),
        ('orders.last_at == last("ordered").at', "one"),
    ],
)
def test_conditions_of_campaigns_see_orders_as_events(
    store: Store, tmp_path: Path, asked: str, sent: str
) -> None:
    with opened(store, tmp_path, files({"it": ASKS.format(asked)})) as corner:
        corner.contact("ann@x.example")
        corner.order("ann@x.example", START + HOUR, "first")
        corner.event("ann@x.example", "visited", START + DAY)
        corner.order("ann@x.example", START + 2 * DAY, "second")
        corner.until(START + 10 * DAY)
        assert [subject for _, subject, _ in corner.inbox()] == [sent]


def test_an_order_ends_the_wait_for_it(store: Store, tmp_path: Path) -> None:
    waits = (
        "topic: offers\nenter: {on: visited}\nsequence:\n"
        '  - wait for: did("ordered", since="entry")\n    up to: 9 days\n  - send: one\n'
    )
    with opened(store, tmp_path, files({"it": waits})) as corner:
        corner.contact("ann@x.example")
        corner.event("ann@x.example", "visited", START + DAY)
        corner.order("ann@x.example", START + 2 * DAY, "1")
        corner.until(START + 10 * DAY)
        assert [hours for _, _, hours in corner.inbox()] == [48]


def test_a_letter_to_all_finds_those_who_ordered(store: Store, tmp_path: Path) -> None:
    letter = (
        "topic: offers\nenter: {at: 2017-01-05 09:00}\n"
        'when: did("ordered", within="3 days") and not did("refunded")\nsequence:\n  - send: one\n'
    )
    with opened(store, tmp_path, files({"it": letter})) as corner:
        for number, name in enumerate(("bought", "long-ago", "never", "sent-back")):
            corner.contact(f"{name}@x.example")
            if name != "never":
                at = START + (HOUR if name == "long-ago" else 3 * DAY)
                corner.order(f"{name}@x.example", at, str(number))
                if name == "sent-back":
                    corner.order(f"{name}@x.example", at, str(number), status="refunded", undone_at=at + HOUR)
        corner.until(START + 6 * DAY)
        assert [who for who, _, _ in corner.inbox()] == ["bought@x.example"]


def test_each_order_may_let_in_by_itself(store: Store, tmp_path: Path) -> None:
    care = (
        "topic: service\nenter: {on: ordered}\nreentry: {per: order_id}\n"
        "sequence:\n  - wait: 3 days\n  - send: one\n"
    )
    with opened(store, tmp_path, files({"it": care})) as corner:
        corner.contact("ann@x.example")
        corner.order("ann@x.example", START + DAY, "A")
        corner.order("ann@x.example", START + DAY + HOUR, "B")
        corner.until(START + 10 * DAY)
        assert [hours for _, _, hours in corner.inbox()] == [96, 97]
