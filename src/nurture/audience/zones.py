"""Time zones of people: a contact's own, else the one of their country, else the workspace's.

Which zones a country has is read from the time zone database as the package tzdata ships it; like ZoneInfo's
own reading of that database it counts as pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact

_ALSO = {"UK": "GB"}
"""Reserved in ISO 3166 for who is used to it."""

_LOOKED_AT = tuple(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(weeks=week) for week in range(8 * 52 + 2))
"""Every week from 2020 to 2027."""


def zone_of(contact: Contact, workspace: ZoneInfo) -> ZoneInfo:
    """The zone that the contact's days and times are in."""
    return zone_of_place(contact.timezone, contact.country, workspace)


@lru_cache(maxsize=8192)
def zone_of_place(name: str, country: str, workspace: ZoneInfo) -> ZoneInfo:
    """The zone of everybody who has this time zone and this country."""
    return named(name) or zones_of_country(country) or workspace


@lru_cache(maxsize=2048)
def named(name: str) -> ZoneInfo | None:
    """The zone called `name`; None where the time zone database has none."""
    return ZoneInfo(name) if name in zone_names() else None


@lru_cache(maxsize=2048)
def zones_of_country(country: str) -> ZoneInfo | None:
    """The one zone of a country (ISO 3166, two letters, any case).

    None where its zones have not all kept the same clock since 2020, and for what is no country.
    """
    code = country.upper() if country.isascii() else ""
    zones = [ZoneInfo(name) for name in _table().get(_ALSO.get(code, code), ())]
    return zones[0] if zones and all(_same_clock(zones[0], it) for it in zones[1:]) else None


@cache
def country_zones() -> Mapping[str, str]:
    """Each country that has one zone, in upper case, with that zone's name."""
    found = {code: zones_of_country(code) for code in [*_table(), *_ALSO]}
    return MappingProxyType({code: zone.key for code, zone in found.items() if zone is not None})


def _same_clock(one: ZoneInfo, other: ZoneInfo) -> bool:
    return all(at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset() for at in _LOOKED_AT)


@cache
def zone_names() -> frozenset[str]:
    """All there are; not what the machine calls `localtime`, nor the zones of `right/`, which count leap seconds."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split())


@cache
def _table() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country, the one with most people first."""
    found: dict[str, list[str]] = defaultdict(list)
    text = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            found[country].append(name)
    return {country: tuple(names) for country, names in found.items()}
