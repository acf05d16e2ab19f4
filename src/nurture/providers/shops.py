"""Shops that codes are pushed to: what one is asked, what it answers, and the HTTP that all of them speak.

Redirects are not followed, proxies and passwords of the environment are not used, and of an answer only so much is
read as an honest one can have.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
from babel.numbers import get_currency_precision

from nurture import __version__
from nurture.errors import ServiceError
from nurture.offers.discount import Amount, Discount
from nurture.providers.smtp_replies import clean

_MOST_READ = 4 * 1024 * 1024
_TRIES = 5
_LONGEST_WAIT = 60.0

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLimits:
    """Seconds."""

    connect: float = 10.0
    answer: float = 60.0
    """A shop takes a while over a hundred codes."""
    between: float = 1.0
    """Before a shop is asked again how far it is."""
    whole: float = 300.0
    """Then a shop is not asked any more how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What codes stand for in a shop."""

    title: str
    """By which the shop shows it and it is found again; the same for the same offer and discount."""
    discount: Discount
    is_own: bool
    """Whether each code is good once; else once for each customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of codes."""

    arrived: frozenset[str]
    """Those that the shop has now, for this; some of them it may have had before."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """The others, and why, in the shop's words. Hostile."""


class ShopError(ServiceError):
    """A shop that cannot be asked, or that refuses all there is."""


class Shop(Protocol):
    """One kind of shop, open."""

    most: int
    """Codes that can be added at once."""

    def add(self, listing: Listing, codes: Sequence[str]) -> Added:
        """Make the codes known; those it has for the same thing already count as arrived. Raises ShopError."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class ShopHttp:
    """JSON to and from one shop."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        tls: ssl.SSLContext | bool = True,
        limits: ShopLimits | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.where = httpx.URL(url).host
        self.limits = limits or ShopLimits()
        self.sleep = sleep
        self._url = url
        self._client = httpx.Client(
            verify=tls,
            auth=auth,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self.limits.answer, connect=self.limits.connect),
            headers={
                "user-agent": f"nurture/{__version__}",
                "accept": "application/json",
                # What is not compressed cannot swell.
                "accept-encoding": "identity",
                **(headers or {}),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def ask(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The answer of the shop, read; asked again where it says to wait. Raises ShopError."""
        for turn in range(_TRIES):
            status, headers, content = self._once(method, path, body, params)
            if status != 429:
                return self._read(status, headers, content)
            self.sleep(_wait(headers.get("retry-after", ""), turn))
        raise self.trouble(
            "asks us to slow down again and again (429)", "Try again later: what arrived is marked."
        )

    def trouble(self, message: str, remedy: str) -> ShopError:
        """An error that names the shop."""
        return ShopError(f"the shop {message}", where=self.where, remedy=remedy)

    def _once(
        self, method: str, path: str, body: Any, params: Mapping[str, str]
    ) -> tuple[int, httpx.Headers, bytes]:
        try:
            with self._client.stream(
                method, f"{self._url}{path}", json=body, params=params or None
            ) as answer:
                content = b""
                for part in answer.iter_raw():
                    content += part
                    if len(content) > _MOST_READ:
                        raise self.trouble("answers without end", "Is the url right?")
                return answer.status_code, answer.headers, content
        except httpx.TimeoutException:
            raise self.trouble("did not answer in time", "Try again: what arrived is marked.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            said = clean(str(error))[:200] or type(error).__name__
            raise self.trouble(
                f"cannot be reached: {said}", "Is the url right, and the shop there?"
            ) from None

    def _read(self, status: int, headers: httpx.Headers, content: bytes) -> Any:
        if status in (401, 403):
            raise self.trouble(
                f"does not let us in ({status}){_told(content)}",
                "Look at its token or key, and whether it may write discounts or coupons.",
            )
        if 300 <= status < 400:
            place = clean(headers.get("location", ""))[:200]
            raise self.trouble(
                f"sends us on to {place!r} ({status})", "Write that address as the shop's url."
            )
        if not 200 <= status < 300:
            raise self.trouble(f"answers {status}{_told(content)}", "Try again: what arrived is marked.")
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise self.trouble("does not answer in JSON", "Is the url that of the shop itself?") from None


def said(value: Any) -> str:
    """What a shop says, as one line that can be shown."""
    return clean(value)[:200] if isinstance(value, str) else ""


def major_text(amount: Amount) -> str:
    """An amount as shops write it: 10.00."""
    return f"{Decimal(amount.minor).scaleb(-get_currency_precision(amount.currency)):f}"


def _wait(told: str, turn: int) -> float:
    """Seconds, as it was told (RFC 9110, section 10.2.3), else twice as long each time."""
    seconds = float(told) if told.isascii() and told.isdigit() and len(told) < 6 else 2.0**turn
    return min(seconds, _LONGEST_WAIT)


def _told(content: bytes) -> str:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    words = (
        next((body[it] for it in ("message", "errors") if body.get(it)), "") if isinstance(body, dict) else ""
    )
    return f": {said(words)}" if said(words) else ""
