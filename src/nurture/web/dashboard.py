"""The first page: who is where, what the campaigns did, what was not sent and why. Only from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.clock import DAY, MINUTE, Moment, Span, parse_iso
from nurture.delivery.outcome import MessageKey
from nurture.journeys.reasons import in_words
from nurture.messages.notice_text import plain
from nurture.reports.back import CameBack
from nurture.reports.campaigns import CampaignReport, Counts, add_up
from nurture.reports.care import Care, month_starts
from nurture.reports.explain import MessageStory
from nurture.reports.offers import OfferReport
from nurture.reports.revenue import verdicts_in_words, way_in_words, way_of
from nurture.runner.replies import count_open
from nurture.settings import Settings
from nurture.store import inbox, marks, replies, report_stages, rescore
from nurture.store.engine import Tx
from nurture.store.report_back import came_back
from nurture.store.report_care import care
from nurture.store.report_explain import lately
from nurture.store.report_offers import offers
from nurture.store.reports import campaigns
from nurture.web.charts import Stacked, stack, tones
from nurture.web.deps import WebDeps
from nurture.web.inbox import named
from nurture.web.pages import Pages
from nurture.web.security import is_local

POINTS = 80
"""Moments in the picture over time."""
MONTHS = 12
LATELY = 6
OLDEST = 3
"""Mails that wait for an answer longest, named on the page."""
BACK: Span = 30 * DAY
"""What came back of the mail of so long is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What people wrote to us and nobody has answered."""

    open: int
    late: int
    oldest: tuple[tuple[str, str, Moment], ...]
    """Who, subject, and since when, of the oldest of them; the first `late` of all are late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the page shows."""

    at: Moment
    """When it was so."""
    replayed: bool
    """Whether that is where a replay ended, and not now."""
    contacts: int
    stages: tuple[tuple[str, str, int], ...]
    """Name, tone and number of contacts now, in the lifecycle's order."""
    over_time: Stacked | None
    since: Moment
    until: Moment
    campaigns: tuple[CampaignReport, ...]
    aims: frozenset[str]
    """The keys of those that have a goal."""
    currency: str
    verdicts: str
    """Which rules opens and clicks stand on, in words."""
    way: str
    """How orders are credited, in words."""
    total: Counts
    entered: int
    goals: int
    not_sent: tuple[tuple[str, int], ...]
    """Why, in words, and how many; most first."""
    care: Care
    lately: tuple[tuple[str, str, str, MessageStory], ...]
    """Name in the inbox (empty where it is not there), address, subject, story."""
    answers: Answers | None
    """None: nobody waits, and no mail comes in here."""
    back: CameBack
    offers: tuple[OfferReport, ...]
    """Those that somebody was given."""


class Dashboard:
    """The route /."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """One page."""
        return [Route("/", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The page, or what to do first where there is nobody yet."""
        if not is_local(request):
            raise HTTPException(404)
        overview = await run_in_threadpool(self._gather, request.query_params.get("at", ""))
        if not overview.contacts:
            return self._pages.answer("empty.html", {"here": "overview"})
        return self._pages.answer("dashboard.html", _values(overview))

    def _gather(self, asked: str) -> Overview:
        deps = self._deps
        with deps.store.read() as tx:
            now = deps.clock.now()
            until = _moment(asked, deps.settings.zone, now)
            replayed_to = int(marks.get(tx, marks.REPLAYED_TO, "0"))
            if not asked and 0 < replayed_to < now:
                return gather(tx, replayed_to, deps, replayed=True)
            return gather(tx, until, deps)


def _moment(asked: str, zone: ZoneInfo, now: Moment) -> Moment:
    """The moment in the address (?at=2018-01-01), not later than now; without one, or one that is none, now."""
    try:
        return min(parse_iso(asked, zone), now)
    except ValueError:
        return now


def gather(tx: Tx, until: Moment, deps: WebDeps, *, replayed: bool = False) -> Overview:
    """Everything for the page as of `until`, in one snapshot; what campaigns did is counted over the whole ledger."""
    stages = deps.in_force().stages
    here = report_stages.stages_at(tx, 0, until, stages[0])
    every = (*stages, *sorted(set(here) - set(stages)))
    since = report_stages.first_happening(tx)
    start = min(since if since is not None else until, until - DAY)
    way, currency = way_of(deps.settings.attribution), deps.settings.currency
    reports = campaigns(tx, way)
    total = add_up(report.counts for report in reports)
    colours = tones(every)
    return Overview(
        at=until,
        replayed=replayed,
        contacts=report_stages.contacts(tx),
        stages=tuple((stage, colours[stage], here.get(stage, 0)) for stage in every),
        over_time=_over_time(tx, every, start, until),
        since=start,
        until=until,
        campaigns=reports,
        aims=deps.in_force().aims,
        currency=currency,
        verdicts=verdicts_in_words(rescore.standing(tx)),
        way=way_in_words(way, currency),
        total=total,
        entered=sum(report.entered for report in reports),
        goals=sum(report.goal for report in reports),
        not_sent=_not_sent(total),
        care=care(tx, until, stages=stages, months=month_starts(until - 1, deps.settings.zone, MONTHS)),
        lately=_lately(tx),
        answers=_answers(tx, deps.settings, deps.clock.now()),
        back=came_back(tx, until - BACK, until),
        offers=tuple(it for it in offers(tx, {}, until, misuse=0) if it.counts.issued),
    )


def _over_time(tx: Tx, stages: tuple[str, ...], start: Moment, until: Moment) -> Stacked | None:
    step = max((until - start) // (POINTS - 1), MINUTE)
    series = report_stages.stages_over_time(tx, 0, stages[0], start, step, POINTS)
    known = (*stages, *sorted({stage for counts in series for stage in counts} - set(stages)))
    if not any(counts for counts in series):
        return None
    return stack(known, series, [start + step * at for at in range(POINTS)])


def _not_sent(total: Counts) -> tuple[tuple[str, int], ...]:
    found = {in_words(reason): count for reason, count in total.skipped.items()}
    for says, count in (
        ("handed over, but no reply came back", total.unknown),
        ("there is no such mailbox, or it is full", total.bounced),
        ("the server refused it", total.refused),
        ("tried too long", total.expired),
    ):
        if count:
            found[says] = found.get(says, 0) + count
    return tuple(sorted(found.items(), key=lambda it: (-it[1], it[0])))


def _lately(tx: Tx) -> tuple[tuple[str, str, str, MessageStory], ...]:
    rows = []
    for key, email, story in lately(tx, LATELY):
        kept = inbox.find(tx, MessageKey(*key))
        rows.append((named(key) if kept else "", email, kept.subject if kept else story.template, story))
    return tuple(rows)


def _answers(tx: Tx, settings: Settings, now: Moment) -> Answers | None:
    """As it is now, also where a replay is shown: people wait today."""
    waiting = count_open(tx, settings, now)
    if not waiting.open and not settings.mail_in.is_set_up:
        return None
    oldest = replies.unanswered(tx, now + 1, OLDEST) if waiting.open else []
    told = tuple((plain(it.email, 100), plain(it.subject, 120), it.at) for it in oldest)
    return Answers(open=waiting.open, late=waiting.late, oldest=told)


def _values(it: Overview) -> Mapping[str, Any]:
    return {
        "here": "overview",
        "it": it,
        "most": max((count for _, _, count in it.stages), default=0) or 1,
        "most_not_sent": max((count for _, count in it.not_sent), default=0) or 1,
        "most_care": max((row.messages_per_contact or 0.0 for row in it.care.rows), default=0.0) or 1.0,
        "most_won": max((month.won + month.back for month in it.care.months), default=0) or 1,
        "most_lost": max((month.lost for month in it.care.months), default=0) or 1,
        "tones": {stage: tone for stage, tone, _ in it.stages},
    }
