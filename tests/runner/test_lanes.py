"""Into which lane a message goes."""

from __future__ import annotations

import contextlib
import timeit

import pytest

from nurture.clock import HOUR, SECOND, VirtualClock
from nurture.providers.mx_hosts import Site
from nurture.runner.lanes import MOST_WANTED, Lanes
from nurture.store import domains
from nurture.store.domains import Domain
from nurture.store.engine import Store, open_store

NOW = 1_790_000_000_000_000
HOSTS = ((10, "aspmx.l.google.com"),)
GOOGLE = "google/aspmx.l.google.com"


def a_domain(name: str, lane: str = GOOGLE, *, at: int = NOW) -> Domain:
    status = "mail" if lane else "no such domain"
    return Domain(
        name=name,
        status=status,
        lane=lane,
        hosts=HOSTS if lane else (),
        looked_up_at=at,
        expires_at=at + HOUR,
    )


def lanes_with(store: Store, *known: Domain, direct: bool, clock: VirtualClock | None = None) -> Lanes:
    with store.write() as tx:
        domains.keep(tx, known)
    lanes = Lanes(store, clock or VirtualClock(NOW), direct=direct)
    lanes.refresh()
    return lanes


def test_through_a_relay_the_lane_is_the_provider(store: Store) -> None:
    lanes = lanes_with(
        store, a_domain("shop.example"), a_domain("own.example", "/mx.own.example"), direct=False
    )
    assert lanes.lane_of("ann@shop.example") == "google"
    assert lanes.lane_of("ann@own.example") == ""
    assert lanes.lane_of("ann@gmail.com") == "google", "known without a look"
    assert lanes.take_wanted(9) == ([], set())


def test_through_a_relay_a_new_domain_goes_with_all_others_and_is_looked_up_once(store: Store) -> None:
    lanes = lanes_with(store, direct=False)
    assert [lanes.lane_of(f"{who}@new.example") for who in "abc"] == ["", "", ""]
    assert lanes.take_wanted(9) == (["new.example"], set())
    assert lanes.lane_of("d@new.example") == ""
    assert lanes.take_wanted(9) == ([], set())


def test_direct_a_new_domain_has_a_lane_of_its_own_until_it_is_looked_up(store: Store) -> None:
    lanes = lanes_with(store, a_domain("shop.example"), a_domain("dead.example", ""), direct=True)
    assert lanes.lane_of("ann@shop.example") == GOOGLE
    assert lanes.lane_of("ann@new.example") == "?new.example"
    assert lanes.lane_of("ann@dead.example") == "?dead.example"
    assert lanes.lane_of("ann@gmail.com") == "?gmail.com"
    assert lanes.take_wanted(9) == ([], set()), "they are found by their lanes"


def test_what_has_run_out_still_holds_and_is_looked_up_again_when_it_is_used(store: Store) -> None:
    for direct, lane in ((True, GOOGLE), (False, "google")):
        clock = VirtualClock(NOW)
        lanes = lanes_with(
            store, a_domain("shop.example"), a_domain("unused.example"), direct=direct, clock=clock
        )
        clock.move_to(NOW + HOUR)
        lanes.refresh()
        assert lanes.site_of("shop.example") is None
        assert lanes.lane_of("ann@shop.example") == lane
        assert lanes.take_wanted(9) == (["shop.example"], set())


def test_what_others_found_out_is_taken_up_at_the_next_refresh(store: Store) -> None:
    lanes = lanes_with(store, a_domain("shop.example"), direct=True)
    with store.write() as tx:
        # Written by a machine whose clock is behind.
        domains.keep(tx, [a_domain("new.example", at=NOW - 30 * SECOND)])
        domains.keep(tx, [a_domain("shop.example", "/mx.shop.example", at=NOW + 1)])
    assert lanes.lane_of("ann@new.example") == "?new.example"
    lanes.refresh()
    assert lanes.lane_of("ann@new.example") == GOOGLE
    assert lanes.lane_of("ann@shop.example") == "/mx.shop.example"


def test_the_hosts_of_a_domain_are_known_as_long_as_they_hold(store: Store) -> None:
    clock = VirtualClock(NOW)
    lanes = lanes_with(
        store, a_domain("shop.example"), a_domain("dead.example", ""), direct=True, clock=clock
    )
    assert lanes.site_of("shop.example") == Site(lane=GOOGLE, hosts=HOSTS)
    assert lanes.site_of("dead.example") is None
    assert lanes.site_of("new.example") is None
    clock.move_to(NOW + HOUR)
    assert lanes.site_of("shop.example") is None


def test_no_more_domains_wait_to_be_looked_up_than_memory_should_hold_and_the_rest_comes_again(
    store: Store,
) -> None:
    lanes = lanes_with(store, direct=False)
    for n in range(MOST_WANTED + 5):
        lanes.lane_of(f"a@d{n}.example")
    assert len(lanes.take_wanted(2 * MOST_WANTED)[0]) == MOST_WANTED
    for n in range(MOST_WANTED + 5):
        lanes.lane_of(f"a@d{n}.example")
    assert lanes.take_wanted(9)[0] == [f"d{MOST_WANTED + n}.example" for n in range(5)]


@pytest.mark.parametrize("direct", [True, False])
def test_the_lane_of_an_address_costs_a_look_into_a_dictionary(sqlite_url: str, direct: bool) -> None:
    with contextlib.closing(open_store(sqlite_url, now=NOW, durable=False)) as store:
        lanes = lanes_with(store, a_domain("shop.example"), direct=direct)
    best = min(timeit.repeat(lambda: lanes.lane_of("ann@shop.example"), number=10_000, repeat=5)) / 10_000
    # 0.2 µs on a quiet machine.
    assert best < 2e-6
