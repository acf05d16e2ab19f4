"""What mail providers and shops tell us: POST /in/{source}.

200 says that it was taken and is on disk, 401 that its signature is wrong, 404 that no such source is set up, 503 that
it could not be written down, so that the source tries again. What was signed and says nothing to us is kept, too: to
send it again would not help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeGuard

import structlog
from babel.numbers import get_currency_precision
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nurture.clock import MINUTE, Moment
from nurture.errors import ServiceError, StoreError
from nurture.incoming.heard import Heard
from nurture.incoming.parts import Told, UnreadableError
from nurture.incoming.providers import generic, mailgun, postmark, sendgrid, ses
from nurture.incoming.shops import shopify, stripe, woocommerce
from nurture.incoming.shops.event import ShopEvent
from nurture.incoming.signatures import Headers
from nurture.messages.tokens import Signer
from nurture.providers.sns import Sns
from nurture.runner.hearing import Office, Taken, hear, new_kinds
from nurture.runner.intake_cells import Setting
from nurture.runner.shop_events import Counter, keep_unreadable, take_shop_event
from nurture.runner.taking import Terms
from nurture.settings.sources import SOURCES, SourceName
from nurture.store import arrivals
from nurture.web.deps import WebDeps

_Verify: TypeAlias = Callable[[Headers, bytes, Sequence[str], Moment], bool]
_PROVIDERS: Mapping[str, tuple[_Verify, Callable[[bytes, Signer], list[Told]]]] = {
    "sendgrid": (sendgrid.verify, sendgrid.read),
    "mailgun": (mailgun.verify, mailgun.read),
    "postmark": (postmark.verify, postmark.read),
    "generic": (generic.verify, generic.read),
}
_SHOPS: Mapping[str, tuple[_Verify, Callable[[bytes, Headers], ShopEvent]]] = {
    "shopify": (shopify.verify, shopify.read),
    "stripe": (stripe.verify, stripe.read),
    "woocommerce": (woocommerce.verify, woocommerce.read),
}
_LATER = {"retry-after": "60"}


class Incoming:
    """The routes under /in/."""

    def __init__(self, deps: WebDeps, sns: Sns | None = None) -> None:
        self._deps = deps
        self._sns = sns or Sns()
        self._log = structlog.get_logger("nurture.incoming")
        self._complained: dict[str, Moment] = {}

    def routes(self) -> list[Route]:
        """One address for each source; it takes nothing but POST."""
        return [Route("/in/{source}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Take in what a source says."""
        source = request.path_params["source"]
        if not self._is_set_up(source):
            return PlainTextResponse("There is no such source here.\n", status_code=404)
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await run_in_threadpool(self._take, source, headers, body)

    def _is_set_up(self, source: str) -> TypeGuard[SourceName]:
        return source in SOURCES and bool(self._deps.settings.sources.secrets(source))

    def _take(self, source: SourceName, headers: Headers, body: bytes) -> Response:
        if source == "woocommerce" and woocommerce.is_ping(body):
            return _taken()
        try:
            if source == "ses":
                return self._from_ses(body)
            if source in _SHOPS:
                return self._from_shop(source, headers, body)
            return self._from_provider(source, headers, body)
        except (StoreError, ServiceError) as error:
            self._warn(source, "could not be taken", why=error.message)
            return PlainTextResponse("Try again.\n", status_code=503, headers=_LATER)

    def _from_provider(self, source: SourceName, headers: Headers, body: bytes) -> Response:
        verify, read = _PROVIDERS[source]
        if not verify(headers, body, self._secrets(source), self._deps.clock.now()):
            return self._refused(source)
        return self._hear(source, _told(lambda: read(body, self._deps.signer), body), body)

    def _from_ses(self, body: bytes) -> Response:
        given = ses.envelope(body)
        # Whose topic it is comes first: only then is a certificate worth being asked for.
        if given is None or given.topic not in self._secrets("ses"):
            return self._refused("ses")
        if not ses.verify(given, self._sns.certificate(given), self._deps.clock.now()):
            return self._refused("ses")
        if given.type == "SubscriptionConfirmation":
            self._sns.confirm(given)
            self._log.info("the subscription is confirmed", topic=given.topic)
            return _taken()
        return self._hear("ses", _told(lambda: ses.read(given, self._deps.signer), body), body)

    def _hear(self, source: SourceName, told: Sequence[Told], body: bytes) -> Response:
        deps, in_force = self._deps, self._deps.in_force()
        office = Office(
            settings=deps.settings,
            address_key=deps.address_key,
            topics=in_force.topics,
            expires=in_force.expires,
        )
        ids, now = deps.store.ids, deps.clock.now()
        taken: Sequence[Taken] = ()
        with deps.store.write() as tx:
            # Mailgun signs the token and not the event: a second event with the same token is somebody else's.
            if source != "mailgun" or arrivals.unseen(tx, source, {f"token {mailgun.token(body)}"}, now):
                taken = hear(tx, ids, source, told, office, now)
        deps.counts.arrived(source, new_kinds(taken))
        return _taken()

    def _from_shop(self, source: SourceName, headers: Headers, body: bytes) -> Response:
        verify, read = _SHOPS[source]
        now, store = self._deps.clock.now(), self._deps.store
        if not verify(headers, body, self._secrets(source), now):
            return self._refused(source)
        ids, counter = store.ids, self._counter(source, now)
        try:
            event = read(body, headers)
        except UnreadableError as error:
            with store.write() as tx:
                keep_unreadable(tx, ids, counter, body, str(error))
            self._deps.counts.arrived(source, ["unreadable"])
            return _taken()
        with store.write() as tx:
            effect = take_shop_event(tx, ids, event, body, counter)
        if effect != "known":
            self._deps.counts.arrived(source, [effect])
        return _taken()

    def _counter(self, source: SourceName, now: Moment) -> Counter:
        settings = self._deps.settings
        return Counter(
            source=source,
            setting=Setting(
                now=now,
                zone=settings.zone,
                currency=settings.currency,
                digits=get_currency_precision(settings.currency),
            ),
            terms=Terms(
                now=now,
                address_key=self._deps.address_key,
                topics=settings.sources.consent(source),
                source=source,
                how=source,
            ),
        )

    def _secrets(self, source: SourceName) -> tuple[str, ...]:
        return self._deps.settings.sources.secrets(source)

    def _refused(self, source: SourceName) -> Response:
        self._warn(source, "the signature is wrong, or too old")
        return PlainTextResponse("The signature is wrong.\n", status_code=401)

    def _warn(self, source: SourceName, what: str, **more: str) -> None:
        """Once a minute: anybody may knock here as often as they like."""
        now = self._deps.clock.now()
        if now - self._complained.get(source, -MINUTE) >= MINUTE:
            self._complained[source] = now
            self._log.warning(what, source=source, **more)


def _taken() -> Response:
    return PlainTextResponse("Taken.\n")


def _told(read: Callable[[], list[Told]], body: bytes) -> list[Told]:
    """What was told; what cannot be read is kept as it is."""
    try:
        return read()
    except UnreadableError as error:
        return [(Heard(kind="ignored", proof="signed", reason=str(error)), body)]
