"""How many hits are kept: `python -m benchmarks.hits [--json] [--hits N] [--term] [--sending N] [--postgresql] …`.

`nurture run` sends a mailing to smtp-sink; then it is started again and `wrk` (Debian's package of that name), on the
same machine, follows pixels, links and now and then the hidden link of those messages in any order, as fast as
answers come, by agents such as call. Every hit is judged and written durably (SQLite with synchronous=FULL). Counted
is what is in the database when the daemon has ended, against what was answered.

--term ends the daemon by SIGTERM in the middle. --sending sends as many messages at the same time, after having sent
as many without a hit: what is said of both is of the time in which both went on. There `--rate` says how many hits
come, since wrk alone takes all that it is given.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.mailing import daemon, mailing, plan, wait_until_sent
from benchmarks.processes import cpu_seconds, free_port, smtp_sink, stopped
from benchmarks.send import database
from benchmarks.shop import Shop, settle

from nurture.clock import DAY, SECOND, SystemClock

LINKS = (2, 3)
"""The links that are the same for everybody."""
PERSONAL = 1
"""The one with each recipient's own value, which is worked out by rendering."""

AGENTS = """\
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15
Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)
Mozilla/5.0
Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html
Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0
Mozilla/5.0 (compatible; AcmeLinkScanner/2.1; +https://acme.example/scan)
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Edg/125.0.0.0
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--hits", type=int, default=200_000, help="how many, about")
    parser.add_argument("--messages", type=int, default=50_000, help="of how many messages")
    parser.add_argument("--connections", type=int, default=32, help="of wrk")
    parser.add_argument(
        "--rate", type=int, default=0, help="hits a second at most, about; 0: as many as are answered"
    )
    parser.add_argument("--personal", type=float, default=0.0, help="share of hits that are worked out")
    parser.add_argument("--term", action="store_true", help="SIGTERM in the middle")
    parser.add_argument("--sending", type=int, default=0, help="while so many messages are sent")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing; it is Debian's package of that name")
    with database(on_server=asked.postgresql) as url, smtp_sink() as relay:
        asked.messages = max(asked.messages, asked.sending)
        with mailing(asked.messages, url) as it:
            runs = list(_runs(asked, it, relay))
    figures = {name: round(median(run[name] for run in runs), 3) for name in runs[0]}
    print(
        json.dumps({**vars(asked), **figures, "each": runs}, indent=2) if asked.json else json.dumps(figures)
    )


def _runs(asked: argparse.Namespace, it: Shop, relay: int) -> Iterator[dict[str, float]]:
    own = sent(it, relay, "made")
    with sources(asked, it) as files:
        for number in range(asked.runs):
            if asked.sending:
                figures = while_sending(asked, it, relay, files, sent(it, relay, f"alone {number}"))
            else:
                figures = {"sending_before_per_second": own, **followed(asked, it, relay, files)}
            if not asked.json:
                print(f"run {number + 1}: {json.dumps(figures)}", flush=True)
            yield figures


def environment(relay: int, port: int = 0) -> dict[str, str]:
    """Settings of the daemon."""
    return {
        "NURTURE_PROVIDER": "smtp",
        "NURTURE_RELAY_PORT": str(relay),
        "NURTURE_RELAY_CONNECTIONS": "20",
        "NURTURE_WEB_LISTEN": f"127.0.0.1:{port}",
        "NURTURE_WEB_PROXIES": "127.0.0.1/32",
        "NURTURE_LIMITS_PER_CONTACT": "100000 per 1 day",
    }


def sent(it: Shop, relay: int, entry_key: str) -> float:
    """Send everybody a message, with nothing else going on; how many a second."""
    before = SystemClock().now()
    plan(it, entry_key=entry_key)
    with daemon(it, environment=environment(relay)) as process:
        wait_until_sent(it, process)
    with it.store.read() as tx:
        count, first, last = tx.exec_driver_sql(
            f"SELECT count(*), min(done_at), max(done_at) FROM messages WHERE outcome = 'sent' AND done_at > {before}"
        ).one()
    if count != len(it.ids):
        raise SystemExit(f"{count} of {len(it.ids)} messages were sent")
    over(it, before)
    return round(count * SECOND / (last - first))


def over(it: Shop, since: int) -> None:
    """As if it had been yesterday: nobody opens everything within seconds of delivery, and everybody is free again."""
    with it.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE messages SET done_at = done_at - {DAY} WHERE done_at > {since}")
        tx.exec_driver_sql("UPDATE enrollments SET closed_at = since WHERE closed_at = 0")
    settle(it)


@contextmanager
def sources(asked: argparse.Namespace, it: Shop) -> Iterator[list[str]]:
    """What wrk reads: paths in any order, and agents."""
    with it.store.read() as tx:
        keys = tx.exec_driver_sql("SELECT enrollment_id, step_no FROM messages").all()
    chance = random.Random(7)
    some = chance.sample([tuple(key) for key in keys], min(len(keys), asked.messages))
    urls = it.app.urls
    paths = []
    for key in some:
        paths += [urls.open(key), *(urls.click(key, no) for no in LINKS)]
        if chance.random() < 0.05:
            paths.append(urls.hidden(key))
        if chance.random() < 3 * asked.personal:
            paths.append(urls.click(key, PERSONAL))
    chance.shuffle(paths)
    base = it.app.settings.web.public_url
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / "paths", Path(name) / "agents"]
        files[0].write_text("\n".join(path.removeprefix(base) for path in paths) + "\n", "utf-8")
        files[1].write_text(AGENTS, "utf-8")
        yield [str(file) for file in files]


@contextmanager
def wrk(
    asked: argparse.Namespace, port: int, files: list[str], seconds: int
) -> Iterator[subprocess.Popen[str]]:
    """wrk at work; SIGINT ends it and makes it tell."""
    script = str(Path(__file__).with_name("hits.lua"))
    command = ["wrk", "-t1", f"-c{asked.connections}", f"-d{seconds}s", "-s", script]
    pause = str(1000 * asked.connections // asked.rate if asked.rate else 0)
    with subprocess.Popen(
        [*command, f"http://127.0.0.1:{port}", "--", *files, pause], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> dict[str, float]:
    """What wrk saw."""
    out = process.communicate(timeout=600)[0]
    line = next((line for line in out.splitlines() if line.startswith("{")), None)
    if line is None:
        raise SystemExit(f"wrk said nothing to read:\n{out}")
    told: dict[str, float] = json.loads(line)
    return told


def followed(asked: argparse.Namespace, it: Shop, relay: int, files: list[str]) -> dict[str, float]:
    """Hits alone."""
    port, before = free_port(), kept(it)
    began = SystemClock().now()
    with daemon(it, environment=environment(relay, port)) as process:
        wait_until_there(port)
        used = cpu_seconds(process.pid)
        with wrk(asked, port, files, 600) as load:
            reached = wait_until_kept(it, before + asked.hits // (2 if asked.term else 1))
            used = cpu_seconds(process.pid) - used
            if asked.term:
                stopped(process)
            load.send_signal(signal.SIGINT)
            seen = told(load)
        status = stopped(process) if process.poll() is None else process.returncode
    return {
        **_figures(it, began, seen, before),
        "exit": status,
        "cpu_ms_per_hit": round(1000 * used / reached, 4),
    }


def while_sending(
    asked: argparse.Namespace, it: Shop, relay: int, files: list[str], alone: float
) -> dict[str, float]:
    """Hits while a mailing goes out."""
    port, before = free_port(), kept(it)
    at = plan(it, entry_key=f"both {time.monotonic_ns()}")
    began = SystemClock().now()
    with daemon(it, environment=environment(relay, port)) as process:
        wait_until_there(port)
        time.sleep(max(0.0, (at - SystemClock().now()) / SECOND))
        with wrk(asked, port, files, 600) as load:
            wait_until_sent(it, process, 300)
            load.send_signal(signal.SIGINT)
            seen = told(load)
        status = stopped(process)
    with it.store.read() as tx:
        first, last = tx.exec_driver_sql(
            f"SELECT min(done_at), max(done_at) FROM messages WHERE outcome = 'sent' AND done_at > {began}"
        ).one()
        inside = tx.exec_driver_sql(
            f"SELECT count(*) FROM hits WHERE at BETWEEN {first} AND {last}"
        ).scalar_one()
    both = (last - first) / SECOND
    over(it, began)
    rate = len(it.ids) / both
    return {
        **_figures(it, began, seen, before),
        "exit": status,
        "hits_per_second_while_sending": round(inside / both),
        "sent_per_second": round(rate),
        "sent_per_second_alone": alone,
        "share_of_sending_alone": round(rate / alone, 3),
    }


def _figures(it: Shop, began: int, seen: dict[str, float], before: int) -> dict[str, float]:
    with it.store.read() as tx:
        first, last = tx.exec_driver_sql(f"SELECT min(at), max(at) FROM hits WHERE at > {began}").one()
    count = kept(it) - before
    return {
        "hits_per_second": round(count * SECOND / (last - first)),
        "answered": seen["requests"] - seen["refused"],
        "kept": count,
        "lost": max(0, seen["requests"] - seen["refused"] - count),
        **{name: seen[name] for name in ("p50_ms", "p99_ms", "most_ms", "refused", "broken")},
    }


def kept(it: Shop) -> int:
    """How many hits are in the database."""
    with it.store.read() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM hits").scalar_one())


def wait_until_there(port: int) -> None:
    """Until the daemon answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/static/nurture.css", timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit("the daemon does not answer") from None
            time.sleep(0.05)


def wait_until_kept(it: Shop, wanted: int, seconds: float = 300) -> int:
    """Until so many hits are in the database; how many there are then."""
    deadline = time.monotonic() + seconds
    while (found := kept(it)) < wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"{found} of {wanted} hits were kept in time")
        time.sleep(0.2)
    return found


if __name__ == "__main__":
    main()
