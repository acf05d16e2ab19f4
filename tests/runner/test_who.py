"""Who would enter a campaign: the database's count agrees with what each contact is told, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, format_iso
from nurture.reports.who import FITS, Who
from nurture.runner.account import account
from nurture.runner.who import who
from nurture.store import people, suppressions
from nurture.store.engine import Store, open_store
from support.corner import START, Corner, files, opened
from support.databases import new_database

PEOPLE = 24
RENEWS = [START + 20 * DAY, START + 3 * DAY]

CAMPAIGNS = {
    "stage": "stage: prospect",
    "there": "stage: customer\nenter: {existing: yes}",
    "there-again": "stage: customer\nenter: {existing: yes}\nreentry: always",
    "event": "enter: {on: visited}",
    "event-once": "enter: {on: visited}\nreentry: never",
    "event-after": "enter: {on: visited}\nreentry: {after: 90 days}",
    "event-long-ago": "enter: {on: visited}\nreentry: {after: 1 day}",
    "each": "enter: {on: visited}\nreentry: {per: visit}",
    "when": 'stage: prospect\nwhen: contact.country == "DE"',
    "by-date": "stage: prospect\nwhen: contact.renews_at > now",
    "on-date": "enter: {at: 10 days before contact.renews_at}",
    "letter": "enter: {every: day 10:00}",
    "once": "enter: {at: 2017-03-01 09:00}",
    "past": "enter: {at: 2016-03-01 09:00}",
    "service": "topic: service\nenter: {on: visited}",
    "lines": "lines: each",
    "two-lines": "lines: [FLORAL, SEAFOOD]\nline stage: customer\nenter: {existing: yes}",
    "line-when": "lines: each\nline stage: customer\nenter: {on: visited}\nwhen: line.orders.count >= 2",
    "no-line": "lines: [FLORAL]\nline stage: lapsed",
    "held": "stage: prospect\nenter: {existing: yes}\nholdout: 40%\ngoal: {on: ordered}",
}


def text(more: str) -> str:
    topic = "" if "topic:" in more else "topic: offers\n"
    return f"{topic}{more}\nsequence:\n  - wait: 2 days\n  - send: one\n"


@pytest.fixture
def busy(store: Store, tmp_path: Path) -> Iterator[Corner]:
    """The shop, for one test alone."""
    with _busy(store, tmp_path) as corner:
        yield corner


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corner]:
    """The shop, not to be changed."""
    folder = tmp_path_factory.mktemp("who")
    with (
        new_database(request, folder) as url,
        closing(open_store(url, now=START, durable=False)) as store,
        _busy(store, folder) as corner,
    ):
        yield corner


@contextmanager
def _busy(store: Store, folder: Path) -> Iterator[Corner]:
    """The shop ten days after two dozen people came in; all have done different things."""
    given = files({key: text(more) for key, more in CAMPAIGNS.items()})
    with opened(store, folder, given) as corner:
        corner.products({"R-12": "FLORAL", "S-1": "SEAFOOD", "W-1": "WINE"})
        for number in range(PEOPLE):
            _somebody(corner, number)
        for day in (2, 6, 10):
            corner.clock.move_to(START + day * DAY)
            corner.tick.run(corner.now)
        with store.write() as tx:
            suppressions.suppress(
                tx, corner.app.address_key, [_email(5), _email(6)], reason="by hand", at=corner.now
            )
        yield corner


def _email(number: int) -> str:
    return f"c{number:02}@x.example"


def _somebody(corner: Corner, number: int) -> None:
    email = _email(number)
    corner.contact(
        email,
        *(["news"] if number % 7 == 3 else []),
        at=START + number * HOUR,
        country=["DE", "FR", ""][number % 3],
        timezone=["Europe/Berlin", "", "Asia/Tokyo"][number % 3],
        attributes={"renews_at": format_iso(RENEWS[number % 2])[:10]} if number % 5 else {},
    )
    for nth in range(number % 4):
        sku = ["R-12", "S-1", "W-1"][(number + nth) % 3]
        corner.order(email, START + (number + 3 + nth) * HOUR, f"{number}-{nth}", sku)
    if number % 4 == 1:
        corner.event(email, "visited", START + (30 + number) * HOUR, properties={"visit": "1"})


def asked(corner: Corner, key: str, reason: str = "", limit: int = 1_000) -> Who:
    live, campaign = next(it for it in corner.world().in_force if it[1].key == key)
    return who(
        corner.store,
        corner.world(),
        campaign,
        live.record,
        corner.app.address_key,
        corner.now,
        asked=reason,
        limit=limit,
    )


def one_by_one(corner: Corner) -> dict[str, Counter[str]]:
    """By campaign, how many are out for which reason, as each is told; empty: nothing keeps them out."""
    found: dict[str, Counter[str]] = {key: Counter() for key in CAMPAIGNS}
    with corner.store.read() as tx:
        for number in range(PEOPLE):
            contact = people.by_email(tx, _email(number))
            assert contact is not None
            it = account(tx, corner.world(), contact.id, corner.app.address_key, corner.now)
            assert it is not None
            for one in it.outside:
                found[one.campaign][one.reason] += 1
            for entry in it.told.entries:
                if not entry.closed_at and it.told.suppressed:
                    found[entry.campaign]["suppressed"] += 1
                elif not entry.closed_at:
                    # Where one may be in it twice, who is inside may come in once more.
                    found[entry.campaign]["" if entry.campaign == "each" else "inside"] += 1
    return found


def test_the_count_agrees_with_what_each_contact_is_told(shared: Corner) -> None:
    told = one_by_one(shared)
    for key in CAMPAIGNS:
        it = asked(shared, key)
        assert it.people == PEOPLE
        assert +Counter({**it.out, "": it.fits}) == +told[key], key


def test_names_are_given_of_those_who_are_asked_for(shared: Corner) -> None:
    it = asked(shared, "stage", "suppressed")
    assert {name.email for name in it.names} == {_email(5), _email(6)}
    assert len(asked(shared, "event", FITS, limit=2).names) == 2
    dated = asked(shared, "on-date", FITS).names
    assert any(name.enters_at is None for name in dated)
    assert {name.enters_at for name in dated if name.enters_at} <= {START + 10 * DAY - HOUR, START + 10 * DAY}


def test_who_would_be_held_out_is_counted_exactly_and_the_next_letter_is_told(busy: Corner) -> None:
    entered = busy.rows(
        "SELECT sum(CASE WHEN held_out THEN 1 ELSE 0 END), count(*) FROM enrollments e"
        " JOIN campaigns k ON k.id = e.campaign_id WHERE k.key = 'held'"
    )
    with busy.store.write() as tx:
        tx.exec_driver_sql(
            "DELETE FROM enrollments WHERE campaign_id IN (SELECT id FROM campaigns WHERE key = 'held')"
        )
    it = asked(busy, "held")
    assert it.fits < PEOPLE
    assert 0 < it.held_out < it.fits
    assert len(asked(busy, "held", "holdout").names) == it.held_out
    assert entered[0][1] >= it.fits
    assert asked(busy, "letter").next_at is not None
    assert asked(busy, "past").next_at is None
    assert asked(busy, "stage").next_at is None
