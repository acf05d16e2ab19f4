"""The key under which addresses are suppressed, when the secret changes."""

from __future__ import annotations

import pytest

from nurture.errors import WorkspaceError
from nurture.runner.seals import address_key_in
from nurture.store import suppressions
from nurture.store.engine import Store
from support.databases import START


def test_a_no_holds_under_every_order_of_old_and_new_keys(store: Store) -> None:
    first = address_key_in(store, ["old"])
    with store.write() as tx:
        suppressions.suppress(tx, first, ["ann@x.example"], reason="erased", at=START)
    for keys in (["new", "old"], ["newer", "new", "old"], ["old", "new"], ["old"]):
        with store.read() as tx:
            assert suppressions.suppressed(tx, address_key_in(store, keys), ["ann@x.example"])


def test_without_the_key_of_those_who_said_no_nothing_goes_on(store: Store) -> None:
    first = address_key_in(store, ["old"])
    with store.write() as tx:
        suppressions.suppress(tx, first, ["ann@x.example"], reason="erased", at=START)
    with pytest.raises(WorkspaceError, match=r"NEW,OLD"):
        address_key_in(store, ["new"])


def test_while_nobody_said_no_the_secret_may_be_another_one(store: Store) -> None:
    address_key_in(store, ["old"])
    assert address_key_in(store, ["newer", "new"]) == b"new"
    assert address_key_in(store, ["new", "newest"]) == b"new"
