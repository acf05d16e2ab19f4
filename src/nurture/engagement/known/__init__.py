"""What is published about machines: the names that crawlers give themselves, and the networks of mail filters.

Both lists are data with their sources at their heads, `crawlers.txt` and `networks.txt`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from importlib import resources
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network

_ESCAPED = re.compile(r"\\(\W)")
_SPECIAL = re.compile(r"[\\\[\](){}|^$*+?.]")


@lru_cache(maxsize=4096)
def is_listed(agent: str) -> bool:
    """Whether the agent stands in the list of crawlers."""
    words, patterns = _crawlers()
    return any(word in agent for word in words) or patterns.search(agent) is not None


@lru_cache(maxsize=4096)
def filter_at(ip: str) -> str:
    """Whose mail filter works at this address; empty where it is none's, or no address at all."""
    try:
        address = ip_address(ip)
    except (AddressValueError, ValueError):
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    starts, ends, owners = _networks()[isinstance(address, IPv4Address)]
    at = bisect_right(starts, int(address)) - 1
    return owners[at] if at >= 0 and int(address) <= ends[at] else ""


def _lines(name: str) -> list[str]:
    text = resources.files(__name__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _crawlers() -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Nearly all are plain words, and to look for each is fifty times faster than one expression of them all."""
    words, patterns = [], []
    for line in _lines("crawlers.txt"):
        if _SPECIAL.search(_ESCAPED.sub("", line)):
            patterns.append(f"(?:{line})")
        else:
            words.append(_ESCAPED.sub(r"\1", line))
    # A word within another one says nothing new.
    short = [word for word in words if not any(other != word and other in word for other in words)]
    return tuple(short), re.compile("|".join(patterns))


@cache
def _networks() -> dict[bool, tuple[list[int], list[int], list[str]]]:
    """Start, end and owner of each, sorted; under True those of IPv4."""
    found: dict[bool, list[tuple[int, int, str]]] = {True: [], False: []}
    for line in _lines("networks.txt"):
        written, owner = line.split()
        network = ip_network(written)
        found[network.version == 4].append(
            (int(network.network_address), int(network.broadcast_address), owner)
        )
    return {
        version: ([it[0] for it in rows], [it[1] for it in rows], [it[2] for it in rows])
        for version, rows in ((version, sorted(rows)) for version, rows in found.items())
    }
