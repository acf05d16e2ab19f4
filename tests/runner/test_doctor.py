"""The doctor at a workspace, with a name server, a relay and the pages on loopback."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from nurture.app import open_app
from nurture.clock import SystemClock
from nurture.messages.dkim_record import in_strings, record_of
from nurture.messages.tokens import Signer
from nurture.providers.dns import Dns
from nurture.reports.doctor.verdict import Verdict, all_well
from nurture.runner.doctor import Patient, examine
from nurture.runner.doctor_dns import DnsLooks
from nurture.runner.in_force import InForce
from nurture.settings import load
from nurture.settings.dkim_keys import read_keys
from nurture.web.server import build
from support.certificate import write_certificate
from support.cli import Nurture
from support.name_server import NameServer
from support.on_loop import on_loop

DKIM = """
[dkim]
selector = "n1"
key_file = "keys/n1.shop.example.pem"
[bounces]
domain = "b.shop.example"
"""


def patient(workspace: Path, server: NameServer, seconds: float = 10.0, **environ: str) -> Patient:
    settings, clock = load(workspace, environ), SystemClock()
    dns = Dns(clock, ("127.0.0.1",), port=server.port, seconds=min(2.0, seconds / 2))
    return Patient(settings=settings, signer=Signer(settings.secret), clock=clock, dns=dns, seconds=seconds)


def of(verdicts: list[Verdict], topic: str) -> list[Verdict]:
    return [it for it in verdicts if it.topic == topic]


def level(verdicts: list[Verdict], topic: str) -> str:
    (verdict,) = of(verdicts, topic)
    return verdict.level


@pytest.fixture
def ready(nurture: Nurture) -> Nurture:
    """A workspace with a key and a bounce domain."""
    nurture.ok("dkim", "new")
    with (nurture.workspace / "nurture.toml").open("a") as file:
        file.write(DKIM)
    return nurture


def publish(server: NameServer, workspace: Path) -> None:
    (key,) = read_keys(load(workspace, {}))
    server.put(key.record_name, "TXT", in_strings(record_of(key.private)))
    server.put("b.shop.example", "TXT", '"v=spf1 include:relay.example -all"', '"something else"')
    server.put("relay.example", "TXT", '"v=spf1 ip4:203.0.113.0/24 -all"')
    server.put("_dmarc.shop.example", "TXT", '"v=DMARC1; p=none"')
    server.put("b.shop.example", "MX", "10 mail.shop.example")


@on_loop
async def _all_is_there(workspace: Path) -> None:
    async with NameServer() as server:
        publish(server, workspace)
        verdicts = await examine(patient(workspace, server))
        for topic in ("SPF", "DKIM", "DMARC", "bounces", "keys", "disk"):
            assert level(verdicts, topic) == "ok", topic
        assert "DKIM of shop.example counts for it" in of(verdicts, "DMARC")[0].what
        assert "1 of 10 look-ups" in of(verdicts, "SPF")[0].what
        assert {level(verdicts, "relay"), level(verdicts, "PTR")} == {"note"}


def test_what_is_published_is_found(ready: Nurture) -> None:
    _all_is_there(ready.workspace)


@on_loop
async def _nothing_is_there(workspace: Path) -> None:
    async with NameServer() as server:
        verdicts = await examine(patient(workspace, server))
        shown = {it.topic: it.publish for it in verdicts if it.level == "missing" and it.publish is not None}
        assert {topic: it.name for topic, it in shown.items()} == {
            "SPF": "b.shop.example",
            "DKIM": "n1._domainkey.shop.example",
            "DMARC": "_dmarc.shop.example",
            "bounces": "b.shop.example",
        }
        assert not all_well(verdicts)


def test_what_is_not_published_comes_with_the_record(ready: Nurture) -> None:
    _nothing_is_there(ready.workspace)


@on_loop
async def _silence(workspace: Path) -> None:
    async with NameServer() as server:
        server.silent = True
        begun = time.monotonic()
        verdicts = await examine(patient(workspace, server, seconds=1.0))
        assert time.monotonic() - begun < 4, "all are asked for at once"
        for topic in ("SPF", "DKIM", "DMARC", "bounces"):
            assert level(verdicts, topic) == "missing", topic
            assert "could not be looked up" in of(verdicts, topic)[0].what
        assert level(verdicts, "database") == "ok", "what needs no network is told all the same"


def test_a_name_server_that_says_nothing_is_not_taken_for_records_that_are_not_there(ready: Nurture) -> None:
    _silence(ready.workspace)


@on_loop
async def _other_senders(workspace: Path) -> None:
    async with NameServer() as server:
        publish(server, workspace)
        verdicts = await examine(patient(workspace, server))
        (own, other) = of(verdicts, "DMARC")
        assert own.what.startswith("shop.example: ")
        assert other.what.startswith("news.example ")
        assert any("mail from News <hi@news.example> is not signed" in it.what for it in of(verdicts, "DKIM"))


def test_the_from_of_a_campaign_in_force_is_looked_at_as_well(ready: Nurture) -> None:
    file = ready.workspace / "campaigns/lapsed/win-back.yaml"
    file.write_text(file.read_text() + '\nfrom: "News <hi@news.example>"\n')
    ready.ok("apply", "--yes")
    _other_senders(ready.workspace)


@on_loop
async def _direct(workspace: Path) -> None:
    async with NameServer() as server:
        publish(server, workspace)
        verdicts = await examine(patient(workspace, server, NURTURE_DELIVER="mx", NURTURE_PROVIDER="smtp"))
        assert of(verdicts, "relay") == []
        assert of(verdicts, "PTR")
        assert not any("your relay" in it.what for it in of(verdicts, "PTR"))
        assert not any("RELAY" in (it.publish.value if it.publish else "") for it in verdicts)


def test_where_we_deliver_ourselves_our_own_address_is_looked_at(ready: Nurture) -> None:
    _direct(ready.workspace)


def test_the_name_of_a_public_address_is_followed_back_to_it() -> None:
    @on_loop
    async def look() -> None:
        async with NameServer() as server:
            looks = DnsLooks(Dns(SystemClock(), ("127.0.0.1",), port=server.port))
            (none,) = await looks.pointer("93.184.216.34", "mail.shop.example")
            server.put("35.216.184.93.in-addr.arpa", "PTR", "old.shop.example")
            (there,) = await looks.pointer("93.184.216.35", "mail.shop.example")
            server.put("mail.shop.example", "A", "93.184.216.36")
            server.put("36.216.184.93.in-addr.arpa", "PTR", "mail.shop.example")
            (back,) = await looks.pointer("93.184.216.36", "mail.shop.example")
            (inside,) = await looks.pointer("10.0.0.1", "mail.shop.example")
            assert [it.level for it in (none, there, back, inside)] == ["missing", "missing", "ok", "note"]

    look()


def test_a_record_that_leaves_our_address_out_is_missing() -> None:
    @on_loop
    async def look() -> None:
        async with NameServer() as server:
            looks = DnsLooks(Dns(SystemClock(), ("127.0.0.1",), port=server.port))
            server.put("shop.example", "TXT", '"v=spf1 mx include:relay.example -all"')
            server.put("shop.example", "MX", "10 mail.shop.example")
            server.put("mail.shop.example", "A", "93.184.216.34")
            server.put("relay.example", "TXT", '"v=spf1 ip4:93.184.217.0/24 -all"')
            server.put("loop.example", "TXT", '"v=spf1 include:back.example -all"')
            server.put("back.example", "TXT", '"v=spf1 include:loop.example -all"')
            good = await looks.envelope("shop.example", ["93.184.216.34", "93.184.217.9"], direct=True)
            (_, bad) = await looks.envelope("shop.example", ["93.184.218.1"], direct=True)
            (loop,) = await looks.envelope("loop.example", [], direct=False)
            assert "leads back to itself" in loop.what
            assert [it.level for it in good] == ["ok"]
            assert bad.level == "missing" and "ip4:93.184.218.1" in bad.remedy

    look()


def test_a_key_that_is_not_there_is_told_beside_all_else(ready: Nurture) -> None:
    shutil.rmtree(ready.workspace / "keys")

    @on_loop
    async def look() -> None:
        async with NameServer() as server:
            verdicts = await examine(patient(ready.workspace, server))
            assert verdicts[0].level == "missing" and "dkim.key_file cannot be read" in verdicts[0].what
            assert of(verdicts, "DMARC")

    look()


def test_files_that_others_may_read_and_a_database_that_is_gone_are_told(ready: Nurture) -> None:
    (ready.workspace / "secret.key").chmod(0o644)
    (ready.workspace / "nurture.db").unlink()

    @on_loop
    async def look() -> None:
        async with NameServer() as server:
            verdicts = await examine(patient(ready.workspace, server))
            assert level(verdicts, "keys") == "warning"
            assert level(verdicts, "database") == "missing"
            assert "no database here" in of(verdicts, "database")[0].what

    look()


class Taking:
    """A relay that writes down who wanted to send through it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, _envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked.append(address)
        return "250 ok"


def _login(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"shop", b"sesame"), handled=False)


@asynccontextmanager
async def relay(certificate: Path, taking: Taking) -> AsyncIterator[int]:
    """Its port; it wants STARTTLS and a log-in."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve() -> SMTP:
        return SMTP(
            taking,
            hostname="relay.test",
            tls_context=context,
            authenticator=_login,
            auth_require_tls=True,
            loop=loop,
        )

    server = await loop.create_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("days", "trusted", "password", "found", "said"),
    [
        (90, True, "sesame", "ok", "its certificate ends"),
        (3, True, "sesame", "warning", "its certificate ends"),
        (-1, True, "sesame", "missing", "not to be trusted"),
        (90, False, "sesame", "missing", "not to be trusted"),
        (90, True, "wrong", "missing", "refused the log-in"),
    ],
)
def test_a_relay_is_tried_as_for_sending(
    nurture: Nurture, tmp_path: Path, days: int, trusted: bool, password: str, found: str, said: str
) -> None:
    certificate = write_certificate(tmp_path / "relay.pem", days=days)
    taking = Taking()

    @on_loop
    async def look() -> None:
        async with NameServer() as server, relay(certificate, taking) as port:
            environ = {
                "NURTURE_PROVIDER": "smtp",
                "NURTURE_RELAY_PORT": str(port),
                "NURTURE_RELAY_SECURITY": "starttls",
                "NURTURE_RELAY_USERNAME": "shop",
                "NURTURE_RELAY_PASSWORD": password,
                "NURTURE_RELAY_CA_FILE": str(certificate) if trusted else "",
            }
            (verdict,) = of(await examine(patient(nurture.workspace, server, **environ)), "relay")
            assert (verdict.level, said in verdict.what) == (found, True), verdict

    look()
    assert taking.asked == [], "nothing is sent"


def test_a_relay_that_is_not_there_is_missing(nurture: Nurture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])

        @on_loop
        async def look() -> None:
            async with NameServer() as server:
                asked = patient(nurture.workspace, server, NURTURE_PROVIDER="smtp", NURTURE_RELAY_PORT=port)
                assert level(await examine(asked), "relay") == "missing"

        look()


@asynccontextmanager
async def pages(workspace: Path) -> AsyncIterator[int]:
    """The port of the workspace's own pages."""
    with open_app(workspace) as app:
        deps = app.web(InForce(app.store, app.settings))
        server = uvicorn.Server(uvicorn.Config(build(deps), port=0, log_level="critical"))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield listening.getsockname()[1]
            server.should_exit = True
            await serving


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "knows a token that was signed here"),
        ("another secret", "does not know a token that was signed here"),
    ],
)
def test_our_own_pages_are_told_from_those_with_another_secret(
    nurture: Nurture, secret: str, said: str
) -> None:
    nurture.ok("apply", "--yes")

    @on_loop
    async def look() -> None:
        async with NameServer() as server, pages(nurture.workspace) as port:
            environ = {"NURTURE_WEB_PUBLIC_URL": f"http://127.0.0.1:{port}"}
            environ |= {"NURTURE_SECRET": secret} if secret else {}
            verdicts = of(await examine(patient(nurture.workspace, server, **environ)), "public address")
            assert [it.level for it in verdicts[:2]] == ["missing", "missing"], (
                "neither https nor to be reached"
            )
            assert said in verdicts[2].what

    look()
