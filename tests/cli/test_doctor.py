"""nurture doctor as a person and as a program reads it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from support.cli import Nurture


@pytest.fixture
def silent() -> Iterator[str]:
    """A name server that hears everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_each_line_says_how_it_stands_and_how_to_put_it_right(nurture: Nurture, silent: str) -> None:
    ran = nurture("doctor", "--nameserver", silent, "--timeout", "3")
    assert ran.status == 1
    lines = ran.out.splitlines()
    assert any(
        line.startswith("missing  SPF: the record of shop.example could not be looked up") for line in lines
    )
    assert any(line.startswith("ok       database:") for line in lines), ran.out
    assert any(line.startswith("    Look whether this machine reaches its name server") for line in lines)
    assert ran.err.strip().endswith("missing")


def test_a_program_gets_one_document(nurture: Nurture, silent: str) -> None:
    ran = nurture("doctor", "--nameserver", silent, "--timeout", "1", "--json")
    assert ran.status == 1
    assert ran.document["well"] is False
    (database,) = [it for it in ran.document["verdicts"] if it["topic"] == "database"]
    assert database["level"] == "ok"
    assert set(database) == {"level", "topic", "what", "remedy", "publish"}


@pytest.mark.parametrize("text", ["dns.example", "9.9.9.9:x", "::1:53:x"])
def test_a_name_server_is_given_by_its_address(nurture: Nurture, text: str) -> None:
    ran = nurture("doctor", "--nameserver", text)
    assert ran.status == 2
    assert "--nameserver" in ran.err
