"""A small shop's year in a database, made by chance from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from nurture.clock import DAY, HOUR, NEVER, SECOND, Moment
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.messages.compiled import Compiled
from nurture.store import consents, hits, inbox, templates
from nurture.store.consents import Word
from nurture.store.engine import Store, Tx
from nurture.store.inbox import Kept, pack
from nurture.store.partitions import ensure
from nurture.store.statements import table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    ContactRow,
    EnrollmentRow,
    MessageRow,
    SignRow,
    StageRow,
    TransitionRow,
)

START: Moment = 1_483_228_800_000_000
"""2017-01-01T00:00Z."""

STAGES = (
    "prospect/awareness",
    "prospect/consideration",
    "prospect/decision",
    "customer/first-time",
    "customer/repeat",
    "client",
    "client/at-risk",
    "lapsed",
)

CAMPAIGNS = {
    "introductory-offer": ("Introductory offer", ("welcome", "how-it-works", "first-order")),
    "appreciation": ("Thank you for the first order", ("thank-you", "how-was-it")),
    "cross-sell": ("Goes well with what you have", ("goes-with",)),
    "loyalty": ("For our regulars", ("loyal", "early-access")),
    "win-back": ("We miss you", ("ask-why", "come-back")),
}
TOPICS = dict.fromkeys(CAMPAIGNS, "offers") | {"appreciation": "news"}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36"

HTML = """<!doctype html><html><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;background:#f2f1ec;font-family:Georgia,serif"><div style="max-width:560px;margin:24px
auto;background:#fff;padding:32px;border-radius:10px"><h1 style="font-size:26px;color:#234">{subject}</h1>
<p style="font-size:17px;line-height:1.6">Dear {name}, the first asparagus is in. We put some aside for you,
with the recipe that our baker swears by.</p>
<p><a href="https://shop.example/asparagus" style="display:inline-block;
background:#1f7a4b;color:#fff;padding:12px 22px;border-radius:8px;
text-decoration:none">Have a look</a></p></div>
</body></html>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What was made."""

    contacts: tuple[int, ...]
    sent: tuple[MessageKey, ...]
    now: Moment


def letter(name: str, subject: str) -> bytes:
    """A whole message, with both parts."""
    html = HTML.format(subject=subject, name=name)
    return (
        f"From: Corner Shop <hello@shop.example>\r\nTo: {name} <{name.lower()}@example.test>\r\n"
        f"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear {name},\r\n"
        "the first asparagus is in.\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
    ).encode()


def compiled(name: str, links: tuple[str, ...] = ("https://shop.example/asparagus",)) -> Compiled:
    """A compiled template with these links."""
    return Compiled(name=name, hash=name, subject=name, html="<p>x</p>", text="x", links=links)


def fill(store: Store, *, people: int = 240, days: int = 330, seed: int = 1) -> Shop:
    """A year of a shop, always the same for one seed."""
    chance = random.Random(seed)
    ids = store.ids
    now = START + days * DAY
    with store.write() as tx:
        _campaigns(tx)
        contacts = ids.take(people, START)
        born = {one: START + int(chance.betavariate(1, 2.4) * days) * DAY + 9 * HOUR for one in contacts}
        names = {one: f"Household{number}" for number, one in enumerate(contacts, 1)}
        insert = [
            {
                "id": one,
                "email": f"{names[one].lower()}@example.test",
                "created_at": born[one],
                "first_name": names[one],
            }
            for one in contacts
        ]
        tx.execute(table(ContactRow).insert(), insert)
        words = [
            Word(contact_id=one, topic=topic, agreed=True, at=born[one], basis="import: till form")
            for one in contacts
            for topic in ("offers", "news")
        ]
        consents.record(tx, ids, words)
    sent: list[MessageKey] = []
    for one in contacts:
        with store.write() as tx:
            sent += _life(store, tx, chance, one, names[one], born[one], now)
    return Shop(contacts=tuple(contacts), sent=tuple(sent), now=now)


def _campaigns(tx: Tx) -> None:
    for number, (key, (name, steps)) in enumerate(CAMPAIGNS.items(), 1):
        tx.execute(
            table(CampaignRow).insert(),
            {"id": number, "key": key, "name": name, "first_applied_at": START, "active": True},
        )
        tx.execute(
            table(CampaignStepRow).insert(),
            [{"campaign_id": number, "step_id": step, "no": no} for no, step in enumerate(steps, 1)],
        )
        templates.keep(tx, [compiled(step) for step in steps])


def _life(
    store: Store, tx: Tx, chance: random.Random, one: int, name: str, born: Moment, now: Moment
) -> list[MessageKey]:
    """Up the stages for a while, with a campaign at each."""
    sent: list[MessageKey] = []
    at, stage = born, STAGES[0]
    goal = chance.choice((0, 1, 2, 3, 3, 4, 5, 5, 5, 6, 7, 7))
    entries = {
        "prospect": "introductory-offer",
        "customer": "appreciation",
        "client": "loyalty",
        "lapsed": "win-back",
    }
    entered: set[str] = set()
    for to in STAGES[: goal + 1]:
        if to != stage:
            tx.execute(
                table(TransitionRow).insert(),
                {
                    "id": store.ids.take(1, at)[0], "contact_id": one, "line_id": 0, "from_stage": stage,
                    "to_stage": to, "at": at, "rule": "orders.count >= 1", "cause": '{"order": "R-12"}',
                    "superseded_at": 0,
                },
            )  # fmt: skip
            stage = to
        campaign = entries[to.partition("/")[0]]
        if campaign not in entered:
            entered.add(campaign)
            sent += _entry(store, tx, chance, one, name, campaign, to, at, now)
        if to == "customer/repeat":
            sent += _entry(store, tx, chance, one, name, "cross-sell", to, at, now)
        at += chance.randint(4, 50) * DAY
        if at >= now:
            break
    if stage != STAGES[0]:
        tx.execute(
            table(StageRow).insert(), {"contact_id": one, "line_id": 0, "stage": stage, "since": at - DAY}
        )
    return sent


def _entry(
    store: Store,
    tx: Tx,
    chance: random.Random,
    one: int,
    name: str,
    campaign: str,
    stage: str,
    at: Moment,
    now: Moment,
) -> list[MessageKey]:
    campaign_id = list(CAMPAIGNS).index(campaign) + 1
    entry = store.ids.take(1, at)[0]
    goal_at = at + 5 * DAY if chance.random() < 0.3 else 0
    over = at + 20 * DAY < now
    tx.execute(
        table(EnrollmentRow).insert(),
        {
            "id": entry, "campaign_id": campaign_id, "contact_id": one, "line_id": 0, "entry_key": f"t{at}",
            "entered_at": at, "event": "{}", "step_no": 1, "since": at, "due_at": NEVER, "goal_at": goal_at,
            "closed_at": at + 20 * DAY if over else 0,
            "reason": ("goal" if goal_at else "finished") if over else "",
        },
    )  # fmt: skip
    ensure(tx, "messages", [entry])
    sent: list[MessageKey] = []
    for no, step in enumerate(CAMPAIGNS[campaign][1], 1):
        when = at + (no - 1) * 4 * DAY + HOUR
        if when >= now:
            break
        skipped = chance.choice(("goal", "stage", "not-agreed")) if chance.random() < 0.16 else ""
        tx.execute(
            table(MessageRow).insert(),
            {
                "enrollment_id": entry, "step_no": no, "contact_id": one, "campaign_id": campaign_id,
                "line_id": 0, "template": step, "template_hash": step,
                "offer": "first-order-15" if step == "first-order" else "",
                "stage": stage, "planned_at": when - HOUR, "done_at": when,
                "outcome": "skipped" if skipped else "sent", "reason": skipped or "250 ok",
            },
        )  # fmt: skip
        if not skipped:
            sent.append(MessageKey(entry, no))
            _sent(store, tx, chance, sent[-1], one, name, step, when)
    return sent


def _sent(
    store: Store, tx: Tx, chance: random.Random, key: MessageKey, one: int, name: str, step: str, when: Moment
) -> None:
    subject = {"welcome": "Welcome to the Corner Shop", "first-order": "15% off your first basket"}.get(
        step, step.replace("-", " ").capitalize()
    )
    kept = Kept(key=key, at=when, recipient=f"{name.lower()}@example.test", subject=subject)
    inbox.keep(tx, [(kept, pack(letter(name, subject)))])
    tx.execute(
        table(SignRow).insert(),
        {
            "enrollment_id": key.enrollment_id,
            "step_no": key.step_no,
            "kind": "received",
            "contact_id": one,
            "at": when,
        },
    )
    made = []
    if chance.random() < 0.42:
        made.append(Hit(key=key, kind="open", at=when + HOUR, agent=BROWSER, ip="192.0.2.1"))
    if chance.random() < 0.12:
        made.append(
            Hit(key=key, kind="click", link_no=1, at=when + HOUR + 40 * SECOND, agent=BROWSER, ip="192.0.2.1")
        )
    if made:
        hits.record(tx, made, store.ids, when + 2 * HOUR)
