"""The winner among variants, as the real runner finds it on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from nurture.audience.contact import Scalar
from nurture.clock import DAY, HOUR, MINUTE, Moment
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.store import consents, happenings, hits, people, winners
from nurture.store.consents import Word
from nurture.store.happenings import EventGiven
from nurture.store.people import ContactGiven
from nurture.store.winners import Chosen, Place
from support.corner import START, Corner, files

Open = Callable[..., Corner]

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36"
MACHINE = "Mozilla/5.0"
TEST = """\
topic: offers
enter: {}
timezone: {}
sequence:
  - send: one
    variants: [one, two]
    winner: clicks
    test: {}
    decide after: 4 hours
"""
NEWS = TEST.format("{at: 2017-01-03 09:00}", "workspace", "50%")
SENT = START + 2 * DAY + 9 * HOUR
ONE_BY_ONE = """\
topic: offers
enter: {on: signed_up}
goal: {on: bought, within: 10 days}
sequence:
  - send: one
    variants: [one, two]
    winner: MEASURE
"""

STEPS = (
    "SELECT s.campaign_id, s.no FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id AND c.active"
)


def crowd(corner: Corner, count: int, name: str = "p", **more: str) -> list[str]:
    """So many people who agreed to everything."""
    emails = [f"{name}{no}@x.example" for no in range(count)]
    given = [ContactGiven(email=it, created_at=corner.now, **more) for it in emails]
    with corner.store.write() as tx:
        ids = people.upsert(tx, corner.store.ids, given, corner.now).ids
        consents.record(
            tx,
            corner.store.ids,
            [
                Word(contact_id=it, topic="offers", agreed=True, at=corner.now, basis="a test")
                for it in ids.values()
            ],
        )
    return emails


def tell(corner: Corner, emails: Sequence[str], name: str, at: Moment) -> None:
    """They all do the same."""
    nothing: dict[str, Scalar] = {}
    given = [
        EventGiven(key=f"{it} {name} {at}", email=it, name=name, at=at, properties=nothing) for it in emails
    ]
    with corner.store.write() as tx:
        happenings.record(tx, corner.store.ids, "a test", given, corner.now)


def click(corner: Corner, subject: str, *, most: int = 1_000, since: Moment = 0, agent: str = BROWSER) -> int:
    """Those who got this message since then follow its link a minute ago."""
    found = corner.rows(
        "SELECT enrollment_id, step_no FROM inbox"
        f" WHERE subject = '{subject}' AND at >= {since} ORDER BY enrollment_id LIMIT {most}"
    )
    at = corner.now - MINUTE
    seen = [Hit(key=MessageKey(*row), kind="click", link_no=1, at=at, agent=agent) for row in found]
    with corner.store.write() as tx:
        return hits.record(tx, seen, corner.store.ids, corner.now)


def received(corner: Corner, since: Moment) -> set[str]:
    """The subjects of all messages since then."""
    return {it for (it,) in corner.rows(f"SELECT subject FROM inbox WHERE at >= {since}")}


def kept(corner: Corner) -> list[tuple[str, str, bool]]:
    """(occasion, template, whether it is final) of all winners."""
    found = corner.rows("SELECT round, template, final FROM winners ORDER BY at, round")
    return [(round_, template, bool(final)) for round_, template, final in found]


def test_a_share_tries_the_variants_and_the_others_get_the_one_that_is_clicked_more(shop: Open) -> None:
    corner = shop({"news": NEWS})
    crowd(corner, 60)
    corner.until(SENT + HOUR)
    tested = len(corner.inbox())
    assert 10 < tested < 50
    assert received(corner, 0) == {"one", "two"}
    click(corner, "two")
    corner.until(SENT + 4 * HOUR - MINUTE)
    assert len(corner.inbox()) == tested
    corner.until(SENT + 5 * HOUR)
    assert len(corner.inbox()) == 60
    assert received(corner, SENT + 2 * HOUR) == {"two"}
    assert {hours for _, _, hours in corner.inbox()} == {57, 61}


def test_the_clicks_of_machines_win_nothing(shop: Open) -> None:
    corner = shop({"news": NEWS})
    crowd(corner, 40)
    corner.until(SENT + HOUR)
    assert click(corner, "two", agent=MACHINE)
    click(corner, "one", most=1)
    corner.until(SENT + 5 * HOUR)
    assert received(corner, SENT + 2 * HOUR) == {"one"}


def test_who_waited_for_the_winner_is_not_late_for_having_waited(shop: Open) -> None:
    corner = shop({"news": NEWS + "    stale after: 2 hours\n"})
    crowd(corner, 30)
    corner.until(SENT + 5 * HOUR)
    assert len(corner.inbox()) == 30
    assert corner.skipped() == {}


def test_a_test_of_enough_decides_for_the_zones_that_come_later(shop: Open) -> None:
    corner = shop({"news": TEST.format("{at: 2017-01-03 09:00}", "contact", "90%")})
    crowd(corner, 300, "tokyo", timezone="Asia/Tokyo")
    crowd(corner, 12, "utc")
    corner.until(SENT - 8 * HOUR)
    assert received(corner, 0) == {"one", "two"}
    click(corner, "two", most=20)
    corner.until(SENT + HOUR)
    assert [it[1:] for it in kept(corner)] == [("two", True)]
    assert len(corner.inbox()) == 312
    assert received(corner, SENT) == {"two"}


def test_after_a_test_of_few_the_zones_that_come_later_are_tested_again(shop: Open) -> None:
    corner = shop({"news": TEST.format("{at: 2017-01-03 09:00}", "contact", "50%")})
    crowd(corner, 30, "tokyo", timezone="Asia/Tokyo")
    crowd(corner, 60, "utc")
    corner.until(SENT - 8 * HOUR)
    click(corner, "two", most=3)
    corner.until(SENT - 4 * HOUR)
    assert [it[1:] for it in kept(corner)] == [("two", False)]
    assert received(corner, SENT - 6 * HOUR) == {"two"}
    corner.until(SENT + HOUR)
    assert received(corner, SENT) == {"one", "two"}
    click(corner, "one", since=SENT)
    corner.until(SENT + 5 * HOUR)
    assert received(corner, SENT + 2 * HOUR) == {"one"}
    assert len(corner.inbox()) == 90


def test_each_occasion_has_its_own_winner(shop: Open) -> None:
    corner = shop({"weekly": TEST.format("{every: tuesday 09:00}", "workspace", "50%")})
    crowd(corner, 40)
    for week, subject in enumerate(("two", "one")):
        at = SENT + week * 7 * DAY
        corner.until(at + HOUR)
        assert received(corner, at) == {"one", "two"}
        click(corner, subject, since=at)
        corner.until(at + 5 * HOUR)
        assert received(corner, at + 2 * HOUR) == {subject}
    assert [template for _, template, _ in kept(corner)] == ["two", "one"]


def test_a_test_that_a_window_holds_back_has_its_time_when_the_window_opens(shop: Open) -> None:
    corner = shop({"news": NEWS + "    window: mon-sun 18:00-23:59\n"})
    crowd(corner, 40)
    corner.until(SENT + 8 * HOUR)
    assert corner.inbox() == []
    corner.until(SENT + 10 * HOUR)
    assert received(corner, 0) == {"one", "two"}
    click(corner, "two")
    corner.until(SENT + 14 * HOUR)
    assert len(corner.inbox()) == 40
    assert received(corner, SENT + 11 * HOUR) == {"two"}


def test_after_an_outage_the_test_begins_late_and_not_in_vain(shop: Open) -> None:
    corner = shop({"news": NEWS})
    crowd(corner, 40)
    late = SENT + DAY
    corner.clock.move_to(late)
    corner.until(late + HOUR)
    assert 5 < len(corner.inbox()) < 35
    click(corner, "two")
    corner.until(late + 5 * HOUR)
    assert len(corner.inbox()) == 40
    assert received(corner, late + 2 * HOUR) == {"two"}


def test_where_nobody_is_in_the_test_the_others_get_their_message_nevertheless(shop: Open) -> None:
    corner = shop({"news": TEST.format("{at: 2017-01-03 09:00}", "workspace", "0.0001%")})
    crowd(corner, 5)
    corner.until(SENT + 5 * HOUR)
    assert {(subject, hours) for _, subject, hours in corner.inbox()} == {("one", 61)}
    assert len(corner.inbox()) == 5


def test_who_is_woken_before_the_end_of_the_test_goes_on_waiting(shop: Open) -> None:
    corner = shop({"news": NEWS})
    everybody = crowd(corner, 20)
    corner.until(SENT + HOUR)
    tested = len(corner.inbox())
    tell(corner, everybody, "visited", corner.now)
    corner.until(SENT + 3 * HOUR)
    assert len(corner.inbox()) == tested
    corner.until(SENT + 5 * HOUR)
    assert len(corner.inbox()) == 20


def test_one_by_one_a_winner_is_named_when_it_is_sure_and_later_ones_get_it(shop: Open) -> None:
    corner = shop({"hello": ONE_BY_ONE.replace("MEASURE", "clicks")})
    tell(corner, crowd(corner, 80), "signed_up", corner.now)
    corner.until(START + HOUR)
    assert received(corner, 0) == {"one", "two"}
    click(corner, "two", most=25)
    corner.tick.night(corner.now)
    assert kept(corner) == []
    corner.until(START + 25 * HOUR)
    corner.tick.night(corner.now)
    assert kept(corner) == [("", "two", True)]
    tell(corner, crowd(corner, 20, "q"), "signed_up", corner.now)
    corner.until(corner.now + HOUR)
    assert len(corner.inbox()) == 100
    assert received(corner, START + 2 * HOUR) == {"two"}


def test_conversions_count_when_the_time_for_the_goal_is_over(shop: Open) -> None:
    corner = shop({"hello": ONE_BY_ONE.replace("MEASURE", "conversions")})
    everybody = crowd(corner, 80)
    tell(corner, everybody, "signed_up", corner.now)
    corner.until(START + HOUR)
    with_one = [who for who, subject, _ in corner.inbox() if subject == "one"]
    tell(corner, with_one[:25], "bought", corner.now)
    corner.until(START + 9 * DAY)
    corner.tick.night(corner.now)
    assert kept(corner) == []
    corner.until(START + 10 * DAY + HOUR)
    corner.tick.night(corner.now)
    assert kept(corner) == [("", "one", True)]


def edit(corner: Corner, campaign: str) -> None:
    corner.apply(files({"hello": campaign}))
    corner.world.look()
    corner.retake()


@pytest.fixture
def won(shop: Open) -> Corner:
    """A shop in which `two` has won."""
    corner = shop({"hello": ONE_BY_ONE.replace("MEASURE", "clicks")})
    ((campaign, no),) = corner.rows(STEPS)
    row = Chosen(template="two", variants=("one", "two"), at=corner.now, final=True, why="")
    with corner.store.write() as tx:
        winners.keep(tx, {Place(campaign, no, ""): row})
    return corner


def arrive(corner: Corner, name: str) -> set[str]:
    tell(corner, crowd(corner, 24, name), "signed_up", corner.now)
    since = corner.now
    corner.until(since + HOUR)
    return received(corner, since)


def test_an_edit_of_something_else_leaves_the_winner(won: Corner) -> None:
    edit(won, ONE_BY_ONE.replace("MEASURE", "clicks\n    subject: Another"))
    assert {it for (it,) in won.rows("SELECT template FROM winners")} == {"two"}
    arrive(won, "a")
    assert set(won.rows("SELECT DISTINCT template FROM messages")) == {("two",)}


def test_an_edit_of_the_variants_drops_the_winner(won: Corner) -> None:
    edit(won, ONE_BY_ONE.replace("MEASURE", "clicks").replace("[one, two]", "[one, two, three]"))
    assert arrive(won, "a") == {"one", "two", "three"}
    won.until(won.now + 2 * DAY)
    won.tick.night(won.now)
    assert arrive(won, "b") == {"one", "two", "three"}


def test_a_winner_that_is_final_is_not_written_over(won: Corner) -> None:
    ((campaign, no),) = won.rows(STEPS)
    place = Place(campaign, no, "")
    other = Chosen(template="one", variants=("one", "two"), at=won.now, final=True, why="")
    with won.store.write() as tx:
        winners.keep(tx, {place: other})
        assert winners.chosen(tx, [campaign], [""])[place].template == "two"
