"""Refusals in a row trip the breaker."""

from __future__ import annotations

from nurture.clock import HOUR
from nurture.delivery.breaker import TRIPS_AT, Breaker
from nurture.delivery.measures import Pause
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from nurture.delivery.replies import judge

REFUSED = judge(550, "5.7.1 Our system has detected that this message is likely unsolicited mail.", "body")
ACCEPTED = Accepted(reply="250 OK")
NEITHER: tuple[Outcome, ...] = (
    Refused(reply="550 5.1.1", kind="hard"),
    Refused(reply="552 5.2.2", kind="soft"),
    TryLater(reply="451"),
    Unknown(reason="no reply"),
)


def test_many_refusals_in_a_row_pause_that_destination_and_alert_a_person() -> None:
    breaker = Breaker()
    measures = [breaker.note("google", REFUSED) for _ in range(2 * TRIPS_AT)]
    trip = Pause(span=HOUR, alert=True)
    assert measures == ([None] * (TRIPS_AT - 1) + [trip]) * 2


def test_what_is_accepted_begins_the_count_anew() -> None:
    breaker = Breaker(trips_at=3)
    said = [REFUSED, REFUSED, ACCEPTED, REFUSED, REFUSED, REFUSED]
    assert [breaker.note("google", it) is not None for it in said] == [False] * 5 + [True]


def test_mailboxes_that_are_full_or_gone_neither_count_nor_reset() -> None:
    breaker = Breaker(trips_at=2)
    assert all(breaker.note("google", it) is None for it in NEITHER * 10)
    breaker.note("google", REFUSED)
    assert all(breaker.note("google", it) is None for it in NEITHER * 10)
    assert breaker.note("google", REFUSED) is not None


def test_each_destination_has_a_count_of_its_own() -> None:
    breaker = Breaker(trips_at=2)
    assert [breaker.note(key, REFUSED) for key in ("google", "yahoo")] == [None, None]
    breaker.note("yahoo", ACCEPTED)
    assert breaker.note("yahoo", REFUSED) is None
    assert breaker.note("google", REFUSED) is not None


def test_that_we_are_not_authenticated_is_no_refusal_of_content() -> None:
    breaker = Breaker(trips_at=1)
    assert breaker.note("google", judge(550, "5.7.26 unauthenticated", "body")) is None
