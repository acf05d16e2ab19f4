"""Into which lane a message goes: a look into a dictionary, kept up to date from the database."""

from __future__ import annotations

import heapq
import threading

from nurture.clock import MINUTE, Clock, Moment, Span
from nurture.delivery.lanes import lane_of, parse_lane, provider_of
from nurture.providers.mx_hosts import Site
from nurture.store import domains
from nurture.store.domains import UNPLACED, Domain
from nurture.store.engine import Store

MOST_WANTED = 20_000
"""Domains that wait to be looked up; those beyond it are noted when they come again."""

_OVERLAP: Span = 5 * MINUTE
"""Read again at each refresh: other machines' clocks differ, and transactions commit out of turn."""


class Lanes:
    """What planning asks. `lane_of` may be called from any thread, and does not wait for anything.

    With `direct` (`deliver = "mx"`) a domain that was not looked up yet has the lane `?DOMAIN`; else the lane of all
    that goes to no big provider, "". Memory: about 500 bytes a domain.
    """

    def __init__(self, store: Store, clock: Clock, *, direct: bool) -> None:
        self.direct = direct
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, str] = {}
        """What holds now."""
        self._known: dict[str, Domain] = {}
        """What was ever found out: still of use where nobody answers any more."""
        self._ends: list[tuple[Moment, str]] = []
        self._wanted: dict[str, None] = {}
        self._misplaced: set[tuple[str, str]] = set()
        self._since: Moment = 0

    def lane_of(self, email: str) -> str:
        """The lane of mail to `email`, which is in lower case."""
        domain = email[email.rfind("@") + 1 :]
        lane = self._lanes.get(domain)
        return self._not_at_hand(domain) if lane is None else lane

    def site_of(self, domain: str) -> Site | None:
        """Where mail for `domain` goes, with its hosts; None: that is not known, or not any more."""
        it = self._known.get(domain)
        if it is None or not it.lane or it.expires_at <= self._clock.now():
            return None
        return Site(lane=it.lane, hosts=it.hosts)

    def misplaced(self, domain: str, lane: str) -> None:
        """Something for `domain` waits in `lane` and belongs elsewhere: have it looked up and moved."""
        with self._lock:
            self._misplaced.add((domain, lane))
            self._want(domain)

    def _not_at_hand(self, domain: str) -> str:
        before = self._known.get(domain)
        with self._lock:
            if self.direct:
                if before is None or not before.lane:
                    # Found by its lane in the outbox.
                    return UNPLACED + domain
                self._want(domain)
                return before.lane
            # Big providers need no look.
            lane = provider_of(domain)
            if not lane and self._want(domain):
                lane = self._lane(before) if before is not None else ""
            if lane or domain in self._wanted:
                self._lanes[domain] = lane
        return lane

    def _want(self, domain: str) -> bool:
        if len(self._wanted) < MOST_WANTED:
            self._wanted[domain] = None
        return domain in self._wanted

    def take_wanted(self, most: int) -> tuple[list[str], set[tuple[str, str]]]:
        """Domains to be looked up, at most `most`, and those whose messages wait in a lane that is not theirs."""
        with self._lock:
            names = list(self._wanted)[:most]
            for name in names:
                del self._wanted[name]
            misplaced, self._misplaced = self._misplaced, set()
        return names, misplaced

    def refresh(self) -> None:
        """Take up what was found out since the last time, here or elsewhere. Raises StoreError."""
        with self._store.read() as tx:
            found = domains.looked_up_since(tx, self._since - _OVERLAP)
        self.learn(found)
        if found:
            self._since = max(self._since, found[-1].looked_up_at)
        self._drop(self._clock.now())

    def learn(self, found: list[Domain]) -> None:
        """Take these up."""
        with self._lock:
            for it in found:
                before = self._known.get(it.name)
                if before is not None and before.looked_up_at >= it.looked_up_at:
                    continue
                self._known[it.name] = it
                heapq.heappush(self._ends, (it.expires_at, it.name))
                if it.lane or not self.direct:
                    self._lanes[it.name] = self._lane(it)
                else:
                    self._lanes.pop(it.name, None)

    def _lane(self, it: Domain) -> str:
        return it.lane if self.direct else parse_lane(it.lane).provider if it.lane else ""

    def _drop(self, now: Moment) -> None:
        """What has run out is looked up again when it is next asked for."""
        with self._lock:
            while self._ends and self._ends[0][0] <= now:
                _, name = heapq.heappop(self._ends)
                if self._known[name].expires_at <= now:
                    self._lanes.pop(name, None)


def found_lane(domain: str, hosts: tuple[tuple[int, str], ...]) -> str:
    """PROVIDER/SITE of a domain with these mail servers, best first."""
    return lane_of(domain, [name for _, name in hosts], "mx")
