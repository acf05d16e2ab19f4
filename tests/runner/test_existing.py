"""`enter: {existing: yes}`: those who stand at the stage already are let in when the campaign is applied."""

from __future__ import annotations

from pathlib import Path

from nurture.clock import DAY
from nurture.store.engine import Store
from support.corner import START, files, opened

EVERYBODY = "stage: prospect\ntopic: offers\nenter: {existing: yes}\nsequence:\n  - send: one\n"
NEWCOMERS = "stage: prospect\ntopic: offers\nsequence:\n  - send: one\n"
QUIET = "stage: lapsed\ntopic: offers\nsequence:\n  - send: two\n"


def test_who_stands_at_the_stage_already_enters_when_the_campaign_is_applied(
    store: Store, tmp_path: Path
) -> None:
    with opened(store, tmp_path, files({"quiet": QUIET})) as corner:
        corner.contact("ann@example.test", at=START - 90 * DAY)
        corner.until(START + DAY)
        assert corner.inbox() == []
        corner.apply(files({"quiet": QUIET, "everybody": EVERYBODY}))
    with opened(store, tmp_path, files({"quiet": QUIET, "everybody": EVERYBODY})) as corner:
        corner.until(START + 10 * DAY)
        assert [(who, what) for who, what, _ in corner.inbox()] == [("ann@example.test", "one")]
        assert corner.entries() == [("everybody", "finished")]


def test_without_it_only_those_enter_who_come_in_later(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"newcomers": NEWCOMERS})) as corner:
        corner.contact("old@example.test", at=START - 90 * DAY)
        corner.contact("new@example.test", at=START + DAY)
        corner.until(START + 2 * DAY)
        assert [who for who, _, _ in corner.inbox()] == ["new@example.test"]
