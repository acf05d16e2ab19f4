"""Care: what people get at each stage, measured side by side, and how many were won and lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from nurture.clock import Moment, from_datetime, to_datetime

ENOUGH = 1.0
"""Contacts that have to stand at a stage, on the average of the window, before a figure for each of them is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareRow:
    """One stage over a window of time."""

    stage: str
    contacts: int
    """How many stand there at the end of the window."""
    present: float
    """How many stood there on average over the window: the time people spent there, divided by its length."""
    messages: int
    """Sent to people who were at this stage."""
    offers: int
    """Of these, the ones that carried an offer."""
    came: int
    """Times that somebody came into the stage."""
    went: int

    @property
    def messages_per_contact(self) -> float | None:
        """What one contact who stays here gets in one window; None where too few stood here to tell."""
        return self.messages / self.present if self.present >= ENOUGH else None

    @property
    def offers_per_contact(self) -> float | None:
        """Likewise for offers."""
        return self.offers / self.present if self.present >= ENOUGH else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Who was won and lost in one month."""

    month: str
    """As 2017-03."""
    won: int
    """From a prospect's stage to one of those who buy."""
    lost: int
    """From one who buys to lapsed."""
    back: int
    """From lapsed to one who buys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What `nurture report --care` shows."""

    since: Moment
    until: Moment
    rows: tuple[CareRow, ...]
    months: tuple[Movement, ...]


def group(stage: str) -> str:
    """What stands before the slash: prospect, customer, client, lapsed."""
    return stage.partition("/")[0]


def movement(from_stage: str, to_stage: str) -> str:
    """`won`, `lost`, `back`, or "" for a step that is none of them."""
    before, after = group(from_stage), group(to_stage)
    if before in ("prospect", "") and after not in ("prospect", "lapsed", ""):
        return "won"
    if after == "lapsed" and before not in ("prospect", "lapsed", ""):
        return "lost"
    if before == "lapsed" and after not in ("prospect", "lapsed", ""):
        return "back"
    return ""


def add_groups(rows: Iterable[CareRow]) -> tuple[CareRow, ...]:
    """The same by group of stages, in the order in which they come up."""
    groups: dict[str, CareRow] = {}
    for row in rows:
        name = group(row.stage)
        so_far = groups.get(name)
        groups[name] = CareRow(
            stage=name,
            contacts=row.contacts + (so_far.contacts if so_far else 0),
            present=row.present + (so_far.present if so_far else 0.0),
            messages=row.messages + (so_far.messages if so_far else 0),
            offers=row.offers + (so_far.offers if so_far else 0),
            came=row.came + (so_far.came if so_far else 0),
            went=row.went + (so_far.went if so_far else 0),
        )
    return tuple(groups.values())


def month_starts(now: Moment, zone: ZoneInfo, count: int) -> tuple[tuple[str, Moment], ...]:
    """`count` months of `zone`, the last one that of `now`, oldest first: name and first moment."""
    today = to_datetime(now, zone).date()
    months = []
    for back in range(count - 1, -1, -1):
        number = today.year * 12 + today.month - 1 - back
        first = date(number // 12, number % 12 + 1, 1)
        midnight = to_datetime(now, zone).replace(
            year=first.year, month=first.month, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
        )
        months.append((f"{first:%Y-%m}", from_datetime(midnight)))
    return tuple(months)


def present(start_count: int, time_since_coming: int, time_since_going: int, window: int) -> float:
    """Average number of people present over a window of so many seconds.

    From the count at its start, and the seconds between each coming (each going) within it and its end,
    added up.
    """
    return (start_count * window + time_since_coming - time_since_going) / window
