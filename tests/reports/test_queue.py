"""Why messages wait, in words."""

from __future__ import annotations

import pytest

from nurture.clock import DAY, HOUR, MINUTE, NEVER
from nurture.delivery.measures import Health
from nurture.delivery.shaping import OTHERS as SHAPE
from nurture.delivery.shaping import Shape
from nurture.journeys.caps import parse_cap
from nurture.reports.queue import UNPLACED, Destination, Hold, Why, limits_of, normal, why
from nurture.settings.destinations import parse_rate

NOW = 20_000 * DAY + 3 * HOUR
SOUND = Hold(destination=Destination(name="google", shape=SHAPE))
RATE = Shape(connections=5, per_connection=50, rate=parse_rate("600 per minute"))


def asked(hold: Hold = SOUND, *, state: str = "planned", word: str = "", first_at: int = NOW) -> Why:
    return why(
        state=state, word=word, first_at=first_at, reply="421 4.7.0 busy 8a9b1c22d", hold=hold, now=NOW
    )


def hold(health: Health | None = None, *, name: str = "yahoo", **more: object) -> Hold:
    it = Destination(name=name, shape=SHAPE, health=health or Health(), **more)  # type: ignore[arg-type]  # they fit
    return Hold(destination=it)


@pytest.mark.parametrize(
    ("found", "kind", "first_at"),
    [
        (asked(), "due", NOW),
        (asked(first_at=NOW + 1), "later", NOW + 1),
        (asked(word="window", first_at=NOW + HOUR), "window", NOW + HOUR),
        (asked(word="cap", first_at=NOW + HOUR), "cap", NOW + HOUR),
        (asked(word="quiet", first_at=NOW + HOUR), "quiet", NOW + HOUR),
        (asked(word="awaits-answer", first_at=NOW + HOUR), "awaits-answer", NOW + HOUR),
        (asked(state="deferred", first_at=NOW + HOUR), "deferred", NOW + HOUR),
        (asked(state="claimed"), "claimed", NOW),
        (asked(state="handed"), "handed", None),
        (asked(state="accepted"), "handed", None),
        (asked(Hold(destination=SOUND.destination, campaign_paused=True)), "campaign-paused", None),
        (asked(word="paused", first_at=NEVER), "later", None),
        (asked(hold(name=UNPLACED)), "not-looked-up", None),
        (asked(hold(Health(stopped="[TSS09]"))), "stopped", None),
        (asked(hold(Health(stopped="[TSS09]")), first_at=NOW + 1), "later", None),
        (asked(hold(Health(paused_until=NOW + HOUR))), "paused", NOW + HOUR),
        (asked(hold(Health(paused_until=NOW + HOUR)), first_at=NOW + 1), "later", NOW + HOUR),
        (asked(hold(Health(paused_until=NOW))), "due", NOW),
        (asked(hold(quota=50, used=50)), "warm-up", 20_001 * DAY),
        (asked(hold(quota=50, used=49)), "due", NOW),
        (asked(hold(Health(slow_until=NOW + MINUTE, slow_per_minute=10))), "slowed", NOW),
        (asked(Hold(destination=Destination(name="google", shape=RATE))), "rate", NOW),
        (asked(Hold(destination=SOUND.destination, campaign_rate=RATE.rate)), "rate", NOW),
        (asked(Hold(destination=SOUND.destination, relays_until=NOW + HOUR)), "relays-paused", NOW + HOUR),
        (asked(Hold(destination=SOUND.destination, relays_until=NEVER)), "relays-paused", None),
    ],
)
def test_each_state_has_a_reason_and_the_first_moment_at_which_something_goes(
    found: Why, kind: str, first_at: int | None
) -> None:
    assert (found.kind, found.first_at) == (kind, first_at)
    assert found.says


def test_the_words_say_what_holds() -> None:
    caps = (parse_cap("3 per 7 days"),)
    capped = Hold(destination=SOUND.destination, caps=caps)
    assert asked(capped, word="cap", first_at=NOW + 1).says == "held by the cap (3 per 7 days)"
    assert asked(state="deferred", first_at=NOW + 1).says == "put off after a try: 421 4.7.0 busy …"
    both = Hold(destination=Destination(name="google", shape=RATE), campaign_rate=parse_rate("5 per hour"))
    assert asked(both).says == "due, and going at 600 per minute and 5 per hour"
    assert asked(word="its template was stopped too often: one", first_at=NOW + 1).says.startswith(
        "its template"
    )


def test_limits_are_told_as_they_are_in_force() -> None:
    it = Destination(name="google", shape=RATE, quota=500, used=380)
    assert limits_of(it, direct=False) == ["600 per minute", "warming up: 380 of 500 today"]
    assert limits_of(it, direct=True)[0] == "5 connections of 50 messages"
    others = Destination(name="others", shape=SHAPE, quota=500, each=True)
    assert limits_of(others, direct=True) == [
        "10 connections of 100 messages",
        "warming up: 500 today, to each",
    ]
    assert limits_of(Destination(name="apple", shape=SHAPE), direct=False) == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            "421 4.7.0 [TSS04] Messages from 1.2.3.4 temporarily deferred - 4.16.55.1; see https://y.example/codes",
            "421 4.7.0 [TSS04] Messages from … temporarily deferred - …; see https://y.example/codes",
        ),
        (
            "421-4.7.28 Our system has detected\r\n421 4.7.28 mail d2e1a72fcca58-7a9b8c - gsmtp",
            "421-4.7.28 Our system has detected 421 4.7.28 mail … - gsmtp",
        ),
        ("452 4.2.2 <ann@x.example> mailbox full", "452 4.2.2 <…> mailbox full"),
        ("451 4.7.500 Server busy (S77719) [AM0EUR02FT012.eop]", "451 4.7.500 Server busy (S77719) […]"),
        ("450 try again in 300 seconds", "450 try again in … seconds"),
        ("", ""),
    ],
)
def test_answers_that_differ_in_their_numbers_alone_are_one(reply: str, expected: str) -> None:
    assert normal(reply) == expected


def test_an_endless_answer_is_cut() -> None:
    assert len(normal("451 " + "busy " * 200)) == 200
