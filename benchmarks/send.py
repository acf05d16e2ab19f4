"""How fast mail leaves: `python -m benchmarks.send [--json] [--messages N] [--runs N] [--connections N] …`.

A mailing of 50,000 personalised messages of 5.4 KB with three tracked links and a pixel, planned before, is sent by
`nurture run` to postfix's smtp-sink on this machine; its ledger is durable (SQLite with synchronous=FULL; PostgreSQL
as it comes out of the box with --postgresql). Before and after each run postfix's smtp-source sends to the same server
with 10 sessions: `smtp-source -d`, which sends all over one connection each, and beside it without `-d`, with a new
connection for every message. Counted from the first handover to the last; CPU and memory are those of all our
processes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from statistics import median

from benchmarks.mailing import daemon, mailing, plan, wait_until_sent
from benchmarks.processes import cpu_seconds, smtp_sink, smtp_source, watched
from benchmarks.shop import Shop, postgresql
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nurture.clock import SECOND, SystemClock

SOURCE_MESSAGES = 50_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument(
        "--senders", type=int, default=0, help="rendering processes; 0: as many as nurture chooses"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    parser.add_argument("--dkim", action="store_true", help="sign with RSA-2048")
    asked = parser.parse_args()
    runs = []
    for number in range(asked.runs):
        runs.append(measured(asked))
        if not asked.json:
            print(f"run {number + 1}: {json.dumps(runs[-1])}", flush=True)
    figures = {name: round(median(run[name] for run in runs), 3) for name in runs[0]}
    print(
        json.dumps({**vars(asked), **figures, "each": runs}, indent=2) if asked.json else json.dumps(figures)
    )


def measured(asked: argparse.Namespace) -> dict[str, float]:
    """One run, between two of smtp-source."""
    with smtp_sink() as port:
        before = smtp_source(port, SOURCE_MESSAGES), smtp_source(port, SOURCE_MESSAGES // 2, keep=False)
        ours = sent(asked, port)
        after = smtp_source(port, SOURCE_MESSAGES), smtp_source(port, SOURCE_MESSAGES // 2, keep=False)
    kept, anew = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    return {
        **ours,
        "smtp_source_per_second": round(kept),
        "share_of_smtp_source": round(ours["messages_per_second"] / kept, 3),
        "smtp_source_without_d_per_second": round(anew),
        "share_of_smtp_source_without_d": round(ours["messages_per_second"] / anew, 3),
    }


def sent(asked: argparse.Namespace, port: int) -> dict[str, float]:
    """Send the mailing, and say how fast that went."""
    environment = {
        "NURTURE_PROVIDER": "smtp",
        "NURTURE_RELAY_PORT": str(port),
        "NURTURE_RELAY_CONNECTIONS": str(asked.connections),
        "NURTURE_WEB_LISTEN": "127.0.0.1:0",
    }
    if asked.dkim:
        environment |= {"NURTURE_DKIM_SELECTOR": "n1", "NURTURE_DKIM_KEY": rsa_key()}
    senders = ["--senders", str(asked.senders)] if asked.senders else []
    with database(on_server=asked.postgresql) as url, mailing(asked.messages, url) as it:
        at = plan(it)
        with daemon(it, *senders, environment=environment) as process:
            time.sleep(max(0.0, (at - SystemClock().now()) / SECOND - 0.5))
            used = cpu_seconds(process.pid)
            with watched(process.pid) as seen:
                wait_until_sent(it, process)
            used = cpu_seconds(process.pid) - used
        count, seconds = handed_over(it)
    return {
        "messages": count,
        "seconds": round(seconds, 3),
        "messages_per_second": round(count / seconds),
        "cpu_ms_per_message": round(1000 * used / count, 4),
        "pss_mb": round(seen.most_mb),
    }


def rsa_key() -> str:
    """A key of 2048 bits as PEM."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.private_bytes(*form).decode("ascii")


@contextmanager
def database(*, on_server: bool) -> Iterator[str]:
    """The URL of a database on a server of its own; empty: SQLite in the workspace."""
    with postgresql() if on_server else nullcontext("") as url:
        yield url


def handed_over(it: Shop) -> tuple[int, float]:
    """How many messages were sent, and the seconds from the first handover to the last."""
    query = "SELECT count(*), min(done_at), max(done_at) FROM messages WHERE outcome = 'sent'"
    with it.store.read() as tx:
        count, first, last = tx.exec_driver_sql(query).one()
    if count != len(it.ids):
        raise SystemExit(f"{count} of {len(it.ids)} messages were sent")
    return int(count), (last - first) / SECOND


if __name__ == "__main__":
    main()
