"""Webhooks as Standard Webhooks 1.0 writes them: what is a URL for one, the secrets, the signature."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence

from nurture.clock import SECOND, Moment

PREFIX = "whsec_"
_URL = re.compile(r"https?:", re.IGNORECASE)
_LABEL = b"nurture webhooks"


def is_url(target: str) -> bool:
    """Whether `target` is meant for a webhook, be it usable or not; else it is meant as an address."""
    return _URL.match(target.strip()) is not None


def secrets_of(given: str, workspace: str) -> tuple[str, ...]:
    """The secrets as receivers are given them (`whsec_…`): the one in use, then older ones.

    `given` is NURTURE_WEBHOOK_SECRET; where it is empty they come from the workspace's secret, which nobody can work
    out from them. Both may hold several, separated by commas.
    """
    written = _several(given)
    if written:
        return written
    derived = (hmac.digest(key.encode(), _LABEL, "sha256") for key in _several(workspace))
    return tuple(PREFIX + base64.b64encode(key).decode("ascii") for key in derived)


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def signed(secrets: Sequence[str], name: str, at: Moment, body: bytes) -> Mapping[str, str]:
    """The headers for one try: `name` stays the same for ever, the time is that of the try.

    There is a signature by each secret, so that a receiver may change over to a new one at any time.
    """
    seconds = at // SECOND
    content = f"{name}.{seconds}.".encode("ascii") + body
    keys = [base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets]
    signatures = [base64.b64encode(hmac.digest(key, content, "sha256")).decode("ascii") for key in keys]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
