"""All about one contact as one JSON document. Times are UTC."""

from __future__ import annotations

from typing import Any

from nurture.cli.explain_codes import code_as_dict
from nurture.clock import Moment, format_iso
from nurture.journeys.reasons import in_words
from nurture.reports.explain import EntryStory, MessageStory, Outside
from nurture.reports.revenue import major
from nurture.reports.waiting import Waiting
from nurture.runner.account import Account
from nurture.store.notices import NoticeStory


def account_as_dict(it: Account) -> dict[str, Any]:
    """The document of `nurture explain --json`."""
    told = it.told
    return {
        "email": told.contact.email,
        "first_name": told.contact.first_name,
        "last_name": told.contact.last_name,
        "created_at": format_iso(told.contact.created_at),
        "zone": it.zone.key,
        "zone_by": it.zone_by,
        "suppressed": told.suppressed,
        "pending": it.pending,
        "quiet": {reason: format_iso(until) for reason, until in it.quiet.items()},
        "stage": told.stages.get("", ""),
        "lines": {line: stage for line, stage in told.stages.items() if line},
        "transitions": [
            {
                "line": one.line,
                "from": one.from_stage,
                "to": one.to_stage,
                "at": format_iso(one.at),
                "rule": one.rule,
                "cause": dict(one.cause),
            }
            for one in told.transitions
        ],
        "consents": [
            {"topic": one.topic, "agreed": one.agreed, "at": format_iso(one.at), "basis": one.basis}
            for one in told.consents
        ],
        "entries": [_entry(one, it.notices.get(one.id, ())) for one in told.entries],
        "earned": [
            {
                "order": one.order,
                "at": format_iso(one.at),
                "campaign": one.campaign,
                "step": one.step,
                "amount": float(major(one.amount, it.currency)),
                "undone": one.undone,
            }
            for one in it.earned
        ],
        "codes": [code_as_dict(one, it.currency) for one in it.codes],
        "outside": [_outside(one) for one in it.outside],
    }


def _entry(it: EntryStory, notices: tuple[NoticeStory, ...]) -> dict[str, Any]:
    return {
        "campaign": it.campaign,
        "line": it.line,
        "version": it.version,
        "held_out": it.held_out,
        "entered_at": format_iso(it.entered_at),
        "step": it.step,
        "due_at": _iso(it.due_at),
        "waiting": None if it.waiting is None else _waiting(it.waiting),
        "goal_at": _iso(it.goal_at),
        "left_at": _iso(it.closed_at),
        "reason": it.reason,
        "why": in_words(it.reason),
        "saw": dict(it.saw),
        "messages": [_message(one) for one in it.messages],
        "notices": [
            {
                "step": one.step,
                "target": one.target,
                "note": one.note,
                "planned_at": format_iso(one.planned_at),
                "state": one.state,
                "due_at": _iso(one.due_at),
                "attempts": one.attempts,
                "reply": one.reply,
                "done_at": _iso(one.done_at),
            }
            for one in notices
        ],
    }


def _waiting(it: Waiting) -> dict[str, Any]:
    return {
        "kind": it.kind,
        "until": _iso(it.until),
        "says": it.says,
        "step": it.step,
        "saw": dict(it.saw),
    }


def _message(it: MessageStory) -> dict[str, Any]:
    return {
        "step": it.step,
        "template": it.template,
        "offer": it.offer,
        "stage": it.stage,
        "planned_at": format_iso(it.planned_at),
        "state": it.state,
        "done_at": _iso(it.done_at),
        "reason": it.reason,
        "why": in_words(it.reason) if it.state == "skipped" else "",
        "saw": dict(it.saw),
        "opened_at": _iso(it.opened_at),
        "clicked_at": _iso(it.clicked_at),
        "unsubscribed_at": _iso(it.unsubscribed_at),
        "recommended": [{"sku": one.sku, "name": one.name, "why": one.why} for one in it.recommended],
    }


def _outside(it: Outside) -> dict[str, Any]:
    return {
        "campaign": it.campaign,
        "name": it.name,
        "reason": it.reason,
        "why": it.says,
        "saw": dict(it.saw),
        "enters": it.enters,
        "enters_at": _iso(it.enters_at),
        "held_out": it.held_out,
    }


def _iso(at: Moment | None) -> str | None:
    return format_iso(at) if at else None
