"""Delivery status notifications (RFC 3464; RFC 6533 for addresses beyond ASCII)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.incoming.mail.headers import Head, address_of, addresses_in, read_blocks
from nurture.incoming.mail.structure import Mail

TYPES = ("message/delivery-status", "message/global-delivery-status")
MOST_RECIPIENTS = 50

Action: TypeAlias = Literal["failed", "delayed", "delivered", "relayed", "expanded"]

_ACTIONS: tuple[tuple[str, Action], ...] = (
    ("fail", "failed"),
    # OpenSMTPD.
    ("error", "failed"),
    ("delay", "delayed"),
    ("deliver", "delivered"),
    ("relay", "relayed"),
    ("expand", "expanded"),
)
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_HEX = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report says of one recipient."""

    action: Action
    recipient: str
    """In lower case: the one that we named, where the report knows it; else the last one it went to."""
    status: str = ""
    text: str = ""
    """The answer of the recipient's server, or what the reporting one found."""
    at: str = ""
    """When it was tried last, as it is written."""


def read_dsn(mail: Mail) -> list[Told]:
    """What the mail's reports say, recipient by recipient; empty: it holds none that can be read."""
    told: list[Told] = []
    for part in mail.of_type(*TYPES):
        blocks = read_blocks(part.text, MOST_RECIPIENTS + 1)
        about = blocks[0] if blocks else None
        for block in blocks:
            if (it := _told(block, about)) is not None:
                told.append(it)
    return list(dict.fromkeys(told))[:MOST_RECIPIENTS]


def _told(block: Head, about: Head | None) -> Told | None:
    """`about`: the group of fields that is about the whole message."""
    recipient = _recipient(block)
    if not recipient:
        return None
    found = _STATUS.match(block.get("status"))
    status = found[1] if found else ""
    action = _action(block.get("action"), status)
    if action is None:
        return None
    text = block.get("diagnostic-code") or block.get("x-supplementary-info") or ""
    at = block.get("last-attempt-date") or (about.get("arrival-date") if about else "")
    return Told(action=action, recipient=recipient, status=status, text=text[:2_000], at=at)


def _action(text: str, status: str) -> Action | None:
    # Some put a comment behind it, some leave it out.
    word = text.strip().lower()
    for begins, action in _ACTIONS:
        if word.startswith(begins):
            return action
    return "failed" if not word and status[:1] == "5" else None


def _recipient(block: Head) -> str:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        kind, semicolon, text = block.get(name).partition(";")
        if not semicolon:
            # Without the type of the address, which is required; brackets show that it is one.
            text = kind if "<" in kind else ""
        text = _HEX.sub(_character, text)
        found = address_of(text) or next(iter(addresses_in(text, 1)), "")
        if found:
            return found
    return ""


def _character(found: re.Match[str]) -> str:
    """RFC 6533 section 3."""
    number = int(found[1], 16)
    return chr(number) if 0x20 < number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
