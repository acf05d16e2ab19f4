"""What came in already is known, also where the same comes twice at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from nurture.store.arrivals import unseen
from nurture.store.engine import Store, open_store


def test_what_a_source_brought_before_is_known(store: Store) -> None:
    with store.write() as tx:
        assert unseen(tx, "ses", {"a", "b"}, 1) == {"a", "b"}
        assert unseen(tx, "ses", {"b", "c"}, 2) == {"c"}
        assert unseen(tx, "sendgrid", {"b"}, 3) == {"b"}
        assert unseen(tx, "ses", set(), 4) == set()
    with store.write() as tx:
        assert unseen(tx, "ses", {"a", "b", "c", "d"}, 5) == {"d"}


def test_of_two_that_bring_the_same_at_once_only_one_brings_news(postgres_url: str) -> None:
    store = open_store(postgres_url, now=0)

    def bring() -> set[str]:
        with store.write() as tx:
            return unseen(tx, "ses", {"a", "b"}, 2)

    def is_waiting() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND state = 'active'"
        with store.read() as tx:
            return bool(tx.exec_driver_sql(query).scalar())

    with ThreadPoolExecutor(1) as pool:
        with store.write() as tx:
            assert unseen(tx, "ses", {"a"}, 1) == {"a"}
            other = pool.submit(bring)
            while not is_waiting():
                assert not other.done()
        assert other.result(10) == {"b"}
    store.close()
