"""A contact's time zone: their own, else the workspace's."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact


def zone_of(contact: Contact, workspace: ZoneInfo) -> ZoneInfo:
    """The zone that the contact's days and times are in."""
    return _named(contact.timezone) or workspace if contact.timezone else workspace


@lru_cache(maxsize=1024)
def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
