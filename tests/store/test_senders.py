"""Who may hand over for a SQLite database."""

from __future__ import annotations

from nurture.store.engine import open_store
from nurture.store.senders import SendingLock, SendingLocked

NOW = 1_500_000_000_000_000


def test_one_process_sends_and_the_others_are_told_which(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=NOW)
    first, second = SendingLock(store), SendingLock(store)
    assert first.take("shop", 123) is None
    assert first.take("shop", 123) is None
    assert second.take("shop", 456) == SendingLocked(holder="process 123 on shop")
    first.release()
    first.release()
    assert second.take("shop", 456) is None
    second.release()
    store.close()
