"""The queue of hits."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog

from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.errors import StoreError
from nurture.web.hits import HitLog

HIT = Hit(key=MessageKey(1, 1), kind="open", at=1)


def test_what_waits_is_written_at_the_end() -> None:
    written: list[Hit] = []
    log = HitLog(written.extend)
    log.start()
    for _ in range(5000):
        log.put(HIT)
    log.close()
    assert len(written) == 5000
    log.close()


def test_while_the_database_takes_nothing_hits_wait_and_none_is_lost() -> None:
    written: list[Hit] = []
    locked = threading.Event()
    locked.set()

    def write(hits: Sequence[Hit]) -> None:
        if locked.is_set():
            raise StoreError("the database is locked")
        written.extend(hits)

    log = HitLog(write)
    with structlog.testing.capture_logs() as lines:
        log.start()
        for _ in range(700):
            log.put(HIT)
        time.sleep(0.6)
        assert written == []
        locked.clear()
        log.close()
    assert len(written) == 700
    assert [line["event"] for line in lines] == ["hits wait for the database"]


def test_past_the_bound_hits_are_dropped_and_that_is_said() -> None:
    log = HitLog(lambda hits: None, bound=3)
    with structlog.testing.capture_logs() as lines:
        for _ in range(8):
            log.put(HIT)
    assert log.dropped == 5
    assert [line["dropped"] for line in lines] == [1, 2, 4]


def test_one_hit_that_cannot_be_written_does_not_hold_up_the_others() -> None:
    written: list[Hit] = []
    bad = Hit(key=MessageKey(2, 2), kind="open", at=1)

    def write(hits: Sequence[Hit]) -> None:
        if bad in hits:
            raise ValueError("this one is broken")
        written.extend(hits)

    log = HitLog(write)
    with structlog.testing.capture_logs() as lines:
        for hit in (HIT, bad, HIT):
            log.put(hit)
        log.start()
        log.close()
    assert written == [HIT, HIT]
    assert [line["event"] for line in lines] == ["a hit could not be kept"]
