"""What entries of the feed tell besides what was kept of them: who it is about, which campaign, which message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, select

from nurture.journeys.direct import DIRECT_ID
from nurture.messages.feed_body import Told
from nurture.store.engine import Tx
from nurture.store.feed_deliveries import Claimed
from nurture.store.statements import one_of, table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    ContactRow,
    EnrollmentRow,
    HitRow,
    LineRow,
    MessageRow,
)
from nurture.store.targets import links

_campaigns = table(CampaignRow)
_contacts = table(ContactRow)
_enrollments = table(EnrollmentRow)
_hits = table(HitRow)
_lines = table(LineRow)
_messages = table(MessageRow)
_steps = table(CampaignStepRow)

_PEOPLE = select(_contacts.c.id, _contacts.c.email, _contacts.c.external_id).where(
    one_of(_contacts.c.id, "ids")
)
_LINES = select(_lines.c.id, _lines.c.name).where(one_of(_lines.c.id, "ids"))
_ENTRIES = (
    select(_enrollments.c.id, _campaigns.c.key, _campaigns.c.name)
    .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
    .where(one_of(_enrollments.c.id, "ids"), _campaigns.c.id != DIRECT_ID)
)
_MESSAGES = (
    select(
        _messages.c.enrollment_id,
        _messages.c.step_no,
        _messages.c.template,
        _messages.c.template_hash,
        _steps.c.step_id,
    )
    .outerjoin(
        _steps, and_(_steps.c.campaign_id == _messages.c.campaign_id, _steps.c.no == _messages.c.step_no)
    )
    .where(one_of(_messages.c.enrollment_id, "ids"))
)
_CLICKS = select(_hits.c.enrollment_id, _hits.c.step_no, _hits.c.at, _hits.c.link_no).where(
    one_of(_hits.c.enrollment_id, "ids"),
    _hits.c.kind == literal_column("'click'"),
    _hits.c.at >= bindparam("since"),
)


def details(tx: Tx, claimed: Sequence[Claimed]) -> dict[int, Told]:
    """What each tells, by its id; those whose contact is gone (erased) are left out."""
    people = _by_id(tx, _PEOPLE, {it.contact_id for it in claimed})
    campaigns = _by_id(tx, _ENTRIES, {it.told["entry"] for it in claimed if "entry" in it.told})
    lines = _by_id(tx, _LINES, {it.told["line"] for it in claimed if it.told.get("line")})
    messages = _messages_of(tx, claimed)
    clicked = _links(tx, [it for it in claimed if it.kind == "clicked"], messages)
    found = {}
    for it in claimed:
        person = people.get(it.contact_id)
        if person is None:
            continue
        campaign, key = campaigns.get(it.told.get("entry", 0)), _key(it)
        message = messages.get(key) if key else None
        found[it.feed_id] = Told(
            feed_id=it.feed_id,
            kind=it.kind,
            at=it.at,
            contact_id=it.contact_id,
            email=person.email,
            external_id=person.external_id,
            campaign=campaign.key if campaign else "",
            campaign_name=campaign.name if campaign else "",
            message=key,
            step=(message.step_id or "") if message else "",
            template=message.template if message else "",
            details=_said(it, lines, clicked.get(it.feed_id)),
        )
    return found


def _said(it: Claimed, lines: Mapping[int, Any], link: str | None) -> dict[str, str | None]:
    told = it.told
    match it.kind:
        case "sent":
            return {"reply": told.get("said", "")}
        case "bounced":
            return {"reason": told.get("said", "")}
        case "clicked":
            return {"link": link}
        case "answered":
            score = told["score"]
            return {
                "question": told["question"],
                "answer": told["answer"],
                "score": None if score is None else f"{score:g}",
                "comment": told["comment"] or None,
            }
        case "unsubscribed":
            return {"topic": told["topic"], "basis": told["basis"]}
        case "stage-changed":
            line = lines.get(told["line"])
            return {
                "line": line.name if line else None,
                "from": told["from"],
                "to": told["to"],
                "rule": told["rule"],
            }
        case _:
            return {}


def _key(it: Claimed) -> tuple[int, int] | None:
    return (it.told["entry"], it.told["step"]) if "step" in it.told else None


def _by_id(tx: Tx, query: Any, ids: set[int]) -> dict[int, Any]:
    return {row.id: row for row in tx.execute(query, {"ids": list(ids)})} if ids else {}


def _messages_of(tx: Tx, claimed: Sequence[Claimed]) -> dict[tuple[int, int], Any]:
    keys = {key for it in claimed if (key := _key(it))}
    if not keys:
        return {}
    rows = tx.execute(_MESSAGES, {"ids": [entry for entry, _ in keys]})
    return {key: row for row in rows if (key := (row.enrollment_id, row.step_no)) in keys}


def _links(
    tx: Tx, clicks: Sequence[Claimed], messages: Mapping[tuple[int, int], Any]
) -> dict[int, str | None]:
    """Where the link leads that was clicked, as it stands in the template."""
    if not clicks:
        return {}
    given = {"ids": [it.told["entry"] for it in clicks], "since": min(it.at for it in clicks)}
    numbers = {(e, s, at): number for e, s, at, number in tx.execute(_CLICKS, given)}
    hashes = {
        row.template_hash for it in clicks if (row := messages.get((it.told["entry"], it.told["step"])))
    }
    known = {it: links(tx, it) or () for it in hashes}
    found: dict[int, str | None] = {}
    for it in clicks:
        entry, step = it.told["entry"], it.told["step"]
        number, row = numbers.get((entry, step, it.at), 0), messages.get((entry, step))
        leads = known[row.template_hash] if row else ()
        found[it.feed_id] = leads[number - 1] if 0 < number <= len(leads) else None
    return found
