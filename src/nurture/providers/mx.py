"""Delivery without a relay: letters go straight to the mail servers of those they are for.

One connection carries letters of one lane. How many there may be, and how many letters each may carry, follows from the
limits of the destination; when the next letter may go is the desk's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from nurture.clock import SECOND, Clock, Moment, Span
from nurture.delivery.lanes import lane_of, limits_key, parse_lane
from nurture.delivery.measures import Measure
from nurture.delivery.outcome import Outcome, Refused, TryLater
from nurture.delivery.replies import Phase, measure_of
from nurture.delivery.throttle import Throttle
from nurture.providers.addresses import Network
from nurture.providers.base import Desk, Letter, RelayDown
from nurture.providers.dns import Dns, Silent
from nurture.providers.mx_connect import Closed, Connected, Doors
from nurture.providers.mx_desk import LaneDesk, Look
from nurture.providers.mx_hosts import Hosts, NoMail, Site, mail_hosts
from nurture.providers.mx_run import Run
from nurture.providers.one_letter import OneLetter
from nurture.providers.smtp_replies import Reply
from nurture.providers.smtp_talk import Limits, Lost
from nurture.providers.smtp_turns import Turns

LIMITS = Limits(connect=30.0)

LOOK_EVERY = 0.1
LOOK_SOONEST = 0.005
"""Seconds between looks for lanes that have something, while connections are busy: at most, and at least."""

LATE: Span = SECOND // 50
"""A look at where a letter belongs that takes so long lets it go later than it was counted."""

Known = Callable[[str], Site | None]
"""Where mail for a domain goes, as far as that is known and still holds."""
Misplaced = Callable[[str, str], None]
"""Told of a domain and a lane that does not lead to it any more."""
OnMeasure = Callable[[str, Measure, str], None]
"""Told of what is to be done about a destination: the key of its limits, the measure, and the answer that led to it."""

_NAME_SERVERS = "Look whether the name servers in /etc/resolv.conf can be reached."
_NETWORK = (
    "Look whether this machine has a network, and whether its provider lets connections to port 25 out."
)


class MxProvider:
    """Sends letters of each lane over connections of its own. What is wrong with one lane holds up no other."""

    def __init__(
        self,
        clock: Clock,
        dns: Dns,
        throttle: Throttle,
        *,
        known: Known = lambda _: None,
        misplaced: Misplaced = lambda _domain, _lane: None,
        on_measure: OnMeasure = lambda _key, _measure, _reply: None,
        own_name: str = "",
        connections: int = 100,
        port: int = 25,
        networks: Sequence[Network] = (),
        limits: Limits = LIMITS,
    ) -> None:
        """`connections`: at once, to all lanes together. `networks`: that may be reached besides the world at large."""
        self._clock = clock
        self._dns = dns
        self._throttle = throttle
        self._known = known
        self._misplaced = misplaced
        self._on_measure = on_measure
        self._connections = connections
        self._doors = Doors(clock, dns, port=port, networks=networks, own_name=own_name, limits=limits)
        self._hosts: dict[str, Hosts] = {}
        """Of each lane, as the last letter had them."""

    async def deliver(self, desk: Desk) -> None:
        """See `Provider.deliver`."""
        run = Run(desk=desk, throttle=self._throttle, clock=self._clock, most=self._connections)
        async with asyncio.TaskGroup() as group:
            while True:
                before = run.taken
                run.stir.clear()
                await self._start(group, run)
                if run.busy:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(run.stir.wait(), LOOK_EVERY)
                    await asyncio.sleep(LOOK_SOONEST)
                elif run.taken == before:
                    break
        if run.down is not None and not run.reached:
            raise run.down

    async def _start(self, group: asyncio.TaskGroup, run: Run) -> None:
        """Begin connections to lanes that have letters which nobody is about to take, in turn, while there is room."""
        lanes = await run.desk.lanes()
        first = True
        begun = True
        while begun and run.has_room:
            begun = False
            for lane in run.in_turn(lanes):
                if run.has_room and run.may_begin(lane, first=first):
                    begun = True
                    run.begin(lane)
                    task = group.create_task(self._work(run, lane))
                    run.busy.add(task)
                    task.add_done_callback(run.busy.discard)
                    # So that it takes its letter, and the desk knows whether there is another.
                    for _ in range(3):
                        await asyncio.sleep(0)
            first = False

    async def post(self, letter: Letter) -> Outcome:
        """See `Provider.post`. Over a connection of its own."""
        site = await self._site(letter)
        if isinstance(site, NoMail):
            return Refused(reply=site.reason, kind="hard")
        if isinstance(site, Silent):
            if site.answered:
                return _not_known(letter, site)
            raise RelayDown(site.reason, remedy=_NAME_SERVERS)
        found = await self._open(site.lane, site.hosts, str(letter.key))
        if isinstance(found, Closed):
            if found.ours:
                raise RelayDown(found.reason, remedy=_NETWORK)
            return _unreachable(letter, found)
        desk = OneLetter()
        ended = await Turns(found.talk, desk, heard=self._ear(site.lane)).run(letter)
        return desk.outcome or TryLater(reply=ended)

    async def close(self) -> None:
        """See `Provider.close`."""

    async def _work(self, run: Run, lane: str) -> None:
        """Letters of `lane` over one connection; where none can be had, say so of each."""
        key = limits_key(lane)
        paced = run.is_paced(lane)
        letters = LaneDesk(
            run.desk,
            lane,
            lambda letter: self._look_at(run, lane, letter),
            most=self._throttle.per_connection(key),
            # Where each is counted when it is taken, none is taken before its time.
            ahead=not paced,
        )
        with run.counted(lane):
            try:
                # And there the connection comes first, so that letters go when they are counted.
                found = await self._knock(run, lane) if paced else None
                while (letter := await letters.take()) is not None:
                    run.taken += 1
                    connection = found or await self._open_for(run, lane, letter)
                    if isinstance(connection, Connected):
                        await self._carry(run, lane, connection, letters, letter)
                        return
                    if connection is Look.REST:
                        return
                if found is not None:
                    with contextlib.suppress(Lost):
                        await found.talk.quit()
            finally:
                await letters.close()

    async def _knock(self, run: Run, lane: str) -> Connected | None:
        """A connection without a letter for it yet."""
        hosts = self._hosts.get(lane) or ((0, parse_lane(lane).site),)
        found = await self._open(lane, hosts, str(run.taken), shun=not run.others_stand(lane))
        if isinstance(found, Connected):
            return found
        if run.others_stand(lane):
            run.is_full(lane)
        return None

    async def _open_for(self, run: Run, lane: str, letter: Letter) -> Connected | Look:
        """A connection to one of the mail servers of the letter's domain; else what becomes of the letter is said."""
        others = run.others_stand(lane)
        try:
            site = await self._site(letter)
            hosts = site.hosts if isinstance(site, Site) else self._hosts[lane]
            found = await self._open(lane, hosts, str(letter.key), shun=not others)
        except BaseException:
            run.desk.give_back(letter.key)
            raise
        if isinstance(found, Connected):
            return found
        if others:
            # It has as many as it wants; the letter goes over one of those.
            run.is_full(lane)
        elif found.ours:
            run.give_up(lane, RelayDown(found.reason, remedy=_NETWORK))
        elif run.nobody_reached(lane):
            reason = f"none of {len(run.failed)} mail servers can be reached: {found.reason}"
            run.give_up(lane, RelayDown(reason, remedy=_NETWORK))
        else:
            await run.desk.exchange((letter.key, _unreachable(letter, found)), None)
            return Look.SAID
        run.desk.give_back(letter.key)
        return Look.REST

    async def _open(self, lane: str, hosts: Hosts, seed: str, *, shun: bool = True) -> Connected | Closed:
        found = await self._doors.open(hosts, seed, shun=shun)
        if isinstance(found, Closed):
            for reply in found.replies:
                self._hear(lane, reply, "mail")
        return found

    async def _carry(self, run: Run, lane: str, found: Connected, letters: LaneDesk, first: Letter) -> None:
        """Letters over one connection, until there are no more for it."""
        most = self._throttle.per_connection(limits_key(lane))
        turns = Turns(found.talk, letters, lane=lane, most=most, heard=self._ear(lane))
        with run.standing(lane):
            ended = await turns.run(first)
        if ended and turns.moved == 0:
            # It would be tried for ever.
            self._doors.shun(found.address, f"{found.address}: {ended}")

    async def _site(self, letter: Letter) -> Site | NoMail | Silent:
        domain = _domain(letter)
        site = self._known(domain)
        if site is not None:
            return site
        answer = await mail_hosts(self._dns, domain)
        if isinstance(answer, NoMail | Silent):
            return answer
        return Site(lane=lane_of(domain, [name for _, name in answer.hosts], "mx"), hosts=answer.hosts)

    async def _look_at(self, run: Run, lane: str, letter: Letter) -> Look:
        """Whether the letter's domain is still served where this lane leads; else what becomes of it is said.

        Each letter is looked at: whoever served the domain before would call its people unknown.
        """
        began = self._clock.now()
        site = await self._site(letter)
        match site:
            case Site():
                if site.lane == lane:
                    self._hosts[lane] = site.hosts
                    return await self._in_time(run, lane, letter, began)
                self._misplaced(_domain(letter), lane)
                outcome: Outcome = TryLater(reply=f"{_domain(letter)} has other mail servers now")
            case NoMail():
                outcome = Refused(reply=site.reason, kind="hard")
            case Silent():
                if not site.answered and not run.reached:
                    run.give_up(lane, RelayDown(site.reason, remedy=_NAME_SERVERS))
                    run.desk.give_back(letter.key)
                    return Look.REST
                outcome = _not_known(letter, site)
        await run.desk.exchange((letter.key, outcome), None)
        return Look.SAID

    async def _in_time(self, run: Run, lane: str, letter: Letter, began: Moment) -> Look:
        """A letter that was counted against a rate long ago is counted anew, as one that goes now."""
        key, now = limits_key(lane), self._clock.now()
        if now - began < LATE or not run.is_paced(lane):
            return Look.GO
        wait = self._throttle.when(key, now) - now
        if wait > SECOND:
            run.desk.give_back(letter.key)
            return Look.REST
        await asyncio.sleep(wait / SECOND)
        self._throttle.took(key, self._clock.now())
        return Look.GO

    def _ear(self, lane: str) -> Callable[[Reply, Phase], None]:
        def heard(reply: Reply, phase: Phase) -> None:
            self._hear(lane, reply, phase)

        return heard

    def _hear(self, lane: str, reply: Reply, phase: Phase) -> None:
        measure = measure_of(reply.code, reply.text, phase)
        if measure is not None:
            self._on_measure(limits_key(lane), measure, f"{reply.code} {reply.text}")


def _domain(letter: Letter) -> str:
    return letter.recipient.rpartition("@")[2].lower()


def _unreachable(letter: Letter, closed: Closed) -> TryLater:
    return TryLater(reply=f"no mail server of {_domain(letter)} could be reached: {closed.reason}")


def _not_known(letter: Letter, silent: Silent) -> TryLater:
    return TryLater(reply=f"where mail for {_domain(letter)} goes: {silent.reason}")
