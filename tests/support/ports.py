"""Ports for servers of tests."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import socket

_FIRST, _LAST = 15_000, 30_000
"""Below those that systems give to outgoing connections: a port of theirs may be taken again at any moment."""

_numbers = itertools.count(secrets.randbelow(_LAST - _FIRST))
"""Never one twice: it is asked for before anybody listens there. Processes begin at places of their own."""


def free_port(*addresses: str) -> int:
    """One that is free on all of these addresses (127.0.0.1 where none is given), for TCP and for UDP."""
    for _ in range(50):
        port = _FIRST + next(_numbers) % (_LAST - _FIRST)
        if all(_is_free(address, port) for address in addresses or ("127.0.0.1",)):
            return port
    raise OSError("no port is free on all addresses")


def _is_free(address: str, port: int) -> bool:
    with contextlib.ExitStack() as stack:
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                trying = stack.enter_context(socket.socket(socket.AF_INET, kind))
                if kind == socket.SOCK_STREAM:
                    trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trying.bind((address, port))
        except OSError:
            return False
    return True
