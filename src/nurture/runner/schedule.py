"""What wakes the work, by APScheduler. It is a clock and no store: what is due is read from the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

Work = Callable[[], Awaitable[None]]

TICK_SECONDS = 1
LOOK_SECONDS = 20
"""How often to look whether another version was applied."""

NIGHT_HOUR = 3


class Schedule:
    """Wakes `tick` every second, `look` every 20 s, and `night` once a night, none of them twice at a time."""

    def __init__(self, zone: ZoneInfo, *, tick: Work, look: Work, night: Work) -> None:
        # A job that comes late still runs, once: its default would drop what is a second late.
        self._scheduler = AsyncIOScheduler(
            timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_job(tick, IntervalTrigger(seconds=TICK_SECONDS, timezone=zone), id="tick")
        self._scheduler.add_job(look, IntervalTrigger(seconds=LOOK_SECONDS, timezone=zone), id="look")
        # The hour may come twice when summer time ends; what runs then counts only what is new.
        self._scheduler.add_job(night, CronTrigger(hour=NIGHT_HOUR, timezone=zone), id="night")

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._scheduler.start()

    def pause(self) -> None:
        """Wake nothing more; what was woken goes on."""
        self._scheduler.pause()

    def stop(self) -> None:
        """End it. What is under way is torn off, so pause it first and wait."""
        self._scheduler.shutdown(wait=False)
