"""What the answers that providers really give mean for all other mail to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.audience.spans import say_span
from nurture.clock import HOUR, MINUTE, Moment
from nurture.delivery.measures import Health, Measure, Pause, Slow, Stop, merged, wants_alert
from nurture.delivery.outcome import Refused, TryLater
from nurture.delivery.replies import CLOSING, TABLE, Row, find_row, judge, measure_of, relay_measure

NOW: Moment = 1_800_000_000_000_000
UNKNOWN_TO_THEM = Pause(span=HOUR, alert=True)
STOP = Stop(reason="Yahoo takes nothing more from us")
HALF_AN_HOUR = Pause(span=30 * MINUTE)
AT_GMAIL = Slow(span=30 * MINUTE, per_minute=10)


@pytest.mark.parametrize(
    ("code", "text", "measure"),
    [
        # Gmail: support.google.com/a/answer/3726730
        (
            421,
            "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP",
            AT_GMAIL,
        ),
        (421, "4.7.28 Gmail has detected an unusual rate of mail from your DKIM domain", AT_GMAIL),
        (
            421,
            "4.7.0 Our system has detected an unusual rate of unsolicited mail from your IP address",
            CLOSING,
        ),
        (421, "4.3.0 Temporary System Problem. Try again later", CLOSING),
        (421, "4.4.5 Server busy, try again later.", CLOSING),
        (421, "4.7.23 The IP address sending this message does not have a PTR record", UNKNOWN_TO_THEM),
        (421, "4.7.26 Your email has been rate limited because it is unauthenticated", UNKNOWN_TO_THEM),
        (421, "4.7.27 Your email has been rate limited because SPF did not pass", UNKNOWN_TO_THEM),
        (421, "4.7.29 Your email has been rate limited because it wasn't sent over TLS", UNKNOWN_TO_THEM),
        (421, "4.7.30 Your email has been rate limited because DKIM did not pass", UNKNOWN_TO_THEM),
        (
            421,
            "4.7.32 Your email has been rate limited because the From: header isn't aligned",
            UNKNOWN_TO_THEM,
        ),
        (550, "5.7.25 The IP address sending this message does not have a PTR record", UNKNOWN_TO_THEM),
        (550, "5.7.26 This mail has been blocked because the sender is unauthenticated.", UNKNOWN_TO_THEM),
        (550, "5.7.27 Your email has been blocked because SPF did not pass", UNKNOWN_TO_THEM),
        (550, "5.7.29 Your email has been blocked because it was not sent over TLS", UNKNOWN_TO_THEM),
        (550, "5.7.30 Your email has been blocked because DKIM did not pass", UNKNOWN_TO_THEM),
        # Microsoft
        (
            550,
            "5.7.515 Access denied, sending domain shop.example does not meet the required level",
            UNKNOWN_TO_THEM,
        ),
        (451, "4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)", HALF_AN_HOUR),
        (
            451,
            "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP",
            HALF_AN_HOUR,
        ),
        (
            451,
            "4.7.651 The mail server [192.0.2.1] has been temporarily rate limited due to IP",
            HALF_AN_HOUR,
        ),
        (421, "RP-001 The sending IP exceeded a rate limit related to IP or domain reputation.", CLOSING),
        # Yahoo: senders.yahooinc.com/smtp-error-codes
        (421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to", Pause(span=2 * HOUR)),
        (421, "4.7.0 [TSS05] Messages from 192.0.2.1 temporarily deferred due to", Pause(span=4 * HOUR)),
        (553, "5.7.1 [TSS09] All messages from 192.0.2.1 will be permanently deferred", STOP),
        (421, "4.7.1 [TSS11] All messages from 192.0.2.1 will be permanently deferred", STOP),
        # RFC 5321 3.8 and RFC 4954 section 6
        (421, "mx.gmx.net Service not available", CLOSING),
        (530, "5.7.0 Authentication required", Pause(span=5 * MINUTE, alert=True)),
        (535, "5.7.8 Authentication credentials invalid", Pause(span=5 * MINUTE, alert=True)),
    ],
)
def test_an_answer_about_us_is_a_measure_for_all_mail_to_that_provider(
    code: int, text: str, measure: Measure
) -> None:
    for phase in ("mail", "rcpt", "data", "body"):
        outcome = judge(code, text, phase)  # type: ignore[arg-type]  # each is a phase
        assert isinstance(outcome, TryLater | Refused) and outcome.measure == measure
        assert not (isinstance(outcome, Refused) and outcome.kind in ("hard", "soft")), (
            "no contact is at fault"
        )
    assert measure_of(code, text) == measure


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 The email account that you tried to reach does not exist."),
        (452, "4.2.2 The recipient's inbox is out of storage space."),
        (450, "4.2.1 The user you are trying to contact is receiving mail too quickly."),
        (550, "5.2.1 The email account that you tried to reach is inactive."),
        (450, "4.7.1 Greylisted, please try again later"),
        (550, "5.7.1 Our system has detected that this message is likely unsolicited mail."),
        (554, "5.7.9 Message not accepted for policy reasons."),
        (552, "5.3.4 Your message exceeded the size limits."),
        (451, "4.3.0 Mail server temporarily rejected message."),
    ],
)
def test_an_answer_about_one_mailbox_or_message_holds_nothing_else_back(code: int, text: str) -> None:
    outcome = judge(code, text, "rcpt")
    assert isinstance(outcome, TryLater | Refused) and outcome.measure is None


def test_a_relay_is_held_back_by_what_is_its_own_only() -> None:
    assert relay_measure(421, "4.7.28 said Gmail") == CLOSING
    assert relay_measure(535, "5.7.8 no") == Pause(span=5 * MINUTE, alert=True)
    assert relay_measure(550, "5.7.26 said Gmail") is None
    assert relay_measure(451, "4.7.650 said Microsoft") is None


def test_a_person_hears_of_what_does_not_end_by_itself() -> None:
    assert [wants_alert(it) for it in (STOP, UNKNOWN_TO_THEM, HALF_AN_HOUR, CLOSING)] == [
        True,
        True,
        False,
        False,
    ]


def test_the_table_for_operators_is_the_one_that_is_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("| what it means | the server says |")[2].partition("\n\n")[0]
    written = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[2:]]
    assert [(meant, message, others) for meant, _, message, others in written] == [
        (it.says, _message(it), _others(it)) for it in TABLE
    ]
    for (_, examples, *_), row in zip(written, TABLE, strict=True):
        for code, text in re.findall(r"`(\d{3}) ?([^`]*)`", examples):
            assert find_row(int(code), text, "mail" if row.phases == ("mail",) else "rcpt") is row, (
                f"{code} {text}"
            )


def _message(row: Row) -> str:
    if row.meaning == "later":
        return f"again, after {say_span(row.pause)}" if row.pause else "again, later"
    return {
        "hard": "bounced; never mailed again",
        "soft": "bounced; counts towards suppression",
        "policy": "refused; the contact is not at fault",
    }[row.meaning]


def _others(row: Row) -> str:
    match row.measure:
        case None:
            return "goes on"
        case Slow(per_minute=None):
            return f"half as fast for {say_span(row.measure.span)}"
        case Slow():
            return f"{row.measure.per_minute} a minute for {say_span(row.measure.span)}"
        case Pause():
            return f"waits for {say_span(row.measure.span)}" + ("; **alert**" if row.measure.alert else "")
        case Stop():
            return "stops until you resume it; **alert**"


MOMENTS = st.integers(0, 5)
HEALTHS = st.builds(
    Health,
    paused_until=MOMENTS,
    slow_until=MOMENTS,
    slow_per_minute=MOMENTS,
    stopped=st.sampled_from(["", "a", "b"]),
    reply=st.sampled_from(["", "x", "y"]),
    at=st.integers(1, 5),
    resumed_at=MOMENTS,
)


@given(HEALTHS, HEALTHS)
def test_it_does_not_matter_who_tells_whom(one: Health, other: Health) -> None:
    both = merged(one, other)
    assert both == merged(other, one)
    assert both == merged(both, one) == merged(both, other)


@given(HEALTHS, HEALTHS)
def test_the_later_end_counts_but_not_what_was_before_a_resume(one: Health, other: Health) -> None:
    both = merged(one, other)
    standing = [it for it in (one, other) if it.at > max(one.resumed_at, other.resumed_at)]
    assert both.paused_until == max((it.paused_until for it in standing), default=0)
    assert both.slow_until == max((it.slow_until for it in standing), default=0)
    assert bool(both.stopped) == any(it.stopped for it in standing)
    assert both.resumed_at == max(one.resumed_at, other.resumed_at)


def test_resumed_everything_is_sound_until_the_next_answer() -> None:
    held = Health(paused_until=NOW + HOUR, stopped="no more", at=NOW)
    resumed = merged(held, Health(resumed_at=NOW + 1))
    assert resumed.is_sound(NOW + 1)
    again = merged(resumed, Health(paused_until=NOW + HOUR, at=NOW + 2))
    assert not again.is_sound(NOW + 3) and not again.stopped
