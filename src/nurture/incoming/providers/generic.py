"""Our own small JSON, for any provider that has no file here, signed as Standard Webhooks 1.0 says."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from nurture.clock import Moment
from nurture.incoming.heard import Heard, HeardKind, Severity
from nurture.incoming.parts import (
    Part,
    Told,
    UnreadableError,
    address,
    loaded,
    message_of,
    moment,
    said,
    text,
    written,
)
from nurture.incoming.signatures import TOLERANCE, Headers, from_base64, is_fresh, is_one_of, mac
from nurture.messages.tokens import Signer
from nurture.messages.webhook import PREFIX

_KINDS: Mapping[str, HeardKind] = {
    "delivered": "delivered",
    "deferred": "deferred",
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "opened": "opened",
    "clicked": "clicked",
    "auto-reply": "auto-reply",
}
_SEVERITIES: Mapping[str, Severity] = {"hard": "hard", "soft": "soft"}


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether one of the `v1` signatures is by one of `secrets` (`whsec_…`)."""
    name, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not is_fresh(seconds, now, TOLERANCE):
        return False
    content = f"{name}.{seconds}.".encode() + body
    wanted = [mac(base64.b64decode(it.removeprefix(PREFIX)), content) for it in secrets]
    several = headers.get("webhook-signature", "").split(" ")[:10]
    given = [it.removeprefix("v1,") for it in several if it.startswith("v1,")]
    return any(is_one_of(from_base64(it), wanted) for it in given)


def read(body: bytes, signer: Signer) -> list[Told]:
    """The events: one, or those in `events`. Raises UnreadableError."""
    whole = loaded(body)
    if not isinstance(whole, dict):
        raise UnreadableError("it is neither an event nor a map with events")
    events = whole.get("events", [whole])
    if not isinstance(events, list):
        raise UnreadableError("events is not a list")
    return [(_heard(it, signer), written(it)) for it in events if isinstance(it, dict)]


def _heard(event: Part, signer: Signer) -> Heard:
    kind = _KINDS.get(text(event, "kind"), "ignored")
    return Heard(
        kind=kind,
        recipient=address(event, "recipient"),
        key=message_of(signer, text(event, "message_id", longest=998), text(event, "return_path")),
        proof="signed",
        severity=_SEVERITIES.get(text(event, "severity"), "other") if kind == "bounced" else "",
        reason=text(event, "reason"),
        said=said(event, "said"),
        at=moment(event, "at"),
        id=text(event, "id", longest=200),
        link=text(event, "link", longest=2_000),
        agent=text(event, "agent"),
        ip=text(event, "ip", longest=50),
    )
