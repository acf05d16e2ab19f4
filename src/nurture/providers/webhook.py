"""Webhooks over HTTPS, to the world at large only.

A name is resolved here, once; every address it has must be one that may be reached, and the connection goes to the
very address that was looked at, so that a name that changes its mind between the two gains nothing. Redirects are not
followed, proxies and passwords of the environment are not used, and of an answer only the beginning is read.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from nurture import __version__
from nurture.delivery.answers import judge_answer
from nurture.delivery.outcome import Outcome, Refused, TryLater
from nurture.providers.addresses import Network, may_go
from nurture.providers.base import Call
from nurture.providers.smtp_replies import clean
from nurture.providers.trust import trusting

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name, called in a thread. Raises OSError or UnicodeError."""

_URL = re.compile(r"https://[^\s\\\x00-\x20\x7f]{1,2000}", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|[0-9A-Fa-f:.]{2,45}")
_MOST_READ = 4_096
_KEPT_FOR = 1.5
"""Seconds that a connection is kept unused: servers close theirs after 2 and more."""
_FOUND_FOR = 30.0
"""Seconds for which the addresses of a name hold where connections are kept."""
_MOST_TRIED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HookLimits:
    """Seconds."""

    connect: float = 10.0
    """For the connection and TLS, each address."""
    answer: float = 15.0
    """For the first line of the answer."""
    whole: float = 25.0
    """For all of it, the name's resolution included."""
    text: float = 2.0
    """For the beginning of what a refusal says."""


class Webhooks:
    """Makes calls. `allow` names networks of our own that may be reached besides the world.

    With `keep` connections are used again, for those who call the same few servers many times.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        *,
        ca_file: str = "",
        resolve: Resolve | None = None,
        limits: HookLimits | None = None,
        keep: bool = False,
    ) -> None:
        self._allow = tuple(allow)
        self._keep = keep
        # By name and address, since a connection was made for the certificate of one name.
        self._clients: dict[tuple[str, str], httpx.AsyncClient] = {}
        self._found: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._ca_file = ca_file
        self._resolve = resolve or look_up
        self._limits = limits or HookLimits()
        self._tls: ssl.SSLContext | None = None
        # Threads of their own: names that hang must not keep the database waiting for the common ones.
        self._workers = ThreadPoolExecutor(4, "resolve")

    async def call(self, call: Call) -> Outcome:
        """See `Caller.call`."""
        try:
            async with asyncio.timeout(self._limits.whole):
                return await self._call(call)
        except TimeoutError:
            return TryLater(reply=f"no answer within {self._limits.whole:g} seconds")

    async def close(self) -> None:
        """See `Caller.close`."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _call(self, call: Call) -> Outcome:
        url = _read(call.url)
        if isinstance(url, Refused):
            return url
        host = url.raw_host.decode("ascii")
        try:
            addresses = await self._addresses(host, url.port or 443)
        except (OSError, UnicodeError) as error:
            return TryLater(reply=f"{host} cannot be found: {_said(error)}")
        inside = [address for address in addresses if not may_go(address, self._allow)]
        if inside:
            return Refused(reply=_not_outside(host, inside[0]), kind="policy")
        try:
            await self._context()
        except OSError as error:
            return TryLater(reply=f"[notify] ca_file cannot be used: {_said(error)}")
        outcome: Outcome = TryLater(reply=f"{host} has no address")
        for address in addresses[:_MOST_TRIED]:
            try:
                return await self._post(url, address, call)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                outcome = TryLater(reply=f"no connection to {host} ({address}): {_said(error)}")
            except httpx.TimeoutException:
                return TryLater(reply=f"{host} did not answer in time")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return TryLater(reply=f"{host} broke off or does not speak HTTP: {_said(error)}")
            except ValueError as error:
                # What the TLS of the machine takes for no name.
                return Refused(reply=f"{host} cannot be called: {_said(error)}", kind="policy")
        return outcome

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        known = self._found.get((host, port)) if self._keep else None
        if known is not None and loop.time() < known[0]:
            return known[1]
        found = await loop.run_in_executor(self._workers, self._resolve, host, port)
        addresses = list(dict.fromkeys(found))
        self._found[host, port] = (loop.time() + _FOUND_FOR, addresses)
        return addresses

    async def _post(self, url: httpx.URL, address: str, call: Call) -> Outcome:
        tls = await self._context()
        if not self._keep:
            async with self._client(tls) as client:
                return await self._ask(client, url, address, call)
        place = (url.raw_host.decode("ascii"), address)
        kept = self._clients.get(place)
        if kept is None:
            kept = self._clients[place] = self._client(tls)
        return await self._ask(kept, url, address, call)

    def _client(self, tls: ssl.SSLContext) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._limits.answer, connect=self._limits.connect),
            limits=httpx.Limits(keepalive_expiry=_KEPT_FOR),
        )

    async def _ask(self, client: httpx.AsyncClient, url: httpx.URL, address: str, call: Call) -> Outcome:
        headers = {
            **call.headers,
            "host": url.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": f"nurture/{__version__}",
            # What is not compressed cannot swell.
            "accept-encoding": "identity",
            "connection": "keep-alive" if self._keep else "close",
        }
        extensions = {"sni_hostname": url.raw_host.decode("ascii")}
        async with client.stream(
            "POST", url.copy_with(host=address), content=call.content, headers=headers, extensions=extensions
        ) as answer:
            # What was not read to its end cannot be used again.
            beginning = await self._beginning(answer) if self._keep or not answer.is_success else ""
            said = "" if answer.is_success else beginning
            return judge_answer(
                answer.status_code,
                said,
                moved_to=clean(answer.headers.get("location", "")),
                retry_after=answer.headers.get("retry-after", "").strip(),
            )

    async def _beginning(self, answer: httpx.Response) -> str:
        """The beginning of what it says, as far as it comes at once."""
        text = b""
        try:
            async with asyncio.timeout(self._limits.text):
                async for part in answer.aiter_raw():
                    text += part
                    if len(text) >= _MOST_READ:
                        break
        except (TimeoutError, httpx.HTTPError):
            pass
        return clean(text[:_MOST_READ].decode("utf-8", "replace"))

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(trusting, self._ca_file)
        return self._tls


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine finds for a name. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(place[0]) for _, _, _, _, place in found]


def _read(text: str) -> httpx.URL | Refused:
    """The URL, or why nothing can be sent to it."""
    text = text.strip()
    if text.lower().startswith("http://"):
        return Refused(reply="http:// is not private: webhooks go to https:// only", kind="policy")
    try:
        url = httpx.URL(text) if _URL.fullmatch(text) else None
    except (httpx.InvalidURL, ValueError):
        url = None
    if (
        url is None
        or not 0 < (url.port or 443) < 65_536
        or not _HOST.fullmatch(url.raw_host.decode("ascii", "replace"))
    ):
        return Refused(reply="this is no https:// address", kind="policy")
    if url.userinfo:
        return Refused(reply="the address has a name or password before an @", kind="policy")
    return url.copy_with(fragment=None)


def _not_outside(host: str, address: str) -> str:
    shown = host if host == address else f"{host} ({address})"
    return (
        f"{shown} is not an address of the world at large, and such are not called; a network of your own is "
        "allowed with [notify] allow in nurture.toml"
    )


def _said(error: Exception) -> str:
    return clean(str(error))[:200] or type(error).__name__
