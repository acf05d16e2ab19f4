"""People who do not exist: where they stand, and what is known of them."""

from __future__ import annotations

import pytest

from nurture.clock import DAY
from nurture.lifecycle.stages import Lifecycle, Stage
from nurture.offers.offer import ForAll, Offer, Unique
from nurture.runner.made_up import CODE, MADE_UP, NOBODY, made_up

NOW = 20_000 * DAY


def lifecycle(*names: str) -> Lifecycle:
    return Lifecycle(stages=tuple(Stage(name=it) for it in names))


def test_each_stands_where_the_lifecycle_has_their_kind() -> None:
    stages = lifecycle("prospect/new", "customer/first-time", "customer/repeat", "client", "lapsed")
    assert {it.key: it.facts(stages, NOW).stage.name for it in MADE_UP} == {
        "prospect": "prospect/new",
        "first-time": "customer/first-time",
        "repeat": "customer/repeat",
        "client": "client",
        "lapsed": "lapsed",
        "no-name": "prospect/new",
        "long-name": "prospect/new",
        "german": "customer/first-time",
    }


def test_where_the_lifecycle_has_no_such_stage_they_stand_at_the_next_best() -> None:
    stages = lifecycle("everybody", "customer")
    found = {it.key: it.facts(stages, NOW).stage.name for it in MADE_UP}
    assert (found["prospect"], found["client"], found["lapsed"]) == ("everybody", "customer", "everybody")


@pytest.mark.parametrize("it", MADE_UP, ids=lambda it: it.key)
def test_what_is_known_of_them_goes_together(it: object) -> None:
    person = next(each for each in MADE_UP if each is it)
    facts = person.facts(lifecycle("prospect"), NOW)
    assert facts.contact.id == NOBODY
    assert facts.contact.created_at < NOW
    assert (facts.orders.count > 0) == (facts.orders.last_at is not None) == (facts.orders.total > 0)
    assert facts.contact.email.endswith("@example.com")
    assert len(facts.contact.email.partition("@")[0]) <= 64


def test_a_word_stands_for_the_code_that_nobody_issued() -> None:
    person = made_up("prospect")
    assert person is not None
    offer = Offer(key="first", kind="introductory", says="15% off", codes=Unique(), expires=14 * DAY)
    held = person.facts(lifecycle("prospect"), NOW, offer=offer).offer
    assert held is not None
    assert (held.code, held.expires_at) == (CODE, NOW + 14 * DAY)


def test_a_code_for_all_is_shown_and_an_offer_without_codes_has_none() -> None:
    for codes, shown in ((ForAll(word="SPRING"), "SPRING"), (None, "")):
        offer = Offer(key="spring", kind="loyalty", says="15% off", codes=codes)
        held = MADE_UP[0].facts(lifecycle("prospect"), NOW, offer=offer).offer
        assert held is not None
        assert (held.code, held.expires_at) == (shown, None)


def test_in_a_campaign_they_came_by_its_event_and_stand_on_its_line() -> None:
    person = made_up("repeat")
    assert person is not None
    facts = person.facts(lifecycle("customer"), NOW, line="FLORAL", campaign="again", event="due_again")
    assert facts.entry is not None and facts.entry.event is not None
    assert facts.entry.event.name == "due_again"
    assert facts.entry.event.properties["sku"]
    assert facts.line is not None
    assert (facts.line.name, facts.line.orders.count) == ("FLORAL", 3)


def test_nobody_else_has_such_a_name() -> None:
    assert made_up("ann@example.test") is None
    assert len({it.key for it in MADE_UP}) == len(MADE_UP)
