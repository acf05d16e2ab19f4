"""The addresses that this machine leaves by."""

from __future__ import annotations

import socket

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of the documentation: nobody has them (RFC 5737, RFC 3849)."""


def own_addresses() -> tuple[str, ...]:
    """IPv4 first; none where there is no way out. To connect over UDP only asks the routes: nothing is sent."""
    found = []
    for family, address in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as way:
                way.connect((address, 25))
                found.append(str(way.getsockname()[0]))
        except OSError:
            continue
    return tuple(found)


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Where a name leads, as this machine resolves it; none: nowhere. May wait for long."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(it[4][0]).partition("%")[0] for it in answers))
