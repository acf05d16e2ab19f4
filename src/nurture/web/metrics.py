"""GET /metrics: what the process counted and what waits, in the words of Prometheus. Only for whom it is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.clock import SECOND, Moment
from nurture.delivery.lanes import parse_lane
from nurture.delivery.measures import Health
from nurture.errors import SettingsError, StoreError
from nurture.providers.addresses import networks
from nurture.runner.counts import Counts, Spread
from nurture.runner.replies import count_open
from nurture.store.destinations import load_healths
from nurture.store.waiting import LaneWaiting, waiting_by_lane
from nurture.web.deps import Seen, Watching, WebDeps
from nurture.web.security import is_from, is_local

OUTCOMES = ("sent", "bounced", "refused", "expired", "unknown", "skipped")
MEASURES = ("slow", "pause", "stop")
TROUBLES = ("database", "relay", "another sender", "version", "dns")
"""Told as 0, too; others, such as `relay NAME`, while they last."""

MOST_HELD_BACK = 100
"""Destinations that are named: those that are stopped first, then paused ones."""
REST = 10
"""What waits is counted again after so many times as long as it took: a large backlog costs no more than a tenth."""

_Held: TypeAlias = tuple[int, str, str]


class Metrics:
    """The route /metrics."""

    def __init__(self, deps: WebDeps, watched: Watching) -> None:
        self._allowed = networks(deps.settings.web.metrics_from)
        # One of its own: the default one is a global, and would be filled twice where there are two applications.
        self._registry = CollectorRegistry()
        self._registry.register(_Told(deps, watched))
        ProcessCollector(pid=lambda: watched.pid, registry=self._registry)

    def routes(self) -> list[Route]:
        """One page."""
        return [Route("/metrics", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """All figures."""
        if not is_local(request) and not is_from(request, self._allowed):
            raise HTTPException(404)
        text = await run_in_threadpool(generate_latest, self._registry)
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


class _Told(Collector):
    """Reads the counts of the process, and what waits from the database."""

    def __init__(self, deps: WebDeps, watched: Watching) -> None:
        self._deps = deps
        self._watched = watched
        self._waiting: Sequence[LaneWaiting] = ()
        self._again_at = 0.0

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: the registry asks so that it need not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of them. What is in the database is left out while it cannot be read: `nurture_trouble` says so."""
        seen = self._watched.seen()
        yield from self._counted(seen.counts)
        yield from self._present(seen)
        try:
            waiting, healths, now = self._asked()
            answers = self._unanswered(now)
        except (StoreError, SettingsError):
            return
        yield from answers
        yield from _waiting(waiting, now)
        yield _held_back(healths, now)

    def _counted(self, it: Counts) -> Iterator[Metric]:
        yield _by(
            "messages", "Messages that came to their end in this process.", "outcome", OUTCOMES, it.outcomes
        )
        yield _counter("messages_deferred", "Tries that are to be made again later.", it.deferred)
        yield _counter("messages_handed", "Messages marked as handed over.", it.handed)
        yield _counter("handover_commits", "Transactions that marked them.", it.commits)
        yield _spread(
            "due_to_handed_seconds", "From when a message was due until it was handed over.", it.waits
        )
        yield _spread("tick_seconds", "Reviewing, enrolling and advancing, each second.", it.ticks)
        yield _by("measures", "Answers that hold mail back.", "kind", MEASURES, it.measures)
        yield _counter(
            "alerts_raised", "How often a person should hear that mail had to stop.", it.alerts_raised
        )
        yield _counter("alerts_told", "How often [alerts] told somebody.", it.alerts_told)
        yield _counter(
            "template_stops", "Renderings that were stopped, since they took too much.", it.template_stops
        )
        yield _arrived(it.arrivals + self._deps.counts.arrivals)

    def _present(self, seen: Seen) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "nurture_rendering_processes",
            "Rendering processes there are now.",
            value=seen.rendering,
        )
        lasting = seen.troubles
        family = GaugeMetricFamily(
            "nurture_trouble", "1 while a trouble lasts, as in the log.", labels=["trouble"]
        )
        for name in (*TROUBLES, *sorted(lasting.difference(TROUBLES))):
            family.add_metric([name], name in lasting)
        yield family

    def _unanswered(self, now: Moment) -> Sequence[Metric]:
        with self._deps.store.read() as tx:
            found = count_open(tx, self._deps.settings, now)
        return [
            GaugeMetricFamily(
                "nurture_replies_open", "Mails of people that nobody has answered.", value=found.open
            ),
            GaugeMetricFamily("nurture_replies_late", "Those whose answer is due already.", value=found.late),
        ]

    def _asked(self) -> tuple[Sequence[LaneWaiting], dict[str, Health], Moment]:
        now = self._deps.clock.now()
        with self._deps.store.read() as tx:
            began = monotonic()
            if began >= self._again_at:
                self._waiting = waiting_by_lane(tx, now)
                self._again_at = monotonic() + REST * (monotonic() - began)
            return self._waiting, load_healths(tx), now


def _arrived(arrivals: Counter[tuple[str, str]]) -> Metric:
    family = CounterMetricFamily(
        "nurture_arrivals",
        "What came in and was new, by source and by what was made of it.",
        labels=["source", "kind"],
    )
    for labels, count in sorted(arrivals.items()):
        family.add_metric(labels, count)
    return family


def _counter(name: str, says: str, value: int) -> Metric:
    return CounterMetricFamily(f"nurture_{name}", says, value=value)


def _by(name: str, says: str, label: str, known: Sequence[str], counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(f"nurture_{name}", says, labels=[label])
    for value in known:
        family.add_metric([value], counts[value])
    return family


def _spread(name: str, says: str, spread: Spread) -> Metric:
    counts, so_far = list(spread.counts), 0
    buckets = []
    for bound, count in zip((*map(str, spread.bounds), "+Inf"), counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    return HistogramMetricFamily(f"nurture_{name}", says, buckets=buckets, sum_value=spread.total)


def _waiting(lanes: Sequence[LaneWaiting], now: Moment) -> Iterator[Metric]:
    waiting: Counter[str] = Counter()
    due: Counter[str] = Counter()
    first: dict[str, Moment] = {}
    for it in lanes:
        name = _destination(it.lane)
        waiting[name] += it.waiting
        due[name] += it.due
        first[name] = min(it.first_due_at, first.get(name, it.first_due_at))
    labels = ["destination"]
    families = (
        GaugeMetricFamily(
            "nurture_messages_waiting", "Messages planned or put off, due or not.", labels=labels
        ),
        GaugeMetricFamily("nurture_messages_due", "Those of them that are due.", labels=labels),
        GaugeMetricFamily(
            "nurture_first_due_seconds", "How long the first of them has been due.", labels=labels
        ),
    )
    for name in sorted(waiting):
        ages = (waiting[name], due[name], max(0, now - first[name]) / SECOND)
        for family, value in zip(families, ages, strict=True):
            family.add_metric([name], value)
    yield from families


def _destination(lane: str) -> str:
    """Few names, whatever the number of lanes: mail to many domains has a lane for each."""
    it = parse_lane(lane)
    return "not looked up" if it.domain else it.provider or "others"


def _held_back(healths: dict[str, Health], now: Moment) -> Metric:
    family = GaugeMetricFamily(
        "nurture_destination_held_back",
        "1 where mail to a destination or a relay is held back.",
        labels=["destination", "kind"],
    )
    held = sorted(it for key, health in healths.items() for it in _kinds(key, health, now))
    for _, key, kind in held[:MOST_HELD_BACK]:
        family.add_metric([key or "others", kind], 1)
    return family


def _kinds(key: str, health: Health, now: Moment) -> Iterator[_Held]:
    if health.stopped:
        yield 0, key, "stop"
    if now < health.paused_until:
        yield 1, key, "pause"
    if now < health.slow_until:
        yield 2, key, "slow"
