"""What /metrics tells: the counts of a process that sends, what waits, and what holds mail back."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nurture.app import App
from nurture.clock import DAY, HOUR, SystemClock
from nurture.delivery.measures import Pause, Slow, Stop
from nurture.errors import StoreError
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.runner.counts import Counts
from nurture.runner.daemon import Daemon
from nurture.runner.in_force import InForce
from nurture.runner.prepared import Dropped, Held, Prepared
from nurture.runner.send import Handling, Pace, Sending
from nurture.runner.troubles import Troubles
from nurture.settings import Relay, Web
from nurture.store import destinations, replies
from nurture.store.claims import Claimed
from nurture.store.engine import Store, open_store
from nurture.store.outbox import counts
from nurture.store.replies import Reply
from nurture.store.suppressions import hash_address
from nurture.web.deps import Watched, WebDeps
from nurture.web.server import build
from support.corner import START, Corner, files, opened, settings
from support.letters import letter, outcomes, plan_messages
from support.scripted_relay import ScriptedRelay
from support.site import HERE, made_deps

ROOT = Path(__file__).parents[2]
QUICK = Pace(look_every=0.02, wait_first=0.05, wait_most=0.1, beat_every=0.05, grace=5.0)
HELLO = "stage: prospect\ntopic: offers\nsequence:\n  - send: one\n"

Figures = dict[str, float]


def watched(counts: Counts | None = None, troubles: Troubles | None = None, rendering: int = 0) -> Watched:
    return Watched(counts=counts or Counts(), troubles=troubles or Troubles(), rendering=lambda: rendering)


def ask(deps: WebDeps, url: str = "/metrics", address: str = "127.0.0.1", **headers: str) -> httpx.Response:
    """One request from a machine with this address."""
    passed = {name.replace("_", "-"): value for name, value in headers.items()}

    async def get() -> httpx.Response:
        way = httpx.ASGITransport(build(deps), client=(address, 4711))
        async with httpx.AsyncClient(transport=way, base_url=HERE) as client:
            return await client.get(url, headers=passed)

    return asyncio.run(get())


def figures(store: Store, told: Watched, workspace: Path, now: int = 0) -> Figures:
    """All of them, as they are told on this machine, read as Prometheus reads them."""
    answer = ask(replace(made_deps(store, workspace, now or SystemClock().now()), watched=told))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        ",".join([it.name, *it.labels.values()]): it.value
        for family in text_string_to_metric_families(answer.text)
        for it in family.samples
    }


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def unlike_answers(said: str, before: int) -> bytes | None:
    """The first recipients are told no in different words."""
    words = (b"550 5.1.1 nobody", b"550 5.7.1 spam", b"450 4.2.1 later", b"450 4.2.1 later")
    return words[before] + b"\r\n" if said == "RCPT" and before < len(words) else None


def choosing(claims: list[Claimed]) -> Sequence[Prepared]:
    """Letters, but for the contact with number 7, who said no, and number 9, who is to wait."""
    return [choice(it) for it in claims]


def choice(it: Claimed) -> Prepared:
    match it.contact_id:
        case 7:
            return Dropped(key=it.key, reason="not-agreed")
        case 9:
            return Held(key=it.key, until=SystemClock().now() + DAY, reason="held by the cap")
        case _:
            return letter(it.key)


def test_what_was_counted_agrees_with_the_ledger(store: Store, tmp_path: Path) -> None:
    plan_messages(store, 60, SystemClock().now() - HOUR)
    counted = Counts()
    handling = Handling(prepare=choosing, hash_address=lambda it: hash_address(b"key", it))

    async def run() -> None:
        async with ScriptedRelay(unlike_answers) as relay:
            way = SmtpProvider(Relay(host="127.0.0.1", port=relay.port, connections=3))
            sending = Sending(store, way, SystemClock(), handling, pace=QUICK, counts=counted)
            stop = asyncio.Event()
            work = asyncio.create_task(sending.run(stop))
            await until(lambda: waiting(store) == {"planned": 1, "deferred": 2})
            stop.set()
            await work

    asyncio.run(run())
    told = figures(store, watched(counted), tmp_path)
    settled = Counter(outcome for outcome, _ in outcomes(store).values() if outcome)
    assert settled == {"sent": 54, "bounced": 1, "refused": 1, "skipped": 1}
    for outcome in ("sent", "bounced", "refused", "skipped", "expired", "unknown"):
        assert told[f"nurture_messages_total,{outcome}"] == settled[outcome], outcome
    assert told["nurture_messages_deferred_total"] == 2
    assert told["nurture_messages_handed_total"] == 54
    assert 1 <= told["nurture_handover_commits_total"] <= 54
    assert told["nurture_due_to_handed_seconds_count"] == 54
    assert told["nurture_due_to_handed_seconds_bucket,3600.0"] == 0
    assert told["nurture_due_to_handed_seconds_bucket,21600.0"] == 54
    assert told["nurture_messages_waiting,others"] == 3
    assert told["nurture_messages_due,others"] == 0
    assert told["nurture_first_due_seconds,others"] == 0


def waiting(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return {state: count for state, count in counts(tx).items() if count}


def test_what_a_sender_that_died_left_is_counted_as_unknown(store: Store, tmp_path: Path) -> None:
    keys = plan_messages(store, 5, SystemClock().now())
    counted = Counts()
    with store.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO senders (id, host, pid, started_at, heartbeat_at, ended_at) VALUES (7, 'x', 1, 1, 1, 0)"
        )
        tx.exec_driver_sql(
            f"UPDATE outbox SET state = 2, sender = 7 WHERE enrollment_id = {keys[0].enrollment_id}"
        )

    async def run() -> None:
        handling = Handling(prepare=choosing, hash_address=lambda it: hash_address(b"key", it))
        way = InboxProvider(store, SystemClock())
        stop = asyncio.Event()
        work = asyncio.create_task(
            Sending(store, way, SystemClock(), handling, pace=QUICK, counts=counted).run(stop)
        )
        await until(lambda: not waiting(store))
        stop.set()
        await work

    asyncio.run(run())
    told = figures(store, watched(counted), tmp_path)
    assert told["nurture_messages_total,unknown"] == 1
    assert told["nurture_messages_total,sent"] == 4


def test_what_waits_is_told_under_few_names_however_many_lanes_there_are(
    store: Store, tmp_path: Path
) -> None:
    now = SystemClock().now()
    keys = plan_messages(store, 12, now - HOUR)
    lanes = (
        "google/a.google.com",
        "google/b.google.com",
        "/mx.one.example",
        "/mx.two.example",
        "?three.example",
        "",
    )
    with store.write() as tx:
        for number, key in enumerate(keys):
            due = now + DAY if number % 2 else now - HOUR
            tx.exec_driver_sql(
                f"UPDATE outbox SET lane = '{lanes[number // 2]}', due_at = {due}"
                f" WHERE enrollment_id = {key.enrollment_id}"
            )
    told = figures(store, watched(), tmp_path, now)
    assert {name: value for name, value in told.items() if name.startswith("nurture_messages_waiting")} == {
        "nurture_messages_waiting,google": 4,
        "nurture_messages_waiting,others": 6,
        "nurture_messages_waiting,not looked up": 2,
    }
    assert told["nurture_messages_due,google"] == 2
    assert told["nurture_messages_due,others"] == 3
    assert told["nurture_first_due_seconds,others"] == 3600


def test_what_holds_mail_back_is_told_and_who_was_told_of_it(store: Store, tmp_path: Path) -> None:
    app = App(settings(tmp_path, alerts={"notify": "ops@shop.example"}), store, SystemClock())
    troubles = Troubles()

    async def run() -> None:
        steering = app.outgoing(None, troubles).steering
        steering.measure("yahoo", Stop(reason="refused for good"), "553 5.7.1 [TSS09]")
        steering.measure("google", Pause(span=HOUR, alert=True), "421 4.7.26")
        steering.measure("", Slow(span=HOUR), "421 slow down")
        stop = asyncio.Event()
        work = asyncio.create_task(steering.run(stop))
        await until(lambda: kept(store) == 3 and app.counts.alerts_told == 2)
        stop.set()
        await work

    asyncio.run(run())
    told = figures(store, watched(app.counts, troubles), tmp_path)
    assert {name for name in told if name.startswith("nurture_destination_held_back")} == {
        "nurture_destination_held_back,yahoo,stop",
        "nurture_destination_held_back,google,pause",
        "nurture_destination_held_back,others,slow",
    }
    assert [told[f"nurture_measures_total,{kind}"] for kind in ("slow", "pause", "stop")] == [1, 1, 1]
    assert told["nurture_alerts_raised_total"] == told["nurture_alerts_told_total"] == 2
    with store.write() as tx:
        destinations.resume(tx, "yahoo", SystemClock().now())
    assert "nurture_destination_held_back,yahoo,stop" not in figures(store, watched(), tmp_path)


def kept(store: Store) -> int:
    with store.read() as tx:
        return len(destinations.load_healths(tx))


def test_a_daemon_counts_its_ticks_and_the_processes_that_render(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    corner = Corner(store, tmp_path, database=sqlite_url)
    corner.apply(files({"hello": HELLO}))
    app = App(corner.app.settings, store, SystemClock())
    world = InForce(store, app.settings)
    way = InboxProvider(store, app.clock)

    async def run() -> tuple[Figures, Figures]:
        with app.renderers(1) as renderers:
            sending = Sending(
                store, way, app.clock, app.handling(world), preparing=renderers.preparing, counts=app.counts
            )
            daemon = Daemon(store, app.settings, app.clock, world, sending, counts=app.counts)
            told = Watched(counts=app.counts, troubles=Troubles(), rendering=lambda: renderers.alive)
            stop = asyncio.Event()
            work = asyncio.create_task(daemon.run(stop))
            await until(lambda: sum(app.counts.ticks.counts) > 0 and renderers.alive == 1)
            while_it_runs = await asyncio.to_thread(figures, store, told, tmp_path)
            stop.set()
            await work
        return while_it_runs, await asyncio.to_thread(figures, store, told, tmp_path)

    while_it_runs, afterwards = asyncio.run(run())
    assert while_it_runs["nurture_tick_seconds_count"] >= 1
    assert while_it_runs["nurture_tick_seconds_sum"] > 0
    assert while_it_runs["nurture_rendering_processes"] == 1
    assert afterwards["nurture_rendering_processes"] == 0
    store.close()


def test_without_the_database_there_are_the_figures_that_need_none(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    told = watched()
    before = figures(store, told, tmp_path)
    assert before["nurture_trouble,database"] == 0
    plan_messages(store, 1, START)
    file.rename(file.with_suffix(".away"))
    with pytest.raises(StoreError) as gone, store.read() as tx:
        tx.exec_driver_sql("SELECT 1 FROM outbox")
    told.troubles.say("database", gone.value, "waiting for it")
    after = figures(store, told, tmp_path)
    assert after["nurture_trouble,database"] == 1
    assert after["nurture_trouble,relay"] == 0
    assert "nurture_messages_waiting,others" not in after
    told.troubles.over("database")
    file.with_suffix(".away").rename(file)
    back = figures(store, told, tmp_path)
    assert back["nurture_trouble,database"] == 0
    assert back["nurture_messages_waiting,others"] == 1
    store.close()


def test_only_this_machine_and_the_networks_that_are_named_are_answered(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    plain = replace(made_deps(store, tmp_path, START), watched=watched())
    web = Web.model_validate({"metrics_from": ["10.1.0.0/16"]})
    named = replace(plain, settings=plain.settings.model_copy(update={"web": web}))
    there = "shop.example:8025"
    for deps in (plain, named):
        assert ask(deps).status_code == 200
        assert ask(deps, host="evil.example").status_code == 404
        assert ask(deps, x_forwarded_for="127.0.0.1").status_code == 404
        for stranger in ("10.2.0.1", "192.0.2.7", "testclient", "::1.2.3"):
            assert ask(deps, address=stranger).status_code == 404, stranger
    for friend in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert ask(plain, address=friend, host=there).status_code == 404
        assert ask(named, address=friend, host=there).status_code == 200
        assert ask(named, address=friend, host=there, x_forwarded_for="10.1.2.4").status_code == 404
        assert ask(named, "/", address=friend).status_code == 404, "the pages are for nobody else"
    store.close()


def test_every_figure_stands_in_the_docs_and_no_other(sqlite_url: str, tmp_path: Path) -> None:
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    section = page.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    store = open_store(sqlite_url, now=START, durable=False)
    deps = replace(made_deps(store, tmp_path, START), watched=watched())
    told = set(re.findall(r"^# TYPE (nurture_\w+) ", ask(deps).text, re.MULTILINE))
    store.close()
    assert told == set(re.findall(r"^\| `(nurture_\w+)", section, re.MULTILINE))


def test_mails_that_wait_for_an_answer_are_told_with_the_late_ones(store: Store, tmp_path: Path) -> None:
    now = START + 30 * DAY
    ages = [DAY // 24, 5 * DAY, 9 * DAY]
    given = [
        Reply(id=number, contact_id=0, email="", at=now - age, subject="", owner="")
        for number, age in enumerate(ages, 1)
    ]
    with store.write() as tx:
        replies.keep(tx, given)
    told = figures(store, watched(), tmp_path, now)
    assert (told["nurture_replies_open"], told["nurture_replies_late"]) == (3, 2)
    with store.write() as tx:
        replies.answer(tx, [2, 3], "bob", now)
    told = figures(store, watched(), tmp_path, now)
    assert (told["nurture_replies_open"], told["nurture_replies_late"]) == (1, 0)


def test_what_comes_in_is_counted_once_whichever_process_takes_it(store: Store, tmp_path: Path) -> None:
    daemon = Counts()
    with opened(store, tmp_path, files({}), bounces={"domain": "shop.example"}) as corner:
        post = replace(corner.app.post(corner.world), counts=daemon)
        for number in range(2):
            mail = f"From: ann@example.test\r\nMessage-ID: <{number}@a.test>\r\nSubject: x\r\n\r\nHello?\r\n"
            post.take(mail.encode(), ["hello@shop.example"])
        deps = replace(corner.app.web(corner.world), watched=watched(daemon))
        deps.counts.arrived("smtp", ["replied"])
        deps.counts.arrived("shopify", ["order"])
        text = ask(deps).text
    assert 'nurture_arrivals_total{kind="replied",source="smtp"} 3.0' in text
    assert 'nurture_arrivals_total{kind="order",source="shopify"} 1.0' in text
