"""A look at a mail server before letters go to it: TLS, its certificate, the log-in. Nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import cast

from aiosmtplib import SMTP, SMTPException
from cryptography import x509

from nurture.clock import Moment, from_datetime
from nurture.providers.base import RelayDown
from nurture.providers.smtp_connect import Endpoint, connect
from nurture.providers.smtp_talk import Limits, Lost
from nurture.providers.trust import trusting


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen."""

    trouble: str = ""
    """Why letters could not go over it now; empty: they could."""
    remedy: str = ""
    offers_starttls: bool = False
    certificate_ends: Moment | None = None
    """Also where it is not to be trusted."""


async def look(where: Endpoint, limits: Limits) -> Looked:
    """Connect and log in as for sending, and once more to see the certificate. Both are parted from with QUIT."""
    offers, ends = await _certificate(where, limits)
    try:
        talk = await connect(where, limits)
    except RelayDown as down:
        return Looked(trouble=down.message, remedy=down.remedy, offers_starttls=offers, certificate_ends=ends)
    with contextlib.suppress(Lost):
        await talk.quit()
    return Looked(offers_starttls=offers, certificate_ends=ends)


async def _certificate(where: Endpoint, limits: Limits) -> tuple[bool, Moment | None]:
    """Whether STARTTLS is offered, and when the certificate ends; (False, None) where nothing could be seen."""
    smtp = SMTP(
        hostname=where.host,
        port=where.port,
        timeout=limits.connect,
        local_hostname=where.local_name or "localhost",
        use_tls=where.security == "tls",
        start_tls=False,
        tls_context=_trusting_anybody(),
    )
    offers = False
    try:
        await smtp.connect()
        await smtp.ehlo()
        offers = smtp.supports_extension("starttls")
        if where.security != "tls" and offers:
            await smtp.starttls()
        seen = smtp.get_transport_info("ssl_object")
        raw = seen.getpeercert(binary_form=True) if seen is not None else None
        ends = from_datetime(x509.load_der_x509_certificate(raw).not_valid_after_utc) if raw else None
        await smtp.quit()
    except (SMTPException, OSError, ValueError):
        return offers, None
    finally:
        if smtp.transport is not None:
            cast(asyncio.Transport, smtp.transport).abort()
        smtp.close()
    return offers, ends


def _trusting_anybody() -> ssl.SSLContext:
    """Nothing is sent over it but a greeting."""
    context = trusting("")
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
