"""A look at our own public address, as a mailbox provider would come to it. GET changes nothing there."""

from __future__ import annotations

import httpx

from nurture.providers.smtp_replies import clean


async def status_of(url: str, seconds: float) -> int | str:
    """The status that `url` answers with, or why there is no answer. No redirect is followed, no proxy used."""
    try:
        async with (
            httpx.AsyncClient(timeout=seconds, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            return answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return clean(str(error)) or type(error).__name__
