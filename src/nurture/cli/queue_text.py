"""What `nurture queue` and `nurture deferred` found, in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from nurture.campaigns.findings import printable
from nurture.cli.console import hanging, say
from nurture.clock import NEVER, Moment, to_datetime
from nurture.delivery.measures import Health
from nurture.reports.queue import UNPLACED, Destination, limits_of, normal
from nurture.runner.queue import Answer, Asked, Deferred, Group, Line, Queue, RelayState
from nurture.settings import Settings

PLACES = 20
"""Destinations, or answers, that are shown: an overview stays short, however much waits."""
NAMES = 5
"""Campaigns that are named with each reason."""


def print_queue(it: Queue, asked: Asked, settings: Settings) -> None:
    """How much waits and who sends, the limits in force, then what waits, the largest groups first."""
    zone = settings.zone
    _head(it)
    say("\nlimits in force")
    for name, said in _limits(it, asked, settings):
        say(hanging(f"{name}  {printable(said)}", 6))
    waits = _waits(it.groups)
    if waits:
        say("\nwhat waits")
    shown = list(waits.items())[: None if asked.all else PLACES]
    for name, parts in shown:
        _place(name, parts, it.at, zone)
    if len(waits) > len(shown):
        say(hanging(f"and {len(waits) - len(shown):,} more destinations: --all shows them", 4))
    if it.lines:
        say("\nmessages")
        for line in it.lines:
            _line(line, it.at, zone)
        _more(it.more)


def _head(it: Queue) -> None:
    if not it.count:
        say("Nothing waits to be sent.")
    else:
        many = "message waits" if it.count == 1 else "messages wait"
        say(hanging(f"{it.count:,} {many} to be sent, {it.due:,} of them due now.", 0, 0))
    for sender in it.senders:
        holds = [f"prepares {sender.claimed:,}"] if sender.claimed else []
        holds += [f"has {sender.handed:,} on the wire"] if sender.handed else []
        said = f" and {' and '.join(holds)}" if holds else ""
        say(hanging(f"Process {sender.pid} on {printable(sender.host)} sends{said}.", 0, 0))
    if not it.senders:
        say("Nobody is sending: nurture run does.")


def _limits(it: Queue, asked: Asked, settings: Settings) -> Iterable[tuple[str, str]]:
    direct = settings.provider == "smtp" and settings.deliver == "mx"
    alike: dict[str, list[str]] = {}
    for destination in it.destinations:
        if asked.destination not in ("", destination.name):
            continue
        alike.setdefault(_limit(destination, it.at, settings.zone, direct=direct), []).append(
            destination.name
        )
    for said, names in alike.items():
        yield ", ".join(names), said
    for relay in it.relays:
        yield f"relay {relay.relay.called}", _relay(relay, it.at, settings.zone, alone=len(it.relays) == 1)
    for campaign, rate in settings.rates.items():
        if asked.campaign not in ("", campaign):
            continue
        yield f"campaign {campaign}", rate.describe()


def _limit(it: Destination, now: Moment, zone: ZoneInfo, *, direct: bool) -> str:
    said = [*limits_of(it, direct=direct), *held(it.health, now, zone)]
    return "; ".join(said) or "no limit"


def _relay(it: RelayState, now: Moment, zone: ZoneInfo, *, alone: bool) -> str:
    relay = it.relay
    each = f" of {relay.per_connection:,} messages" if relay.per_connection else ""
    said = [f"{relay.connections} connections{each}"]
    if not alone:
        said.append(f"weight {relay.weight}")
    if relay.rate is not None:
        said.append(relay.rate.describe())
    return "; ".join([*said, *held(it.health, now, zone)])


def held(health: Health, now: Moment, zone: ZoneInfo) -> list[str]:
    """What holds a destination or a relay back, in words; empty: nothing."""
    because = f": {normal(health.reply)}" if health.reply else ""
    if health.stopped:
        return [f"stopped until you resume it ({health.stopped}){because}"]
    if health.paused_until > now:
        return [f"paused until {moment(health.paused_until, now, zone)}{because}"]
    if health.slow_until > now:
        until = moment(health.slow_until, now, zone)
        return [f"slowed down to {health.slow_per_minute} a minute until {until}{because}"]
    return []


@dataclass(slots=True)
class _Part:
    """Messages to one destination that wait for the same reason, of any campaign."""

    says: str
    count: int = 0
    first_at: Moment | None = None
    campaigns: Counter[str] = field(default_factory=Counter)


def _waits(groups: Iterable[Group]) -> dict[str, list[_Part]]:
    """By destination, those first to which most waits; of each the reasons, the most frequent first."""
    found: dict[str, dict[str, _Part]] = {}
    for group in groups:
        parts = found.setdefault(group.destination, {})
        for it in group.parts:
            part = parts.setdefault(it.why.says, _Part(says=it.why.says))
            part.count += it.count
            part.campaigns[group.campaign] += it.count
            if it.why.first_at is not None:
                part.first_at = min(part.first_at or it.why.first_at, it.why.first_at)
    waits = {name: sorted(parts.values(), key=lambda it: -it.count) for name, parts in found.items()}
    return dict(sorted(waits.items(), key=lambda it: -_sum(it[1])))


def _sum(parts: Iterable[_Part]) -> int:
    return sum(it.count for it in parts)


def _place(name: str, parts: list[_Part], now: Moment, zone: ZoneInfo) -> None:
    say(hanging(f"{_destination(name)}: {_sum(parts):,}", 4))
    width = max(len(f"{part.count:,}") for part in parts)
    for part in parts:
        said = f"{printable(part.says)}{_first(part.first_at, now, zone, part.count)}"
        say(hanging(f"{part.count:>{width},}  {said}", 6 + width, 4))
        say(hanging(_named(part.campaigns), 6 + width, 6 + width))


def _named(campaigns: Mapping[str, int]) -> str:
    """The campaigns with the most, and how many of each."""
    if len(campaigns) == 1:
        return next(iter(campaigns))
    most = sorted(campaigns.items(), key=lambda it: (-it[1], it[0]))
    more = f" and {len(most) - NAMES:,} more campaigns" if len(most) > NAMES else ""
    return ", ".join(f"{key} {count:,}" for key, count in most[:NAMES]) + more


def _first(at: Moment | None, now: Moment, zone: ZoneInfo, count: int = 1) -> str:
    if at is None or at <= now:
        return ""
    return f"; {'first ' if count > 1 else ''}at {moment(at, now, zone)}"


def _line(it: Line, now: Moment, zone: ZoneInfo) -> None:
    urgent = " (urgent)" if it.it.urgent else ""
    say(
        hanging(
            f"{printable(it.email or '(erased)')}  {it.message}{urgent}, {_destination(it.destination)}", 4
        )
    )
    tried = f"; tried {_times(it.it.attempts)}" if it.it.attempts else ""
    by = f" ({printable(it.sender)})" if it.sender else ""
    wanted = f"; wanted {moment(it.it.wanted_at, now, zone)}"
    says = f"{printable(it.why.says)}{by}{_first(it.why.first_at, now, zone)}{tried}{wanted}"
    say(hanging(says, 4, 4))


def print_deferred(it: Deferred, zone: ZoneInfo) -> None:
    """What is tried again, by destination and answer."""
    if not it.count:
        say("No message is deferred.")
        return
    for answer in it.answers[:PLACES]:
        _answer(answer, it.at, zone)
    rest = it.answers[PLACES:]
    if rest:
        say(f"and {sum(answer.count for answer in rest):,} with {len(rest):,} rarer answers: --lane, --json")
    if it.lines:
        say("\nmessages")
    for line in it.lines:
        say(
            hanging(
                f"{printable(line.email or '(erased)')}  {line.message}, {_destination(line.destination)}", 4
            )
        )
        row = line.it
        says = (
            f"tried {_times(row.attempts)}; again {moment(row.due_at, it.at, zone)}, given up"
            f" {moment(row.gives_up_at, it.at, zone)}; {printable(row.reply)}"
        )
        say(hanging(says, 4, 4))
    _more(it.more)


def _answer(it: Answer, now: Moment, zone: ZoneInfo) -> None:
    many = "message" if it.count == 1 else "messages"
    say(hanging(f"{it.count:,} {many} to {_destination(it.destination)}: {printable(it.reply)}", 4, 0))
    least, most = it.least_attempts, it.most_attempts
    tried = _times(most) if least == most else f"{least} to {most} times"
    says = (
        f"tried {tried}; next try {moment(it.first_at, now, zone)}, the last given up by"
        f" {moment(it.gives_up_at, now, zone)}"
    )
    say(hanging(says, 4, 4))
    say(hanging(_named(it.campaigns), 4, 4))


def _more(count: int) -> None:
    if count:
        say(f"  and {count:,} more: --all shows them")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _destination(name: str) -> str:
    return "not looked up yet" if name == UNPLACED else name


def moment(at: Moment, now: Moment, zone: ZoneInfo) -> str:
    """A moment as it is read: the time alone where it is the same day."""
    if at >= NEVER:
        return "never"
    when, today = to_datetime(at, zone), to_datetime(now, zone)
    return f"{when:%H:%M}" if when.date() == today.date() else f"{when:%Y-%m-%d %H:%M}"
