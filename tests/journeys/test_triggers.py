from __future__ import annotations

from collections.abc import Callable

from nurture.audience.expressions import parse
from nurture.audience.facts import Event, Facts
from nurture.clock import DAY, HOUR
from nurture.journeys.campaign import Trigger
from nurture.journeys.triggers import line_property, reached

MakeFacts = Callable[..., Facts]


def test_an_event_counts_from_entering_on(make_facts: MakeFacts, friday: int) -> None:
    trigger = Trigger(event="ordered")
    facts = make_facts()
    assert reached(trigger, Event(name="ordered", at=friday), facts, friday + DAY, friday)
    assert not reached(trigger, Event(name="ordered", at=friday - 1), facts, friday + DAY, friday)
    assert not reached(trigger, Event(name="refunded", at=friday), facts, friday + DAY, friday)
    assert not reached(trigger, None, facts, friday + DAY, friday)


def test_an_event_counts_by_its_own_time_and_not_by_when_we_look(make_facts: MakeFacts, friday: int) -> None:
    trigger = Trigger(event="ordered", within=30 * DAY)
    on_time = Event(name="ordered", at=friday + 30 * DAY)
    late = Event(name="ordered", at=friday + 30 * DAY + 1)
    assert reached(trigger, on_time, make_facts(), friday + 90 * DAY, friday)
    assert not reached(trigger, late, make_facts(), friday + 90 * DAY, friday)


def test_an_expression_is_read_now(make_facts: MakeFacts, friday: int) -> None:
    trigger = Trigger(expression=parse("orders.count >= 1"))
    assert reached(trigger, None, make_facts(orders=1), friday + HOUR, friday)
    assert not reached(trigger, None, make_facts(), friday + HOUR, friday)


def test_an_order_counts_on_its_own_line_in_a_campaign_with_lines(make_facts: MakeFacts, friday: int) -> None:
    trigger = Trigger(event="ordered")
    on_floral = Event(name="ordered", at=friday, properties={line_property("FLORAL"): True})
    floral = make_facts(line="FLORAL prospect 0")
    seafood = make_facts(line="SEAFOOD prospect 0")
    assert reached(trigger, on_floral, floral, friday, friday)
    assert not reached(trigger, on_floral, seafood, friday, friday)
    assert reached(trigger, on_floral, make_facts(), friday, friday)


def test_other_events_belong_to_no_line(make_facts: MakeFacts, friday: int) -> None:
    trigger = Trigger(event="signed_up")
    assert reached(
        trigger, Event(name="signed_up", at=friday), make_facts(line="FLORAL prospect 0"), friday, friday
    )
