"""The ways into a campaign, run by the real runner on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.store.engine import Store
from support.corner import START, Corner, files, opened


class Shop(Protocol):
    def __call__(self, **campaigns: str) -> AbstractContextManager[Corner]: ...


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    @contextmanager
    def open_it(**campaigns: str) -> Iterator[Corner]:
        given: Mapping[str, str] = {key.replace("_", "-"): text for key, text in campaigns.items()}
        with opened(store, tmp_path, files(given)) as corner:
            yield corner

    return open_it


ONE = "topic: offers\n{}\nsequence:\n  - send: one\n"
ALWAYS = ONE.format("stage: customer\nreentry: always")


def times(corner: Corner) -> list[tuple[str, float]]:
    return [(who, hours) for who, _, hours in corner.inbox()]


def test_a_newsletter_goes_to_everyone_at_their_own_time(shop: Shop) -> None:
    with shop(news=ONE.format("enter: {at: 2017-01-03 09:00}")) as corner:
        corner.contact("utc@x.example")
        corner.contact("berlin@x.example", timezone="Europe/Berlin")
        corner.contact("tokyo@x.example", country="JP")
        corner.contact("no@x.example", "news")
        corner.until(START + 5 * DAY)
        assert times(corner) == [("tokyo@x.example", 48), ("berlin@x.example", 56), ("utc@x.example", 57)]


def test_the_workspace_s_time_is_one_for_all(shop: Shop) -> None:
    with shop(news=ONE.format("enter: {at: 2017-01-03 09:00}\ntimezone: workspace")) as corner:
        corner.contact("utc@x.example")
        corner.contact("tokyo@x.example", country="JP")
        corner.until(START + 5 * DAY)
        assert times(corner) == [("tokyo@x.example", 57), ("utc@x.example", 57)]


def test_a_weekly_letter_comes_each_week_to_those_who_fit_then(shop: Shop) -> None:
    with shop(weekly=ONE.format("stage: customer\nenter:\n  every: tuesday 10:00")) as corner:
        corner.contact("ann@x.example")
        corner.contact("bob@x.example")
        corner.order("ann@x.example", START + HOUR, "1")
        corner.order("bob@x.example", START + 5 * DAY, "2")
        corner.until(START + 12 * DAY)
        assert times(corner) == [("ann@x.example", 58), ("ann@x.example", 226), ("bob@x.example", 226)]


def test_a_weekly_letter_that_may_come_once_comes_once(shop: Shop) -> None:
    with shop(weekly=ONE.format("enter: {every: tuesday 10:00}\nreentry: never")) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 20 * DAY)
        assert times(corner) == [("ann@x.example", 58)]


def test_after_an_outage_only_the_last_of_a_daily_letter_goes(shop: Shop) -> None:
    with shop(daily=ONE.format("enter: {every: day 10:00}\ntimezone: workspace")) as corner:
        corner.contact("ann@x.example")
        corner.until(START + 12 * HOUR)
        corner.clock.move_to(START + 4 * DAY)
        corner.until(START + 4 * DAY + HOUR)
        assert [hours for _, hours in times(corner)] == [10, 96]


def test_whoever_signs_up_after_the_moment_does_not_get_the_letter(shop: Shop) -> None:
    with shop(news=ONE.format("enter: {at: 2017-01-03 09:00}")) as corner:
        corner.until(START + 3 * DAY)
        corner.contact("late@x.example")
        corner.until(START + 10 * DAY)
        assert times(corner) == []


def test_a_contact_s_own_date_lets_them_in_each_at_their_own(shop: Shop) -> None:
    with shop(renew=ONE.format("enter:\n  at: 10 days before contact.renews_at")) as corner:
        corner.contact("ann@x.example", attributes={"renews_at": "2017-01-20"})
        corner.contact(
            "bob@x.example", attributes={"renews_at": "2017-02-01 12:00"}, timezone="Europe/Berlin"
        )
        corner.contact("nobody@x.example")
        corner.until(START + 60 * DAY)
        assert times(corner) == [("ann@x.example", 9 * 24), ("bob@x.example", 21 * 24 + 11)]


def test_a_date_that_moves_before_it_comes_is_the_one_that_counts(shop: Shop) -> None:
    with shop(renew=ONE.format("enter: {at: 10 days before contact.renews_at}")) as corner:
        corner.contact("ann@x.example", attributes={"renews_at": "2017-01-20"})
        corner.until(START + DAY)
        corner.contact("ann@x.example", attributes={"renews_at": "2017-01-25"})
        corner.until(START + 60 * DAY)
        assert times(corner) == [("ann@x.example", 14 * 24)]


def test_a_birthday_comes_each_year(shop: Shop) -> None:
    with shop(birthday=ONE.format("enter: {every: contact.birthday}")) as corner:
        corner.contact("ann@x.example", attributes={"birthday": "1980-03-01"})
        corner.contact("leap@x.example", attributes={"birthday": "1984-02-29"})
        corner.until(START + 430 * DAY)
        days = [(who, round(hours / 24)) for who, hours in times(corner)]
        assert days == [
            ("leap@x.example", 58), ("ann@x.example", 59), ("leap@x.example", 423), ("ann@x.example", 424),
        ]  # fmt: skip


def test_those_with_a_date_are_found_when_the_campaign_comes_later(shop: Shop) -> None:
    with shop(other=ALWAYS) as corner:
        corner.contact("ann@x.example", attributes={"renews_at": "2017-01-20"})
        corner.until(START + DAY)
        corner.apply(files({"renew": ONE.format("enter: {at: 10 days before contact.renews_at}")}))
        corner.world.look()
        corner.retake()
        corner.until(START + 60 * DAY)
        assert times(corner) == [("ann@x.example", 9 * 24)]


def test_who_fits_on_their_date_enters_though_they_did_not_fit_when_it_was_applied(shop: Shop) -> None:
    renew = ONE.format(
        "enter: {at: 10 days before contact.renews_at}\nwhen: days_since(contact.created_at) > 5"
    )
    with shop(other=ALWAYS) as corner:
        corner.contact("ann@x.example", attributes={"renews_at": "2017-01-20"})
        corner.until(START + DAY)
        corner.apply(files({"renew": renew}))
        corner.world.look()
        corner.retake()
        corner.until(START + 60 * DAY)
        assert times(corner) == [("ann@x.example", 9 * 24)]


def test_a_letter_to_many_is_given_to_all_of_them_a_piece_at_a_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nurture.store.audience._PIECE", 3)
    monkeypatch.setattr("nurture.runner.occasions.BATCH", 2)
    with shop(news=ONE.format("enter: {at: 2017-01-03 09:00}\ntimezone: workspace")) as corner:
        people = [f"{no}@x.example" for no in range(8)]
        for no, email in enumerate(people):
            corner.contact(email, "offers" if no != 3 else "news")
        corner.until(START + 5 * DAY)
        assert sorted(who for who, _ in times(corner)) == [it for it in people if it != "3@x.example"]


def test_whoever_comes_into_a_stage_again_enters_again_only_where_it_says_so(shop: Shop) -> None:
    never = ONE.format("stage: lapsed").replace("one", "two")
    with shop(always=ONE.format("stage: lapsed\nreentry: always"), never=never) as corner:
        corner.contact("ann@x.example")
        for day in (0, 60):
            corner.until(START + day * DAY)
            corner.order("ann@x.example", corner.now + HOUR, f"{day}")
        corner.until(START + 120 * DAY)
        subjects = [subject for _, subject, _ in corner.inbox()]
        assert subjects.count("one") == 2
        assert subjects.count("two") == 1


def test_re_entry_after_a_time_counts_from_leaving(shop: Shop) -> None:
    with shop(hello=ONE.format("enter: {on: visited}\nreentry: {after: 10 days}")) as corner:
        corner.contact("ann@x.example")
        for day in (1, 5, 12, 20):
            corner.event("ann@x.example", "visited", START + day * DAY)
        corner.until(START + 30 * DAY)
        assert times(corner) == [("ann@x.example", 24), ("ann@x.example", 12 * 24)]


def test_an_entry_for_each_order_runs_beside_the_others(shop: Shop) -> None:
    waits = "topic: offers\nenter: {on: shipped}\nreentry: {per: parcel}\nsequence:\n  - wait: 3 days\n  - send: one\n"
    with shop(parcels=waits) as corner:
        corner.contact("ann@x.example")
        for number, (hours, parcel) in enumerate([(1, "A"), (2, "B"), (3, "A")]):
            corner.event(
                "ann@x.example",
                "shipped",
                START + hours * HOUR,
                key=str(number),
                properties={"parcel": parcel},
            )
        corner.until(START + 10 * DAY)
        assert times(corner) == [("ann@x.example", 73), ("ann@x.example", 74)]


def test_agreeing_to_a_topic_lets_into_the_campaigns_of_that_topic(shop: Shop) -> None:
    with shop(
        deals=ONE.format("enter: {on: subscribed}"),
        news=ONE.format("enter: {on: subscribed}").replace("offers", "news").replace("one", "two"),
    ) as corner:
        corner.contact("ann@x.example", "news")
        corner.until(START + DAY)
        assert [subject for _, subject, _ in corner.inbox()] == ["two"]


def test_a_holdout_enters_gets_nothing_and_its_goal_is_noted(shop: Shop) -> None:
    campaign = (
        "topic: offers\nstage: prospect\nholdout: 30%\ngoal: {on: ordered, within: 30 days}\n"
        "sequence:\n  - send: one\n"
    )
    with shop(intro=campaign) as corner:
        for number in range(200):
            corner.contact(f"{number}@x.example")
        corner.until(START + HOUR)
        out = corner.rows(
            "SELECT c.email FROM enrollments e JOIN contacts c ON c.id = e.contact_id WHERE e.held_out"
        )
        held = {email for (email,) in out}
        assert 35 < len(held) < 85
        assert {who for who, _, _ in corner.inbox()} == {f"{n}@x.example" for n in range(200)} - held
        first = sorted(held)[0]
        corner.order(first, START + 2 * DAY, "1")
        corner.until(START + 3 * DAY)
        assert corner.rows("SELECT count(*) FROM enrollments WHERE held_out AND goal_at > 0") == [(1,)]


def test_a_message_waits_for_its_window_in_the_contact_s_own_time(shop: Shop) -> None:
    campaign = "topic: offers\nstage: prospect\nwindow: mon-fri 09:00-17:00\nsequence:\n  - send: one\n"
    with shop(intro=campaign) as corner:
        corner.until(START + 4 * DAY + 16 * HOUR + 30 * MINUTE)
        corner.contact("utc@x.example")
        corner.contact("berlin@x.example", timezone="Europe/Berlin")
        corner.contact("new-york@x.example", timezone="America/New_York")
        corner.until(START + 10 * DAY)
        assert times(corner) == [
            ("new-york@x.example", 112.5), ("utc@x.example", 112.5), ("berlin@x.example", 128),
        ]  # fmt: skip


def test_a_step_changes_the_contact_and_the_next_step_sees_it(shop: Shop) -> None:
    campaign = (
        "topic: offers\nstage: prospect\nsequence:\n  - set: {tag: vip, contact.tier: 3}\n"
        "  - if: '\"vip\" in contact.tags and contact.tier == 3'\n    then:\n      - send: one\n"
        "    else:\n      - send: two\n"
    )
    with shop(intro=campaign) as corner:
        corner.contact("ann@x.example")
        corner.until(START + DAY)
        assert [subject for _, subject, _ in corner.inbox()] == ["one"]


def test_a_step_that_unsubscribes_stops_what_waits_on_that_topic(shop: Shop) -> None:
    stop = "topic: news\nenter: {on: visited}\nsequence:\n  - unsubscribe: offers\n  - send: two\n"
    wait = "topic: offers\nstage: prospect\nsequence:\n  - wait: 3 days\n  - send: one\n"
    with shop(stop=stop, wait=wait) as corner:
        corner.contact("ann@x.example")
        corner.event("ann@x.example", "visited", START + DAY)
        corner.until(START + 10 * DAY)
        assert [subject for _, subject, _ in corner.inbox()] == ["two"]
        assert corner.entries() == [("wait", "not-agreed"), ("stop", "finished")]
