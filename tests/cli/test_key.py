"""nurture key: made, listed, revoked."""

from __future__ import annotations

import pytest

from nurture.runner.api_keys import is_well_formed
from support.cli import Nurture


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(nurture: Nurture) -> None:
    assert "There are no keys" in nurture.ok("key", "list").out
    made = nurture.ok("key", "new", "shop", "--scope", "events:write", "--scope", "privacy")
    key = made.out.strip()
    assert is_well_formed(key)
    assert key.startswith("nk_")
    assert "not shown again" in made.err
    listed = nurture.ok("key", "list")
    assert listed.out.startswith("shop: events:write, privacy; made ")
    assert listed.out.endswith("never used\n")
    assert key[3:20] not in listed.out
    assert nurture.ok("key", "revoke", "shop").out == "shop is revoked.\n"
    (document,) = nurture.ok("key", "list", "--json").document
    assert (document["name"], document["used_at"]) == ("shop", None)
    assert document["revoked_at"]


def test_a_key_for_a_page_is_told_from_the_others(nurture: Nurture) -> None:
    made = nurture.ok("key", "new", "website", "--scope", "browser", "--json").document
    assert (made["publishable"], made["key"][:4]) == (True, "npk_")
    assert is_well_formed(made["key"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "shop", "--scope", "contact:write"), 'Did you mean "contacts:write"?'),
        (("new", "shop", "--scope", "browser", "--scope", "privacy"), "Make two keys."),
        (("new", "a\tb", "--scope", "privacy"), "make a name"),
        (("new", "taken", "--scope", "privacy"), "nurture key list"),
        (("revoke", "take"), 'Did you mean "taken"?'),
    ],
)
def test_a_slip_is_told_with_its_remedy(nurture: Nurture, arguments: tuple[str, ...], says: str) -> None:
    nurture.ok("key", "new", "taken", "--scope", "privacy")
    ran = nurture("key", *arguments)
    assert (ran.status, says in ran.err) == (2, True), ran.err
