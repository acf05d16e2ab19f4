"""nurture resend: a person says that what may have been lost goes out again."""

from __future__ import annotations

import pytest

from nurture.app import open_app
from support.cli import Nurture


def lose(nurture: Nurture, most: int = 1_000) -> int:
    """Make the welcome messages unknown; says how many are."""
    with open_app(nurture.workspace) as app, app.store.write() as tx:
        return tx.exec_driver_sql(
            "UPDATE messages SET outcome = 'unknown', reason = 'the relay hung up' WHERE enrollment_id IN"
            " (SELECT enrollment_id FROM messages WHERE outcome = 'sent' AND template = 'welcome' ORDER BY"
            f" done_at LIMIT {most}) AND template = 'welcome'"
        ).rowcount


def test_they_are_listed_and_nobody_is_asked_where_nobody_is(in_shop: Nurture) -> None:
    assert lose(in_shop) == 3
    ran = in_shop("resend", "--unknown")
    assert (ran.status, ran.out) == (2, "")
    assert "3 messages are unknown: handed over, and no answer came.\n" in ran.err
    assert "  3  introductory-offer/welcome\n" in ran.err
    assert "2017-01-02 12:00  ann@example.test  introductory-offer/welcome\n" in ran.err
    assert "Some of them have arrived, and will arrive twice." in ran.err
    assert "nurture resend --unknown --yes" in ran.err
    assert in_shop("resend", "--unknown", "--json").status == 2


def test_with_a_yes_they_are_planned_once(in_shop: Nurture) -> None:
    lose(in_shop)
    ran = in_shop.ok("resend", "--unknown", "--yes")
    assert ran.out == "3 messages go out again, as soon as nurture run sends.\n"
    waiting = in_shop.ok("queue", "--campaign", "introductory-offer", "--json").document["messages"]
    welcome = [it for it in waiting if it["message"] == "introductory-offer/welcome"]
    assert {it["reason"] for it in welcome} == {"due"}
    assert len(welcome) == 3
    assert in_shop.ok("resend", "--unknown").out == "No message is unknown.\n"


def test_it_can_be_for_one_campaign_or_since_a_moment(in_shop: Nurture) -> None:
    lose(in_shop)
    other = in_shop.ok("resend", "--unknown", "--campaign", "loyalty", "--yes", "--json").document
    assert other == {"unknown": 0, "planned": 0, "not_in_force": 0, "messages": []}
    late = in_shop.ok("resend", "--unknown", "--since", "2017-01-03", "--yes", "--json").document
    assert (late["unknown"], late["planned"]) == (2, 2)
    assert {it["email"] for it in late["messages"]} == {"bob@example.test", "cleo@example.test"}
    one = in_shop.ok("resend", "--unknown", "--yes")
    assert one.out == "1 message goes out again, as soon as nurture run sends.\n"
    assert "If it has arrived, it will arrive twice." in one.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what is to be sent a second time"),
        (["--yes"], "--unknown: messages that were handed over"),
        (["--unknown", "--campaign", "introductory"], 'Did you mean "introductory-offer"?'),
        (["--unknown", "--since", "yesterday"], "--since: 'yesterday' is no date or time"),
    ],
)
def test_wrong_usage_says_what_is_right(in_shop: Nurture, arguments: list[str], words: str) -> None:
    ran = in_shop("resend", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_a_no_changes_nothing(in_shop: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(in_shop)
    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))
    ran = in_shop("resend", "--unknown")
    assert (ran.status, ran.out.strip()) == (1, "")
    assert ran.err.endswith("Nothing was changed.\n")
    monkeypatch.setattr("sys.stdin", _Terminal("y\n"))
    assert in_shop.ok("resend", "--unknown").out.strip().startswith("3 messages go out again")


def test_before_the_first_apply_it_says_what_to_do(nurture: Nurture) -> None:
    ran = nurture("resend", "--unknown")
    assert ran.status == 1
    assert "nothing is in force yet" in ran.err


class _Terminal:
    """A person who has typed an answer already."""

    def __init__(self, typed: str) -> None:
        self._typed = typed

    def isatty(self) -> bool:
        return True

    def readline(self, limit: int = -1) -> str:
        return self._typed

    def read(self, limit: int = -1) -> str:
        return self._typed
