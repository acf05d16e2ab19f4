"""TLS from the start, STARTTLS and logging in, with a certificate made for the test."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nurture.delivery.outcome import Accepted, MessageKey
from nurture.providers.base import RelayDown
from nurture.providers.smtp import SmtpProvider
from nurture.settings import Relay
from support.letters import letter
from support.list_desk import ListDesk

LETTERS = [letter(MessageKey(number, 1)) for number in range(1, 6)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Safe:
    """Takes mail; keeps whether each came over TLS."""

    def __init__(self, *, pipelining: bool) -> None:
        self.over_tls: list[bool] = []
        self.logged_in: list[bool] = []
        self._pipelining = pipelining

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self._pipelining else responses

    async def handle_DATA(self, server: SMTP, session: Session, _envelope: Envelope) -> str:
        assert server.transport is not None
        self.over_tls.append(server.transport.get_extra_info("sslcontext") is not None)
        self.logged_in.append(session.authenticated)
        return "250 2.0.0 taken"


def login(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"shop", b"sesame"), handled=False)


def deliver(
    relay: Relay, certificate: Path, *, pipelining: bool = True, auth: bool = False
) -> tuple[ListDesk, Safe]:
    """Deliver to an aiosmtpd server that speaks TLS as `relay` expects it."""
    safe, desk = Safe(pipelining=pipelining), ListDesk(LETTERS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def serve() -> SMTP:
            return SMTP(
                safe,
                hostname="relay.test",
                tls_context=context if relay.security == "starttls" else None,
                require_starttls=relay.security == "starttls",
                authenticator=login if auth else None,
                auth_require_tls=relay.security == "starttls",
                loop=loop,
            )

        implicit = context if relay.security == "tls" else None
        server = await loop.create_server(serve, "127.0.0.1", 0, ssl=implicit)
        port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(10):
            await SmtpProvider(relay.model_copy(update={"port": port})).deliver(desk)
            await asyncio.sleep(0.02)

    asyncio.run(run())
    return desk, safe


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "stepwise"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_letters_go_over_tls(security: str, pipelining: bool, certificate: Path) -> None:
    relay = Relay.model_validate({"security": security, "ca_file": str(certificate), "connections": 2})
    desk, safe = deliver(relay, certificate, pipelining=pipelining)
    assert safe.over_tls == [True] * 5
    assert set(desk.results.values()) == {Accepted(reply="250 2.0.0 taken")}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_stops_everything(security: str, certificate: Path) -> None:
    relay = Relay.model_validate({"security": security, "connections": 2})
    with pytest.raises(RelayDown, match="certificate"):
        deliver(relay, certificate)


def test_a_relay_without_starttls_gets_nothing_in_the_clear(certificate: Path) -> None:
    async def run(desk: ListDesk) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(Safe(pipelining=True), hostname="relay"), "127.0.0.1", 0
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            await SmtpProvider(Relay(port=port, security="starttls")).deliver(desk)

    desk = ListDesk(LETTERS)
    with pytest.raises(RelayDown, match="STARTTLS"):
        asyncio.run(run(desk))
    assert not desk.results


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_the_log_in_is_given_where_there_is_one(security: str, certificate: Path) -> None:
    relay = Relay.model_validate(
        {"security": security, "ca_file": str(certificate), "username": "shop", "password": "sesame"}
    )
    desk, safe = deliver(relay, certificate, auth=True)
    assert safe.logged_in == [True] * 5
    assert set(desk.results.values()) == {Accepted(reply="250 2.0.0 taken")}


def test_a_wrong_password_says_where_to_look(certificate: Path) -> None:
    relay = Relay(security="starttls", ca_file=str(certificate), username="shop", password="wrong")
    with pytest.raises(RelayDown) as down:
        deliver(relay, certificate, auth=True)
    assert "NURTURE_RELAY_PASSWORD" in down.value.remedy
    assert "wrong" not in str(down.value)
