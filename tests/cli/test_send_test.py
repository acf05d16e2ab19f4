"""nurture send-test: a message in a real mail program, and nothing of it in the books."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import create_engine, func, select

from nurture.store import inbox, tables
from nurture.store.engine import Store, open_store
from support.cli import Nurture
from support.previewed import made

ME = "me@shop.example"


@pytest.fixture
def shop(tmp_path: Path) -> Nurture:
    return made(tmp_path / "shop")


@contextmanager
def database(shop: Nurture) -> Iterator[Store]:
    store = open_store(f"sqlite:///{shop.workspace}/nurture.db", now=0)
    try:
        yield store
    finally:
        store.close()


def kept(shop: Nurture) -> list[EmailMessage]:
    with database(shop) as store, store.read() as tx:
        found = inbox.search(tx)
        return [message_from_bytes(inbox.get(tx, it.key) or b"", policy=policy.default) for it in found]  # type: ignore[misc]


def rows(shop: Nurture) -> dict[str, int]:
    """How many there are of everything but what the inbox keeps."""
    engine = create_engine(f"sqlite:///{shop.workspace}/nurture.db")
    with engine.connect() as it:
        counts = {
            name: it.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.SQLModel.metadata.tables.items()
            if name != "inbox"
        }
    engine.dispose()
    return counts


def parts(mail: EmailMessage) -> tuple[str, str]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    return text.get_content(), html.get_content()


def test_it_is_marked_and_leads_nowhere_that_counts(shop: Nurture) -> None:
    before = rows(shop)
    ran = shop.ok("send-test", "hello", ME, "--for", "ann@example.test")
    assert "subject: [Test] Hello Ann" in ran.out
    assert f"sent to {ME}: kept in the inbox" in ran.out
    assert "CODE-GOES-HERE" in ran.err
    (mail,) = kept(shop)
    assert (mail["subject"], mail["to"]) == ("[Test] Hello Ann", ME)
    assert mail["list-unsubscribe"] is None
    for part in parts(mail):
        assert "https://mail.shop.example/t/unsubscribe" in part
        assert "https://shop.example/look" in part
        assert not any(f"mail.shop.example/{it}/" in part for it in "ochupvkq")
    assert "<img" not in parts(mail)[1]
    assert rows(shop) == before


def test_a_code_that_somebody_holds_is_not_shown_to_others(shop: Nurture) -> None:
    shop.edit("campaigns/offers.yaml", "code: unique", "code: SECRET15")
    shop.ok("send-test", "hello", ME)
    assert all("SECRET15" not in part and "CODE-GOES-HERE" in part for part in parts(kept(shop)[0]))


def test_several_get_a_mail_each_and_whoever_is_suppressed_gets_none(shop: Nurture) -> None:
    shop.ok("suppress", "you@shop.example", "--yes")
    ran = shop("send-test", "hello", ME, "You@shop.example", "they@shop.example", "--json")
    assert ran.status == 1
    assert [(it["to"], it["sent"]) for it in ran.document["to"]] == [
        (ME, True), ("You@shop.example", False), ("they@shop.example", True),
    ]  # fmt: skip
    assert ran.document["to"][1]["says"].startswith("never mailed: ")
    assert sorted(it["to"] for it in kept(shop)) == [ME, "they@shop.example"]


@pytest.mark.parametrize("to", ["nobody", "a@b.example\r\nBcc: c@d.example", "<a@b.example>", ""])
def test_what_is_no_address_is_refused_before_anything_goes(shop: Nurture, to: str) -> None:
    ran = shop("send-test", "hello", ME, to)
    assert ran.status == 1
    assert "is no address that mail can be sent to" in ran.err
    assert kept(shop) == []


def test_a_message_that_cannot_be_put_together_is_not_sent(shop: Nurture) -> None:
    shop.edit("templates/email/hello.md", "{% endif %}", "")
    ran = shop("send-test", "hello", ME)
    assert ran.status == 1
    assert "templates/email/hello.md:" in ran.err
    assert kept(shop) == []


class _Taking:
    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        return "250 2.0.0 taken"


@contextmanager
def relay() -> Iterator[tuple[int, _Taking]]:
    """A mail server in a thread."""
    taking, ready = _Taking(), threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        loop = asyncio.get_running_loop()
        found["stop"], found["loop"] = asyncio.Event(), loop
        server = await loop.create_server(lambda: SMTP(taking, hostname="relay", loop=loop), "127.0.0.1", 0)
        found["port"] = server.sockets[0].getsockname()[1]
        ready.set()
        await found["stop"].wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found["port"], taking
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join(10)


def test_it_goes_through_the_provider_of_the_workspace(shop: Nurture) -> None:
    with relay() as (port, taking):
        shop.edit("nurture.toml", 'provider = "inbox"', 'provider = "smtp"')
        shop.file(
            "nurture.toml",
            (shop.workspace / "nurture.toml").read_text() + f'\n[relay]\nport = {port}\nsecurity = "none"\n',
        )
        ran = shop("send-test", "hello", ME, "gone@shop.example")
        assert ran.status == 1
        assert f"sent to {ME}: 250 2.0.0 taken" in ran.out
        assert "NOT sent to gone@shop.example: 550 5.1.1 nobody here" in ran.out
    (mail,) = taking.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("hello@shop.example", [ME])
    assert b"[Test]" in bytes(mail.content or b"")


def test_a_relay_that_is_not_there_is_said(shop: Nurture) -> None:
    shop.edit("nurture.toml", 'provider = "inbox"', 'provider = "smtp"')
    shop.file(
        "nurture.toml",
        (shop.workspace / "nurture.toml").read_text() + '\n[relay]\nport = 1\nsecurity = "none"\n',
    )
    ran = shop("send-test", "hello", ME)
    assert ran.status == 1
    assert f"NOT sent to {ME}: " in ran.out
    assert "127.0.0.1:1" in ran.out
