"""A contact, and what is known of them, to be asked about."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from nurture.audience.contact import Contact
from nurture.audience.facts import EntryFacts, Facts, LineFacts, OrderFacts, Purchase, StageFacts
from nurture.clock import DAY

MONDAY = 20_000 * DAY
"""When everything begins."""


class MakeFacts(Protocol):
    def __call__(self, *, stage: str = ..., orders: int = ..., line: str = ..., **more: Any) -> Facts: ...


@pytest.fixture
def friday() -> int:
    return MONDAY


@pytest.fixture
def make_facts() -> MakeFacts:
    """Facts of one contact. `line` is "NAME stage COUNT"."""

    def make(*, stage: str = "prospect/awareness", orders: int = 0, line: str = "", **more: Any) -> Facts:
        on_line = None
        if line:
            name, line_stage, count = line.split()
            on_line = LineFacts(name=name, stage=_since(line_stage), orders=_orders(int(count)))
        return Facts(
            contact=Contact(id=1, email="ann@example.test", created_at=MONDAY - DAY),
            stage=_since(stage),
            orders=_orders(orders),
            line=on_line,
            entry=EntryFacts(campaign="welcome", enrollment_id=1, entered_at=MONDAY),
            **more,
        )

    return make


def _since(name: str) -> StageFacts:
    return StageFacts(name=name, since=MONDAY - DAY)


def _orders(count: int) -> OrderFacts:
    at = MONDAY - DAY
    recent = tuple(Purchase(at=at, amount=1000) for _ in range(count))
    return (
        OrderFacts(count=count, total=1000 * count, first_at=at, last_at=at, recent=recent)
        if count
        else OrderFacts()
    )
