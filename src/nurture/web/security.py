"""What every answer carries, how much a request may bring, and who may see the pages for insiders.

The dashboard and the inbox have no log-in: they are for whoever sits at this machine. A browser elsewhere
must not reach them through a proxy, through a name that resolves to 127.0.0.1 (DNS rebinding), or because
the port is open to the network.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nurture.providers.addresses import Network

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body. The largest that we ask people for is an unsubscribe form."""

API = "/api/"
BODY_LIMITS = {API: 16 * 1024 * 1024, "/in/": 4 * 1024 * 1024}
"""Of what programs send, by how the path begins: batches of rows, and what providers and shops tell us."""

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""For our own pages: no script at all, nothing from elsewhere."""

_MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src {pictures}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)

_COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store",
}

_FORWARDED = re.compile(
    r"forwarded|x-forwarded.*|x-real-ip|via|cf-.*|true-client-ip|x-original-.*|x-client-ip"
)
_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)


def message_policy(*, pictures: bool, framed: bool) -> str:
    """The policy for a message's own HTML: no script, no form, and pictures only where they are wanted."""
    return _MESSAGE_POLICY.format(
        pictures="data: http: https:" if pictures else "data:", ancestors="'self'" if framed else "'none'"
    )


def is_local(request: Request) -> bool:
    """Whether the request was made on this machine, by its own name, and passed on by nobody."""
    if _is_passed_on(request) or _HOST.fullmatch(request.headers.get("host", "")) is None:
        return False
    return request.client is not None and _is_loopback(request.client.host)


def is_from(request: Request, networks: Sequence[Network]) -> bool:
    """Whether the request comes straight from a machine of these networks."""
    if _is_passed_on(request) or request.client is None:
        return False
    try:
        address = ipaddress.ip_address(request.client.host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _is_passed_on(request: Request) -> bool:
    return any(_FORWARDED.fullmatch(name.lower()) for name in request.headers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def careful(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers with those added that every answer carries: for answers that are put together once."""
    made = MutableHeaders(raw=list(headers))
    for name, value in _COMMON.items():
        made.setdefault(name, value)
    return made.raw


class CarefulAnswers:
    """Adds the headers that every answer carries, where the answer does not say otherwise."""

    def __init__(self, app: ASGIApp, common: Mapping[str, str] = _COMMON) -> None:
        self._app = app
        self._common = common

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._common.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class TooLarge(HTTPException):
    """The body went over the limit while it was read. Each application words it in its own way."""

    def __init__(self) -> None:
        super().__init__(413, headers={"connection": "close"})


class LimitedBodies:
    """Answers 413 where a body is longer than the limit for its path, whether it says so at the start or not."""

    def __init__(
        self, app: ASGIApp, limit: int = BODY_LIMIT, others: Mapping[str, int] = BODY_LIMITS
    ) -> None:
        self._app = app
        self._limit = limit
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > limit:
            await _too_large(scope, receive, send)
            return
        so_far = 0

        async def receive_counting() -> Message:
            nonlocal so_far
            message = await receive()
            so_far += len(message.get("body", b""))
            if so_far > limit:
                raise TooLarge
            return message

        try:
            await self._app(scope, receive_counting, send)
        except TooLarge:
            await _too_large(scope, receive, send)

    def _limit_of(self, path: str) -> int:
        return next((it for begin, it in self._others.items() if path.startswith(begin)), self._limit)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"connection": "close"}
    answer: Response
    if scope["path"].startswith(API):
        told = {"type": "/api/v1/problems#too-large", "title": "The body is too large", "status": 413}
        answer = JSONResponse(told, status_code=413, headers=headers, media_type="application/problem+json")
    else:
        answer = PlainTextResponse("That is more than we take.\n", status_code=413, headers=headers)
    await answer(scope, receive, send)
