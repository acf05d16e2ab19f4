"""Who wins among the variants of a step: judged at the end of a test, else once a night.

A test belongs to one occasion, where many enter a campaign together, and is judged when the first of those who waited
for it are due. Where people come one by one without a test, all get the variants until it is sure which is best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from nurture.clock import DAY, Moment, Span
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterTogether
from nurture.journeys.program import Node
from nurture.journeys.variants import Contest, NotYet, Winner, choose
from nurture.runner.causes import NEXT_LINE
from nurture.runner.world import Edition, World
from nurture.store import variants, winners
from nurture.store.engine import Store, Tx
from nurture.store.journeys import Enrollment
from nurture.store.variants import EVER, Asked
from nurture.store.winners import Chosen, Place

CLICKS_COUNT: Span = DAY
"""Where people come one by one: a click counts that comes within so long, and a message once it has had so long."""

GOALS_COUNT: Span = 30 * DAY
"""The same for goals that do not say `within`; one that does has its own time, from entering on."""

ZONES_APART: Span = 2 * DAY
"""The same local time comes to all zones within less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands for one contact at one step."""

    winner: str = ""
    winner_at: Moment = 0
    ask_again: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """Those who have waited for the end of a test."""

    contest: Contest
    since: Moment
    """When the first of them came to the step."""
    from_: Moment
    """Only messages from then on can be of this test."""


class Winning:
    """What has won, for the batches that are decided at one moment. A test is judged once, however many wait for it."""

    def __init__(self, now: Moment) -> None:
        self._now = now
        self._kept: Mapping[Place, Chosen] = {}
        self._judged: dict[Place, Standing] = {}

    def look(
        self, tx: Tx, due: Sequence[Enrollment], editions: Mapping[int, Edition | None]
    ) -> dict[Place, Chosen]:
        """Read what has won, and judge the tests that some of `due` have waited for (`editions` by enrollment).

        Returns what has won just now, to be written. Asks the database nothing where no step asks for a winner.
        """
        distinct = {id(it): it for it in editions.values() if it is not None}
        ask = {which for which, it in distinct.items() if _contests(it.campaign)}
        asking = [
            (it, edition) for it in due if (edition := editions[it.id]) is not None and id(edition) in ask
        ]
        self._kept = {}
        if not asking:
            return {}
        rounds = {"", *(round_of(edition.campaign, it) for it, edition in asking)}
        self._kept = winners.chosen(tx, {it.campaign_id for it, _ in asking}, rounds)
        fresh: dict[Place, Chosen] = {}
        for place, waiting in self._waiting(asking).items():
            self._judge(tx, place, waiting, fresh)
        return fresh

    def at(self, enrollment: Enrollment, edition: Edition, node: Node, since: Moment) -> Standing:
        """How it stands for one of the batch at a step that they came to at `since`."""
        contest = node.step.contest
        if contest is None:
            return Standing()
        place = Place(
            enrollment.campaign_id, edition.numbers[node.id], round_of(edition.campaign, enrollment)
        )
        kept = self._kept.get(place)
        if kept is not None and kept.final and kept.variants == contest.templates:
            return Standing(winner=kept.template, winner_at=kept.at)
        if contest.decide_after is None or self._now < since + contest.decide_after:
            return Standing()
        if _has_waited(enrollment, edition, node, contest.decide_after):
            return self._judged[place]
        # Who comes late, after an outage, finds a test that begins only now.
        return Standing(ask_again=self._now + contest.decide_after)

    def _waiting(self, asking: Sequence[tuple[Enrollment, Edition]]) -> dict[Place, _Waiting]:
        """The tests that are to be judged."""
        found: dict[Place, _Waiting] = {}
        for it, edition in asking:
            node = _stands_at(it, edition)
            contest = node.step.contest if node else None
            if node is None or contest is None or contest.decide_after is None:
                continue
            no = edition.numbers[node.id]
            place = Place(it.campaign_id, no, round_of(edition.campaign, it))
            kept = self._kept.get(place)
            known = kept is not None and kept.final and kept.variants == contest.templates
            if known or place in self._judged or not _has_waited(it, edition, node, contest.decide_after):
                continue
            begun = it.entered_at - ZONES_APART if place.round else edition.changed.get(no, 0)
            before = found.get(place)
            found[place] = _Waiting(
                contest=contest,
                since=min(it.since, before.since) if before else it.since,
                from_=min(begun, before.from_) if before else begun,
            )
        return found

    def _judge(self, tx: Tx, place: Place, waiting: _Waiting, fresh: dict[Place, Chosen]) -> None:
        contest, now = waiting.contest, self._now
        assert contest.decide_after is not None
        asked = Asked(
            place=place,
            templates=contest.templates,
            by=contest.by,
            since=waiting.from_,
            chance=contest.decide_after // 2,
        )
        found = variants.results(tx, asked, now)
        over = waiting.since + contest.decide_after
        if found.first_sent is not None:
            over = max(over, found.first_sent + contest.decide_after)
        if not found.counted:
            # Test messages that a window or a cap held back are given their time.
            under_way = variants.first_open(tx, place) if found.first_sent is None else None
            if under_way is not None:
                over = max(now, under_way) + contest.decide_after
            if over > now:
                self._judged[place] = Standing(ask_again=over)
                return
        match choose(found.variants, by=contest.by, at_once=True):
            case Winner() as won:
                at = min(over, now)
                self._judged[place] = Standing(winner=won.template, winner_at=at)
                fresh[place] = _chosen(won, contest, at)
            case NotYet():
                self._judged[place] = Standing()
            case other:
                assert_never(other)


def name_winners(store: Store, world: World, now: Moment) -> int:
    """Name the winners that are sure now, where people come one by one. Returns how many. For once in a while: it
    counts all messages of the steps that ask and have no winner yet."""
    asking = [
        (Place(live.record.id, edition.numbers[node.id], ""), edition, node.step.contest)
        for live in world.live.values()
        if (edition := live.edition) is not None
        for node in _contests(edition.campaign)
        if node.step.contest is not None and node.step.contest.decide_after is None
    ]
    if not asking:
        return 0
    fresh: dict[Place, Chosen] = {}
    with store.read() as tx:
        kept = winners.chosen(tx, {place.campaign_id for place, _, _ in asking}, [""])
        for place, edition, contest in asking:
            before = kept.get(place)
            if before is not None and before.variants == contest.templates:
                continue
            found = variants.results(tx, _in_the_long_run(place, edition, contest), now)
            match choose(found.variants, by=contest.by, at_once=False):
                case Winner() as won:
                    fresh[place] = _chosen(won, contest, now)
                case NotYet():
                    pass
                case other:
                    assert_never(other)
    if fresh:
        with store.write() as tx:
            winners.keep(tx, fresh)
    return len(fresh)


def round_of(campaign: Campaign, enrollment: Enrollment) -> str:
    """The occasion on which they came in, where many enter together; else empty."""
    together = isinstance(campaign.enter, EnterTogether)
    return enrollment.entry_key if together and not enrollment.entry_key.startswith(NEXT_LINE) else ""


def _in_the_long_run(place: Place, edition: Edition, contest: Contest) -> Asked:
    """What to count where people come one by one: each message once, when its success or failure is certain."""
    goal = edition.campaign.goal
    within, from_entering = CLICKS_COUNT, False
    if contest.by == "conversions":
        from_entering = goal is not None and goal.within is not None
        within = (goal.within if goal else None) or GOALS_COUNT
    return Asked(
        place=place,
        templates=contest.templates,
        by=contest.by,
        since=edition.changed.get(place.step_no, 0),
        chance=within,
        within=within if contest.by == "clicks" or not from_entering else EVER,
        from_entering=from_entering,
    )


def _chosen(won: Winner, contest: Contest, at: Moment) -> Chosen:
    return Chosen(template=won.template, variants=contest.templates, at=at, final=won.final, why=won.why)


def _contests(campaign: Campaign) -> list[Node]:
    """The steps that ask for a winner."""
    return [node for node in campaign.program.nodes.values() if node.step.contest is not None]


def _stands_at(enrollment: Enrollment, edition: Edition) -> Node | None:
    """The step that they wait in front of; None: they are behind one, or it is gone."""
    if enrollment.behind and edition.is_own(enrollment.step_no):
        return None
    step = edition.steps.get(enrollment.step_no, "")
    return edition.campaign.program.nodes[step] if step else None


def _has_waited(enrollment: Enrollment, edition: Edition, node: Node, decide_after: Span) -> bool:
    """Whether they were told to come again at the end of the test."""
    return _stands_at(enrollment, edition) is node and enrollment.due_at >= enrollment.since + decide_after
