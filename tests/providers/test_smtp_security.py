"""TLS from the start, STARTTLS and logging in, with a certificate made for the test."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from nurture.delivery.outcome import Accepted, MessageKey
from nurture.providers.base import RelayDown
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_connect import Endpoint, connect
from nurture.providers.smtp_talk import Limits
from nurture.settings import Relay
from support.certificates import make_certificate, serving
from support.letters import letter
from support.list_desk import ListDesk
from support.scripted_relay import ScriptedRelay

LETTERS = [letter(MessageKey(number, 1)) for number in range(1, 6)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "relay.pem")


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
    context = serving(certificate)

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
        async with server, asyncio.timeout(30):
            provider = SmtpProvider(relay.model_copy(update={"port": port}))
            try:
                await provider.deliver(desk)
            finally:
                await provider.close()
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


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("wrong", "said", "remedy"),
    [
        ({"days": -1}, "expired", "Renew the relay's certificate"),
        ({"address": "127.0.0.9"}, "127.0.0.1", "the name that the certificate is for"),
    ],
    ids=["expired", "another name"],
)
def test_sending_waits_for_a_certificate_to_be_renewed_and_goes_on_by_itself(
    security: str, wrong: dict[str, Any], said: str, remedy: str, tmp_path: Path
) -> None:
    async def run(desk: ListDesk) -> int:
        bad = make_certificate(tmp_path / "bad.pem", **wrong)
        good = make_certificate(tmp_path / "good.pem")
        both = tmp_path / "both.pem"
        both.write_bytes(bad.read_bytes() + good.read_bytes())
        context = serving(bad)
        relay = ScriptedRelay(extensions=("PIPELINING", "STARTTLS"))
        relay.tls, relay.start_tls = (context, None) if security == "tls" else (None, context)
        async with relay, asyncio.timeout(30):
            settings = Relay.model_validate({"port": relay.port, "security": security, "ca_file": str(both)})
            provider = SmtpProvider(settings)
            with pytest.raises(RelayDown, match=said) as down:
                await provider.deliver(desk)
            assert "certificate is not to be trusted" in down.value.message
            assert "\n" not in down.value.message and remedy in down.value.remedy
            assert not desk.results and not relay.taken
            context.load_cert_chain(good)
            await provider.deliver(desk)
            await provider.close()
        return len(relay.taken)

    assert asyncio.run(run(ListDesk(LETTERS))) == 5


def test_a_server_that_stands_in_no_file_is_spoken_to_over_tls_where_it_can_whoever_it_is(
    certificate: Path,
) -> None:
    async def talks(relay: ScriptedRelay) -> bool:
        async with relay, asyncio.timeout(30):
            talk = await connect(
                Endpoint(host="127.0.0.1", port=relay.port, security="opportunistic"), Limits(connect=2)
            )
            await talk.quit()
        return "STARTTLS" in relay.said

    offered = ("PIPELINING", "STARTTLS")
    assert asyncio.run(talks(ScriptedRelay(extensions=offered, start_tls=serving(certificate))))
    assert not asyncio.run(talks(ScriptedRelay(extensions=("PIPELINING",))))
    # Offered, and nothing comes of it: then in the clear, over another connection.
    broken = ScriptedRelay(
        extensions=offered,
        start_tls=serving(certificate),
        answer=lambda said, _: b"454 4.7.0 not now\r\n" if said == "STARTTLS" else None,
    )
    assert asyncio.run(talks(broken))
    assert broken.connections == 2
