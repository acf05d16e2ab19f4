"""How fast subscribers are told: `python -m benchmarks.feed [--json] [--entries N] [--subscribers N] [--postgresql]`.

So many things happen in transactions of 1,000; then they are told by the loop of the daemon, in this process, to an
HTTPS server in a process of its own on this machine that answers 204. Counted are entries written, and entries told
for each subscriber, a second; the ledger is durable.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from benchmarks.shop import postgresql
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from nurture.clock import SystemClock, to_datetime
from nurture.providers.addresses import networks
from nurture.providers.webhook import Webhooks
from nurture.runner.feed import FeedLoop
from nurture.settings.webhooks import Subscriber
from nurture.store import feed, people
from nurture.store.engine import Store, open_store
from nurture.store.people import ContactGiven

NAME = "hooks.example.test"
SECRET = "whsec_" + "A" * 43 + "="
GROUP = 1_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--subscribers", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder, postgresql() if asked.postgresql else nullcontext("") as url:
        store = open_store(url or f"sqlite:///{folder}/nurture.db", now=SystemClock().now(), create=True)
        with server(Path(folder)) as (port, certificate):
            figures = measured(store, asked.entries, asked.subscribers, port, certificate)
        store.close()
    print(json.dumps({**vars(asked), **figures}, indent=2 if asked.json else None))


def measured(store: Store, entries: int, count: int, port: int, certificate: Path) -> dict[str, float]:
    """Write the feed, tell it, and say how fast each went."""
    clock = SystemClock()
    given = [
        Subscriber(name=f"s{n}", url=f"https://{NAME}:{port}/", events=("unsubscribed",))
        for n in range(count)
    ]
    with store.write() as tx:
        shoppers = [ContactGiven(email=f"c{n}@x.test", created_at=clock.now()) for n in range(GROUP)]
        contacts = list(people.upsert(tx, store.ids, shoppers, clock.now()).ids.values())
    store.subscribe(given, clock)
    began = time.perf_counter()
    for _ in range(0, entries, GROUP):
        with store.write() as tx:
            feed.unsubscribed(tx, [(it, "news", clock.now(), "a benchmark") for it in contacts])
    written = time.perf_counter() - began
    began, cpu = time.perf_counter(), time.process_time()
    uvloop.run(_told(store, given, certificate))
    told, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "written_per_second": round(entries / written),
        "told_per_second": round(entries * count / told),
        "cpu_ms_each": round(1000 * cpu / entries / count, 3),
    }


async def _told(store: Store, given: list[Subscriber], certificate: Path) -> None:
    hooks = Webhooks(
        networks(["127.0.0.0/8"]),
        ca_file=str(certificate),
        resolve=lambda _host, _port: ["127.0.0.1"],
        keep=True,
    )
    stop = asyncio.Event()
    loop = FeedLoop(store, SystemClock(), [(it, (SECRET,)) for it in given], hooks)
    task = asyncio.create_task(loop.run(stop))
    while not task.done() and await asyncio.to_thread(_open, store):
        await asyncio.sleep(0.2)
    stop.set()
    await task


def _open(store: Store) -> bool:
    with store.read() as tx:
        return tx.exec_driver_sql("SELECT 1 FROM feed_deliveries WHERE state < 2 LIMIT 1").first() is not None


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, Path]]:
    """An HTTPS server in a process of its own: its port and its certificate."""
    path = folder / "hooks.pem"
    path.write_bytes(_certificate())
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(path, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv(), path
    finally:
        process.terminate()
        process.join()


def _serve(path: Path, told: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def serve() -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(path)
        listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
        told.send(listening.sockets[0].getsockname()[1])
        await listening.serve_forever()

    asyncio.run(serve())


def _certificate() -> bytes:
    """A key and a certificate for NAME, in PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), to_datetime(SystemClock().now())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + made.public_bytes(Encoding.PEM)


if __name__ == "__main__":
    main()
