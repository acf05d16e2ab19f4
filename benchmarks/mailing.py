"""A mailing to many, planned and due at a moment to come: what the benchmarks of sending send."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.processes import stopped
from benchmarks.shop import Shop, chunked, put, settle, shop

from nurture.clock import DAY, SECOND, Moment, SystemClock
from nurture.runner.advance import advance
from nurture.runner.world import LaneOf, nowhere
from nurture.store import tables

CAMPAIGN = """\
topic: news
enter: {on: visited}
sequence:
  - send: benchmark
"""

_WORDS = (
    "We have looked at what you liked last time and put together what goes with it. Come by when it suits you,"
    " or have it brought to your door. Nothing to join, nothing to cancel; if something is not as it should be,"
    " tell us and we put it right, without asking for a photograph."
)

TEMPLATE = f"""\
subject: {{{{ contact.first_name }}}}, this week at the corner shop
preview: Three things that we put aside for you.

# Good morning, {{{{ contact.first_name }}}}

{_WORDS}

[See what is new](https://shop.example/new?tier={{{{ contact.tier }}}})

You have been here {{{{ contact.visits }}}} times. {_WORDS}

[Your usual basket](https://shop.example/basket)

{_WORDS}

[Opening hours](https://shop.example/hours)

Everyone at {{{{ sender.name }}}}
"""

LAYOUT = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Corner Shop</title>
<style>body { margin: 0; font-family: Georgia, serif } a { color: #246 }</style></head>
<body><div class="main">{% block content %}{% endblock %}</div>
<p>{{ sender.address }}</p><p><a href="{{ unsubscribe_url }}">No more of these</a>
 · <a href="{{ browser_url }}">Read it in the browser</a></p></body></html>
"""

AHEAD = 8 * SECOND
"""How long after the planning everything falls due: time for the daemon to start."""


@contextmanager
def mailing(messages: int, url: str = "", *, settings: str = "") -> Iterator[Shop]:
    """A shop with so many people who are about to be written to; `settings` go into its nurture.toml."""
    with shop(url) as it:
        folder = it.workspace
        (folder / "campaigns" / "letter.yaml").write_text(CAMPAIGN, "utf-8")
        (folder / "templates" / "email" / "benchmark.md").write_text(f"layout: plain\n{TEMPLATE}", "utf-8")
        (folder / "templates" / "email" / "layouts" / "plain.html").write_text(LAYOUT, "utf-8")
        file = folder / "nurture.toml"
        text = re.sub('(?m)^window = ".*?"', 'window = "any time"', file.read_text("utf-8"))
        file.write_text(text + settings, "utf-8")
        people(it, messages)
        yield it


def people(it: Shop, many: int) -> None:
    """So many people who said yes to the news."""
    now = SystemClock().now()
    it.ids.extend(it.store.ids.take(many, now))
    for some in chunked(list(enumerate(it.ids))):
        with it.store.write() as tx:
            put(tx, tables.ContactRow, (_contact(number, contact, now) for number, contact in some))
            put(
                tx,
                tables.ConsentStateRow,
                ({"contact_id": it, "topic": "news", "agreed": True, "at": now - DAY} for _, it in some),
            )
    settle(it)


def _contact(number: int, contact: int, now: Moment) -> Mapping[str, Any]:
    return {
        "id": contact,
        "email": f"person-{number:07}@example.test",
        "first_name": ("Ann", "Benedikt", "Chloé", "Dwayne")[number % 4],
        "timezone": "",
        "country": "US",
        "attributes": f'{{"tier": "{("gold", "plain")[number % 2]}", "visits": {number % 30}}}',
        "created_at": now - 30 * DAY,
        "reviewed_at": now - DAY,
    }


def plan(it: Shop, lane_of: LaneOf = nowhere, *, entry_key: str = "made") -> Moment:
    """Plan a message to everybody by the real decision, another for each `entry_key`. Returns when they fall due."""
    now = SystemClock().now()
    world = replace(it.apply(), lane_of=lane_of)
    live = next(live for live in world.live.values() if live.record.key == "letter")
    assert live.edition is not None
    at = now + AHEAD
    with it.store.write() as tx:
        put(
            tx,
            tables.EnrollmentRow,
            (
                {
                    "id": number,
                    "campaign_id": live.record.id,
                    "contact_id": contact,
                    "line_id": 0,
                    "entry_key": entry_key,
                    "version": world.version,
                    "entered_at": now,
                    "step_no": live.edition.numbers[live.edition.campaign.program.first],
                    "since": now,
                    "due_at": now,
                }
                for number, contact in zip(it.store.ids.take(len(it.ids), now), it.ids, strict=True)
            ),
        )
    advance(it.store, world, now)
    with it.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE outbox SET due_at = {at}, wanted_at = {at}")
    settle(it)
    return at


@contextmanager
def daemon(it: Shop, *arguments: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`nurture run` on the shop's workspace; told to stop at the end."""
    command = [
        sys.executable,
        "-c",
        "from nurture.cli.main import main; main()",
        "run",
        "--workspace",
        str(it.workspace),
        *arguments,
    ]
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stderr=None if os.environ.get("BENCH_SHOW") else subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                stopped(process)


def wait_until_sent(it: Shop, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Until nothing is on its way any more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with it.store.read() as tx:
            if tx.exec_driver_sql("SELECT 1 FROM outbox LIMIT 1").first() is None:
                return
        time.sleep(0.05)
    raise SystemExit("not everything was sent in time")
