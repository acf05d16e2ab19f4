"""How much may go where now: what the throttle says of lanes and campaigns, in the words of the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from nurture.clock import SECOND, Moment, Span
from nurture.delivery.lanes import limits_key
from nurture.delivery.throttle import Throttle
from nurture.store.claims import PLENTY, Group, Room

AHEAD: Span = 2 * SECOND
"""So much is claimed of what goes at a rate: what may go within this time."""


class Flow:
    """Asks the throttle about lanes, and about campaigns with a rate of their own."""

    def __init__(self, throttle: Throttle | None = None, campaigns: Mapping[int, str] | None = None) -> None:
        self._throttle = throttle
        self._campaigns = campaigns or {}
        """The keys of campaigns that have a rate, by id."""
        self._keys: dict[str, str] = {}

    def has_rate(self, campaign_id: int) -> bool:
        """Whether this campaign has a rate of its own."""
        return campaign_id in self._campaigns

    def lane_at(self, lane: str, now: Moment) -> Moment:
        """When the next message may go into this lane."""
        return now if self._throttle is None else self._throttle.when(self._key(lane), now)

    def at(self, lane: str, campaign_id: int, now: Moment) -> Moment:
        """When the next message of this campaign may go into this lane."""
        at = self.lane_at(lane, now)
        if campaign_id and self._throttle is not None:
            at = max(at, self._throttle.when(self._campaigns[campaign_id], now))
        return at

    def took(self, lane: str, campaign_id: int, now: Moment) -> None:
        """One goes."""
        if self._throttle is not None:
            self._throttle.took(self._key(lane), now)
            if campaign_id:
                self._throttle.took(self._campaigns[campaign_id], now)

    def answered(self, lane: str, took_at: Moment, now: Moment) -> None:
        """What was taken at `took_at` was answered `now`."""
        if self._throttle is not None:
            self._throttle.answered(self._key(lane), took_at, now)

    def room(
        self,
        groups: Sequence[Group],
        total: int,
        lane: str | None,
        in_hand: Counter[tuple[str, int]],
        now: Moment,
    ) -> Room:
        """How much of `groups` may be claimed, `in_hand` being there already."""
        only: Collection[str] | None = None if lane is None else {lane}
        if self._throttle is None:
            return Room(total=total, only=only)
        lanes = {name: self._lane_room(name, in_hand, now) for name in {it.lane for it in groups}}
        campaigns = {
            campaign: self._room(self._campaigns[campaign], now)
            - sum(count for (_, of), count in in_hand.items() if of == campaign)
            for campaign in {it.campaign_id for it in groups} & self._campaigns.keys()
        }
        return Room(
            total=total,
            lanes={name: room for name, room in lanes.items() if room < PLENTY},
            campaigns=campaigns,
            only=only,
        )

    def _lane_room(self, lane: str, in_hand: Counter[tuple[str, int]], now: Moment) -> int:
        key = self._key(lane)
        room = self._room(key, now)
        if room >= PLENTY:
            return room
        return room - sum(count for (name, _), count in in_hand.items() if self._key(name) == key)

    def _room(self, key: str, now: Moment) -> int:
        assert self._throttle is not None
        return self._throttle.room(key, now, AHEAD)

    def _key(self, lane: str) -> str:
        key = self._keys.get(lane)
        if key is None:
            key = self._keys[lane] = limits_key(lane)
        return key


FREE = Flow()
"""Nothing has a limit."""
