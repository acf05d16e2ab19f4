"""Every row of the table of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import HOUR, MINUTE, Span
from nurture.delivery.outcome import Accepted, Refused, TryLater, Unknown
from nurture.delivery.replies import TABLE, Phase, find_row, judge


@pytest.mark.parametrize(
    ("code", "text", "pause"),
    [
        (421, "4.3.2 shutting down", None),
        (450, "4.7.1 greylisted, try again", 5 * MINUTE),
        (451, "4.7.1 greylisted, try again", 5 * MINUTE),
        (450, "4.2.0 greylisted", 5 * MINUTE),
        (450, "4.2.1 receiving mail too quickly", HOUR),
        (421, "4.7.28 unusual rate of mail", 30 * MINUTE),
        (421, "4.7.26 not authenticated", HOUR),
        (550, "5.7.26 this mail is unauthenticated", HOUR),
        (550, "5.7.515 access denied", HOUR),
        (530, "5.7.0 authentication required", HOUR),
        (421, "4.7.0 [TSS04] deferred", 2 * HOUR),
        (421, "4.7.0 [TSS05] deferred", 4 * HOUR),
        (451, "4.7.500 server busy", 30 * MINUTE),
        (451, "4.7.650 slow down", 30 * MINUTE),
        (550, "5.2.1 receiving mail at a rate that", HOUR),
        (452, "4.3.1 insufficient storage", None),
        (451, "come back", None),
    ],
)
def test_an_answer_that_asks_for_patience_is_tried_again(code: int, text: str, pause: Span | None) -> None:
    outcome = judge(code, text, "rcpt")
    assert isinstance(outcome, TryLater)
    assert (outcome.reply, outcome.pause) == (f"{code} {text}", pause)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (550, "5.1.1 no such user", "hard"),
        (550, "5.1.2 bad host", "hard"),
        (550, "5.1.6 moved", "hard"),
        (556, "5.1.10 null MX", "hard"),
        (556, "takes no mail", "hard"),
        (550, "No such user here", "hard"),
        (550, "Host not found", "hard"),
        (550, "5.2.1 disabled", "hard"),
        (452, "4.2.2 mailbox full", "soft"),
        (552, "5.2.2 mailbox full", "soft"),
        (554, "transaction failed", "soft"),
        (550, "5.4.4 unable to route", "soft"),
        (550, "5.7.1 spam", "policy"),
        (554, "5.6.0 content", "policy"),
        (552, "5.3.4 too big", "policy"),
        (553, "5.7.1 [TSS09] permanently deferred", "policy"),
        (421, "4.7.1 [TSS11] permanently deferred", "policy"),
    ],
)
def test_a_final_answer_says_whose_fault_it_is(code: int, text: str, kind: str) -> None:
    outcome = judge(code, text, "rcpt")
    assert isinstance(outcome, Refused)
    assert outcome.kind == kind


def test_what_is_said_of_our_own_address_is_not_held_against_the_recipient() -> None:
    assert judge(550, "5.1.1 no such user", "mail") == Refused(reply="550 5.1.1 no such user", kind="policy")


def test_words_alone_condemn_nobody_where_the_server_has_enhanced_codes() -> None:
    outcome = judge(550, "5.4.1 user unknown to this route", "rcpt")
    assert isinstance(outcome, Refused)
    assert outcome.kind == "soft"


def test_a_body_is_taken_by_any_code_of_success() -> None:
    assert judge(250, "2.0.0 queued", "body") == Accepted(reply="250 2.0.0 queued")


def test_nonsense_is_unknown_only_after_the_body() -> None:
    assert isinstance(judge(354, "what?", "body"), Unknown)
    assert isinstance(judge(354, "what?", "rcpt"), TryLater)


def test_every_row_of_the_table_can_be_reached() -> None:
    samples = [
        (421, "[TSS11]"),
        (421, "[TSS04]"),
        (421, "[TSS05]"),
        (421, "4.7.28"),
        (451, "4.7.500"),
        (550, "5.7.26"),
        (530, ""),
        (421, ""),
        (450, "4.7.1"),
        (450, "4.2.1"),
        (552, "5.2.2"),
        (451, ""),
        (550, "5.1.1"),
        (556, ""),
        (550, "user unknown"),
        (550, "5.2.1 too many"),
        (550, "5.2.1"),
        (550, "5.7.1"),
        (552, "5.3.4"),
        (554, ""),
    ]
    reached = {id(find_row(code, text, "rcpt")) for code, text in samples}
    reached.add(id(find_row(550, "", "mail")))
    assert reached == {id(row) for row in TABLE}


@given(st.integers(200, 599), st.text(max_size=2000), st.sampled_from(["mail", "rcpt", "data", "body"]))
def test_whatever_a_server_says_has_a_short_meaning(code: int, text: str, phase: Phase) -> None:
    outcome = judge(code, text, phase)
    said = outcome.reason if isinstance(outcome, Unknown) else outcome.reply
    assert len(said) <= 600
    assert isinstance(outcome, Accepted) == (phase == "body" and code < 300)
