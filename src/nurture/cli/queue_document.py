"""What `nurture queue` and `nurture deferred` found, as one JSON document."""

from __future__ import annotations

from typing import Any

from nurture.clock import NEVER, Moment, format_iso
from nurture.delivery.measures import Health
from nurture.reports.queue import Destination, Why
from nurture.runner.queue import Deferred, Group, Line, Queue, RelayState
from nurture.settings import Settings
from nurture.settings.destinations import Rate


def queue_as_dict(it: Queue, settings: Settings) -> dict[str, Any]:
    """Counts, senders, limits, groups with their reasons, and messages where they are shown."""
    return {
        "at": format_iso(it.at),
        "waiting": it.count,
        "due": it.due,
        "senders": [
            {"host": each.host, "pid": each.pid, "claimed": each.claimed, "handed": each.handed}
            for each in it.senders
        ],
        "limits": {
            "destinations": [_destination(each, it.at) for each in it.destinations],
            "relays": [_relay(each, it.at) for each in it.relays],
            "campaigns": {key: rate.describe() for key, rate in settings.rates.items()},
        },
        "groups": [_group(each) for each in it.groups],
        "messages": [_line(each) for each in it.lines],
        "more": it.more,
    }


def deferred_as_dict(it: Deferred) -> dict[str, Any]:
    """By destination and answer, and messages where they are shown."""
    return {
        "at": format_iso(it.at),
        "deferred": it.count,
        "answers": [
            {
                "destination": each.destination,
                "reply": each.reply,
                "count": each.count,
                "campaigns": dict(each.campaigns),
                "attempts": [each.least_attempts, each.most_attempts],
                "first_at": _moment(each.first_at),
                "given_up_by": _moment(each.gives_up_at),
            }
            for each in it.answers
        ],
        "messages": [_line(each) for each in it.lines],
        "more": it.more,
    }


def _destination(it: Destination, now: Moment) -> dict[str, Any]:
    return {
        "name": it.name,
        "connections": it.shape.connections,
        "per_connection": it.shape.per_connection,
        "rate": _rate(it.shape.rate),
        "today": it.quota,
        "used_today": None if it.quota is None or it.each else it.used,
        **_health(it.health, now),
    }


def _relay(it: RelayState, now: Moment) -> dict[str, Any]:
    return {
        "name": it.relay.called,
        "connections": it.relay.connections,
        "per_connection": it.relay.per_connection,
        "weight": it.relay.weight,
        "rate": _rate(it.relay.rate),
        **_health(it.health, now),
    }


def _health(it: Health, now: Moment) -> dict[str, Any]:
    slow = it.slow_until > now
    return {
        "stopped": it.stopped or None,
        "paused_until": _moment(it.paused_until) if it.paused_until > now else None,
        "slow_until": _moment(it.slow_until) if slow else None,
        "slow_per_minute": it.slow_per_minute if slow else None,
        "reply": None if it.is_sound(now) else it.reply,
    }


def _group(it: Group) -> dict[str, Any]:
    return {
        "destination": it.destination,
        "campaign": it.campaign,
        "waiting": it.count,
        "due": it.due,
        "reasons": [{**_why(part.why), "count": part.count} for part in it.parts],
    }


def _why(it: Why) -> dict[str, Any]:
    return {"reason": it.kind, "says": it.says, "first_at": _moment(it.first_at)}


def _line(it: Line) -> dict[str, Any]:
    row = it.it
    return {
        "email": it.email,
        "message": it.message,
        "destination": it.destination,
        "lane": row.lane,
        "state": row.state,
        "urgent": row.urgent,
        "wanted_at": _moment(row.wanted_at),
        "due_at": _moment(row.due_at),
        "given_up_at": _moment(row.gives_up_at),
        "attempts": row.attempts,
        "reply": row.reply if row.state == "deferred" else "",
        "sender": it.sender,
        **_why(it.why),
    }


def _moment(at: Moment | None) -> str | None:
    return None if at is None or at >= NEVER else format_iso(at)


def _rate(it: Rate | None) -> str | None:
    return None if it is None else it.describe()
