"""What is said of a trouble that several parts meet."""

from __future__ import annotations

from structlog.testing import capture_logs

from nurture.errors import StoreError
from nurture.runner.troubles import Troubles

FULL = StoreError("the disk is full", where="nurture.db", remedy="Make room.")


def test_it_is_said_once_and_is_over_when_the_last_part_can_go_on() -> None:
    troubles = Troubles()
    with capture_logs() as logs:
        for part in ("deciding", "sending", "sending"):
            troubles.say("database", FULL, "waiting for it", by=part)
        troubles.over("database", by="deciding")
        troubles.over("database", by="notices")
        assert [it["event"] for it in logs] == ["the disk is full"]
        troubles.over("database", by="sending")
        troubles.over("database", by="sending")
    assert [(it["event"], it["times"]) for it in logs] == [("the disk is full", 1), ("it works again", 3)]


def test_kinds_are_told_apart_and_one_that_begins_again_is_said_again() -> None:
    troubles = Troubles()
    with capture_logs() as logs:
        troubles.say("database", FULL, "waiting for it")
        troubles.say("relay", FULL, "waiting for it")
        troubles.over("database")
        troubles.say("database", FULL, "waiting for it")
    assert [it["trouble"] for it in logs] == ["database", "relay", "database", "database"]
