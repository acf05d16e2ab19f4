"""nurture queue and nurture deferred: what waits and why, as an operator asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nurture.app import open_app
from nurture.clock import DAY, HOUR, MINUTE, Moment
from nurture.delivery.measures import Health
from nurture.delivery.outcome import MessageKey
from nurture.delivery.warm_up import day_of
from nurture.store import destinations, outbox, versions
from nurture.store.engine import Tx
from nurture.store.outbox import Planned
from support.cli import Nurture

BUSY = "421 4.7.0 [TSS04] Messages from 1.2.3.4 deferred - 4.16.55.{}"


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 80)


@contextmanager
def database(workspace: Path) -> Iterator[tuple[Tx, Moment, Callable[..., None]]]:
    """The workspace's database, now, and a way to put a message into its outbox; nothing waits at first."""
    with open_app(workspace) as app, app.store.write() as tx:
        now, ids = app.clock.now(), app.store.ids
        tx.exec_driver_sql("DELETE FROM outbox")
        record = versions.records(tx)["loyalty"]
        step = next(iter(record.step_ids))
        contacts = [id_ for (id_,) in tx.exec_driver_sql("SELECT id FROM contacts ORDER BY email")]

        def wait(lane: str, *, who: int = 0, at: Moment = 0, reply: str = "", state: int = 0) -> None:
            key = MessageKey(ids.take(1, now)[0], step)
            it = Planned(
                key=key,
                contact_id=contacts[who],
                campaign_id=record.id,
                template="x",
                planned_at=now,
                due_at=now + at,
                stale_at=now + 7 * DAY,
                lane=lane,
            )
            outbox.plan(tx, [it])
            tried = f"attempts = 2, first_tried_at = {now}," if state == 3 else ""
            tx.exec_driver_sql(
                f"UPDATE outbox SET {tried} state = {state}, last_reply = '{reply}'"
                f" WHERE enrollment_id = {key.enrollment_id}"
            )

        yield tx, now, wait


def test_an_empty_queue_shows_the_limits_in_force(in_shop: Nurture) -> None:
    with database(in_shop.workspace):
        pass
    out = in_shop.ok("queue").out
    assert out == (
        "Nothing waits to be sent.\nNobody is sending: nurture run does.\n\nlimits in force\n"
        "  google, microsoft, yahoo, apple, gmx, others  no limit\n"
    )


def test_what_waits_is_told_by_destination_with_its_reasons(in_shop: Nurture) -> None:
    with database(in_shop.workspace) as (_, _, wait):
        wait("google", who=0, at=-MINUTE)
        wait("google", who=1, at=DAY, reply="cap")
        wait("google", who=2, at=DAY, reply="window")
        wait("", who=0, at=-MINUTE)
        wait("?x.example", who=1, at=-MINUTE)
    out = in_shop.ok("queue").out
    assert out.startswith("5 messages wait to be sent, 3 of them due now.\n")
    assert "  google: 3\n    1  due, and about to go\n       loyalty\n" in out
    assert "held by the cap (3 per 7 days); at 20" in out
    assert "not before their window opens; at 20" in out
    assert "  others: 1\n" in out
    assert "  not looked up yet: 1\n    1  where their domains take mail is not looked up yet\n" in out
    assert "  ann@example.test  loyalty/" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_long_queue_is_told_in_short_and_its_messages_on_demand(in_shop: Nurture) -> None:
    with database(in_shop.workspace) as (_, _, wait):
        for number in range(25):
            wait("google", who=number % 3, at=-MINUTE)
        wait("yahoo", at=-MINUTE)
    assert "\nmessages\n" not in in_shop.ok("queue").out
    out = in_shop.ok("queue", "--lane", "google").out
    assert out.count("@example.test") == 20
    assert out.endswith("  and 5 more: --all shows them\n")
    assert "yahoo" not in out
    assert in_shop.ok("queue", "--all").out.count("@example.test") == 26
    assert in_shop.ok("queue", "--lane", "yahoo", "--json").document["messages"][0]["reason"] == "due"
    assert in_shop.ok("queue", "--campaign", "loyalty", "--json").document["more"] == 6
    assert in_shop.ok("queue", "--campaign", "win-back", "--json").document["waiting"] == 0


def test_limits_are_those_of_the_settings_and_of_what_servers_said(in_shop: Nurture) -> None:
    in_shop.edit(
        "nurture.toml",
        "[sender]",
        '[rates]\nloyalty = "500 per hour"\n\n[destinations.google]\nper_minute = 600\n\n'
        "[warm_up]\nsince = 2999-01-01\nsteps = [50]\n\n[sender]",
    )
    with database(in_shop.workspace) as (tx, now, wait):
        wait("google", who=0, at=-MINUTE)
        wait("yahoo", who=1, at=-MINUTE)
        wait("gmx", who=2, at=-MINUTE)
        destinations.count_sent(tx, 7, {"google": 20, "gmx": 50}, day_of(now))
        paused = Health(paused_until=now + 2 * HOUR, reply=BUSY.format(1), at=now)
        destinations.save_healths(tx, {"yahoo": paused, "/mx.a.example": paused})
    out = in_shop.ok("queue").out
    assert "  google  600 per minute; warming up: 20 of 50 today\n" in out
    assert "  yahoo, /mx.a.example  warming up: 0 of 50 today; paused until " in " ".join(
        out.split("\n      ")
    )
    assert "  campaign loyalty  500 per hour\n" in out
    assert "due, and going at 600 per minute and 500 per hour" in out
    assert "the destination is paused; at " in out
    assert "warming up: the 50 for today are used; at " in out
    limits = in_shop.ok("queue", "--json").document["limits"]
    google = next(it for it in limits["destinations"] if it["name"] == "google")
    assert (google["rate"], google["today"], google["used_today"]) == ("600 per minute", 50, 20)
    yahoo = next(it for it in limits["destinations"] if it["name"] == "yahoo")
    assert yahoo["paused_until"] is not None
    assert yahoo["reply"] == BUSY.format(1)
    assert limits["campaigns"] == {"loyalty": "500 per hour"}


def test_relays_are_named_with_their_weights_rates_and_pauses(in_shop: Nurture) -> None:
    in_shop.edit("nurture.toml", 'provider = "inbox"', 'provider = "smtp"')
    text = (in_shop.workspace / "nurture.toml").read_text()
    relays = (
        '\n[[relay]]\nname = "main"\nhost = "127.0.0.1"\nweight = 3\nrate = "100 per minute"\n'
        '\n[[relay]]\nname = "spare"\nhost = "127.0.0.2"\n'
    )
    before, after = text.index("\n[relay]"), text.index("\n[web]")
    (in_shop.workspace / "nurture.toml").write_text(text[:before] + relays + text[after:])
    with database(in_shop.workspace) as (tx, now, wait):
        wait("google", at=-MINUTE)
        stopped = Health(stopped="it wants a login", reply="530", at=now)
        destinations.save_healths(tx, {"relay main": stopped, "relay spare": stopped})
    out = in_shop.ok("queue").out
    assert "  relay main  10 connections of 1,000 messages; weight 3; 100 per minute;" in out
    assert "stopped until you resume it" in out
    assert "1  the relays are paused\n" in out
    assert (
        in_shop.ok("queue", "--resume", "main").out
        == "main goes on. It was stopped (it wants a login): 530\n"
    )
    assert "1  due, and about to go\n" in in_shop.ok("queue").out


def test_a_destination_is_resumed_and_said_why_it_was_held(in_shop: Nurture) -> None:
    with database(in_shop.workspace) as (tx, now, _):
        slow = Health(slow_until=now + HOUR, slow_per_minute=12, reply="421 slow down", at=now)
        paused = Health(paused_until=now + HOUR, reply="451 busy", at=now)
        destinations.save_healths(tx, {"yahoo": paused, "google": slow, "/mx.a.example": paused, "": paused})
    assert in_shop.ok("queue", "--resume", "yahoo").out.startswith("yahoo goes on. It was paused until ")
    assert in_shop.ok("queue", "--resume", "yahoo").out == "Nothing held yahoo back.\n"
    assert "slowed down to 12 a minute until " in in_shop.ok("queue", "--resume", "google").out
    assert in_shop.ok("queue", "--resume", "/mx.a.example", "--json").document == {
        "destination": "/mx.a.example",
        "resumed": True,
        "reply": "451 busy",
    }
    assert "others goes on" in in_shop.ok("queue", "--resume", "others").out
    assert "paused" not in in_shop.ok("queue").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["queue", "--lane", "gogle"], 'Did you mean "google"?'),
        (["queue", "--campaign", "loyaly"], 'Did you mean "loyalty"?'),
        (["queue", "--resume", "yaho"], 'Did you mean "yahoo"?'),
        (["queue", "--resume", "yahoo", "--all"], "goes without --lane"),
        (["deferred", "--lane", "xyz"], "There are: ?, apple, gmx,"),
        (["deferred", "--campaign", "loyaly"], 'Did you mean "loyalty"?'),
    ],
)
def test_what_does_not_exist_is_wrong_usage(in_shop: Nurture, arguments: list[str], words: str) -> None:
    ran = in_shop(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_a_workspace_that_never_sent_has_an_empty_queue(nurture: Nurture) -> None:
    assert nurture.ok("queue", "--json").document["groups"] == []
    assert nurture.ok("deferred").out == "No message is deferred.\n"


def test_deferred_messages_are_told_by_destination_and_answer(in_shop: Nurture) -> None:
    with database(in_shop.workspace) as (_, _, wait):
        for number in range(24):
            wait(
                "yahoo/mx.y.example",
                who=number % 3,
                at=(number + 1) * HOUR,
                reply=BUSY.format(number),
                state=3,
            )
        wait("google", at=HOUR, reply="452 4.2.2 full", state=3)
        wait("google", at=HOUR)
    out = in_shop.ok("deferred").out
    assert out.startswith(
        "24 messages to yahoo: 421 4.7.0 [TSS04] Messages from … deferred - …\n    tried 2 times;"
    )
    assert "\n1 message to google: 452 4.2.2 full\n" in out
    assert "\nmessages\n" not in out
    assert max(map(len, out.splitlines())) <= 80
    out = in_shop.ok("deferred", "--lane", "google").out
    assert "\nmessages\n  ann@example.test  loyalty/" in out
    document = in_shop.ok("deferred", "--json").document
    assert document["deferred"] == 25
    assert document["answers"][0]["count"] == 24
    assert document["answers"][0]["campaigns"] == {"loyalty": 24}
    assert document["answers"][0]["attempts"] == [2, 2]
    assert document["messages"] == []


def test_nothing_that_a_server_said_moves_the_cursor(in_shop: Nurture) -> None:
    with database(in_shop.workspace) as (tx, now, wait):
        wait("google", at=HOUR, reply="451 \x1b[2Jboo", state=3)
        evil = Health(paused_until=now + HOUR, reply="451 \x1b[2Jboo", at=now)
        destinations.save_healths(tx, {"yahoo": evil})
    for command in ("queue", "deferred"):
        assert "\x1b" not in in_shop.ok(command).out
    assert "\x1b" not in in_shop.ok("queue", "--resume", "yahoo").out
