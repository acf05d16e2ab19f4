"""People with odd facts, for comparing what SQL and Python say of them: everything at the edge of a window, of
every type, missing, undone, or still to come."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nurture.clock import DAY, Moment
from nurture.lifecycle.stages import Lifecycle, Stage
from nurture.messages.library import Library
from nurture.offers.offer import Instead, Offer, Unique
from nurture.runner.world import Letters, World
from nurture.settings import Settings
from nurture.store.engine import Store, Tx
from nurture.store.partitions import ensure
from nurture.store.statements import table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    CodeRow,
    ContactRow,
    EnrollmentRow,
    EventRow,
    LineRow,
    OrderFactsRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
    SignRow,
    StageRow,
)

NOW: Moment = 1_700_000_000_000_000
ZONE = "America/Sao_Paulo"
NAMES = ("", "Ann", "ann", "Änne", "O'Neil", "50%", "a_b", "vip", "Z", "😀", '"')
PLACES = ("", "", "Asia/Tokyo", "Europe/Berlin", "No/Where", "America/St_Johns")
COUNTRIES = ("", "DE", "US", "jp", "DE")
STAGES = ("prospect", "prospect/decision", "customer", "customers", "client/a/b")
LINES = {"FLORAL": 1, "SEAFOOD": 2, "O'Line": 3}
SKUS = ("R-12", "R-13", "vip", "X")
ATTRIBUTES = ("tier", "age", "member", "renews_at", "a b", 'q"x', "back\\slash", "$.x", "größe")
TYPED = ("points", "club", "colour")
"""Attributes of which the type is known: number, yes or no, text."""
EVENTS = ("viewed", "answered", "signed_up")
PROPERTIES = ("sku", "score", "at", 'q"x')
CAMPAIGNS = {"intro": 1, "old": 2}
STEPS = ("welcome", "next")
SPANS = (1, 3, 30, 90, 365)
"""In days."""
DATES = (
    "2023-11-14", "2023-11-15", "2023-11-14 09:00", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000001+00:00",
    "2023-02-29", "2024-02-29", "2023-11-05 01:30", "2023-03-12T02:30", "2023-W46-2", "20231114", " 2023-11-14 ",
    "0001-01-01", "9999-12-31", "1893-01-01", "2023-11-14T24:00", "1700000000000000", "2023-11-14 22:13:20+24:00",
)  # fmt: skip
OFFERS = {
    "codes": Offer(
        key="codes", kind="loyalty", says="15% off", discount="15%", codes=Unique(), expires=3 * DAY
    ),
    "plain": Offer(key="plain", kind="loyalty", says="Ann"),
}
OFFERS["out"] = Offer(
    key="out",
    kind="loyalty",
    says="20% off",
    discount="20%",
    codes=Unique(),
    expires=9 * DAY,
    when_out=Instead(offer=OFFERS["codes"]),
)

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 1.0, -1, 2, 41, 0.1, 0.30000000000000004, 1e-300, -9e299, 123456.789, 10**15 - 1,
    NOW, float(NOW), 1e20, "", "1", "true", "gold", *NAMES, *SKUS, *STAGES, *DATES,
)  # fmt: skip
_MOMENTS: tuple[Moment, ...] = (
    NOW, NOW + 1, NOW - 1, NOW + DAY, 1, *(NOW - days * DAY + off for days in SPANS for off in (-1, 0, 1))
)  # fmt: skip


def world(workspace: Path) -> World:
    """What is in force, as far as facts ask."""
    settings = Settings.model_validate(
        {
            "workspace": workspace,
            "timezone": ZONE,
            "secret": "a secret for tests",
            "sender": {"from": "Shop <hello@shop.example>", "address": "1 Main Street"},
            "topics": {"news": {"says": "News"}},
        }
    )
    lifecycle = Lifecycle(stages=tuple(Stage(name=name) for name in STAGES), usual_gap_days=25.5)
    letters = Letters(library=Library({}))
    return World(settings=settings, version=1, lifecycle=lifecycle, offers=OFFERS, live={}, letters=letters)


def fill(store: Store, seed: int, count: int = 30) -> list[int]:
    """Fill an empty database; returns the ids of the contacts."""
    chance = random.Random(seed)
    with store.write() as tx:
        _insert(tx, LineRow, [{"id": id_, "name": name} for name, id_ in LINES.items()])
        _insert(tx, ProductRow, [{"id": at, "sku": sku} for at, sku in enumerate(SKUS, 1)])
        _insert(tx, CampaignRow, [{"id": id_, "key": key} for key, id_ in CAMPAIGNS.items()])
        steps = [
            {"campaign_id": id_, "no": no, "step_id": step}
            for id_ in CAMPAIGNS.values()
            for no, step in enumerate(STEPS, 1)
        ]
        _insert(tx, CampaignStepRow, steps)
        ids = list(range(1, count + 1))
        for id_ in ids:
            _somebody(tx, chance, id_)
    return ids


def _somebody(tx: Tx, chance: random.Random, id_: int) -> None:
    pick, some = chance.choice, chance.random
    tags = list(dict.fromkeys(pick(NAMES) for _ in range(chance.randrange(4))))
    attributes = {name: pick(_VALUES) for name in (*ATTRIBUTES, *TYPED) if some() < 0.6}
    contact = {
        "id": id_, "email": f"{pick(NAMES)}{id_}@example.test", "first_name": pick(NAMES),
        "last_name": pick(NAMES), "locale": pick(("", "de", "en-US")), "timezone": pick(PLACES),
        "country": pick(COUNTRIES), "tags": _json(tags), "attributes": _json(attributes),
        "created_at": pick(_MOMENTS),
    }  # fmt: skip
    _insert(tx, ContactRow, [contact])
    places = [line for line in (0, *LINES.values()) if some() < 0.6]
    stages = [
        {"contact_id": id_, "line_id": line, "stage": pick(STAGES), "since": pick((0, *_MOMENTS))}
        for line in places
    ]
    _insert(tx, StageRow, stages)
    _orders(tx, chance, id_)
    _events(tx, chance, id_)
    _messages(tx, chance, id_)
    codes = [
        {
            "id": id_ * 100 + number * 10 + at, "offer": offer, "contact_id": id_, "issued_at": at,
            "code": pick(("ABC", "vip")), "canonical": "ABC", "own": False, "expires_at": pick((0, *_MOMENTS)),
            "redeemed_at": pick((0, 0, NOW)), "stands_for": pick(("", "out")) if offer == "codes" else "",
        }
        for number, offer in enumerate(OFFERS)
        for at in (1, 2)
        if some() < 0.5
    ]  # fmt: skip
    _insert(tx, CodeRow, codes)


def _orders(tx: Tx, chance: random.Random, id_: int) -> None:
    pick, some = chance.choice, chance.random
    sums = [
        {
            "contact_id": id_, "line_id": line, "count": pick((0, 1, 2, 3, 7)), "total": pick((0, 1, 999, 6001)),
            "first_at": pick((0, *_MOMENTS)), "last_at": pick((0, *_MOMENTS)),
            "usual_gap_days": pick((25.5, 7.0, 0.5)),
        }
        for line in (0, *LINES.values())
        if some() < 0.6
    ]  # fmt: skip
    _insert(tx, OrderFactsRow, sums)
    for no in range(chance.randrange(7)):
        order, at = id_ * 100 + no, pick(_MOMENTS)
        undone = pick((0, 0, 0, *_MOMENTS))
        goods = [
            {
                "order_id": order, "product_id": product, "contact_id": id_,
                "line_id": pick((0, *LINES.values())), "ordered_at": at, "amount": pick((0, 10, 333, -5)),
            }
            for product in range(1, len(SKUS) + 1)
            if some() < 0.4
        ]  # fmt: skip
        whole = {
            "id": order, "order_id": str(order), "contact_id": id_, "ordered_at": at,
            "amount": sum(it["amount"] for it in goods), "undone_at": undone,
        }  # fmt: skip
        _insert(tx, OrderRow, [whole])
        _insert(tx, OrderLineRow, goods)


def _events(tx: Tx, chance: random.Random, id_: int) -> None:
    pick = chance.choice
    happened = [
        {
            "id": id_ * 100 + no, "at": pick(_MOMENTS), "contact_id": id_, "name": pick(EVENTS),
            "properties": _json({it: pick(_VALUES) for it in PROPERTIES if chance.random() < 0.6}),
        }
        for no in range(chance.randrange(7))
    ]  # fmt: skip
    ensure(tx, "events", [it["at"] for it in happened])
    _insert(tx, EventRow, happened)


def _messages(tx: Tx, chance: random.Random, id_: int) -> None:
    pick, some = chance.choice, chance.random
    for no, campaign in enumerate((1, 1, 2)):
        if some() < 0.4:
            continue
        entry = {
            "id": id_ * 10 + no, "campaign_id": campaign, "contact_id": id_, "line_id": 0,
            "entry_key": str(no), "slot": str(no), "entered_at": 1, "step_no": 1,
            "closed_at": pick((0, 1)),
        }  # fmt: skip
        _insert(tx, EnrollmentRow, [entry])
        signs = [
            {
                "enrollment_id": entry["id"], "step_no": step, "kind": kind, "contact_id": id_,
                "at": pick(_MOMENTS),
            }
            for step in (1, 2)
            for kind in ("received", "open", "click", "unsubscribe")
            if some() < 0.5
        ]  # fmt: skip
        _insert(tx, SignRow, signs)


def _insert(tx: Tx, row: Any, rows: Sequence[dict[str, Any]]) -> None:
    """All columns that a row does not name are as the model has them."""
    if rows:
        tx.execute(table(row).insert(), [_whole(row, it) for it in rows])


def _whole(row: Any, given: dict[str, Any]) -> dict[str, Any]:
    defaults = {name: field.default for name, field in row.model_fields.items() if not field.is_required()}
    return {**defaults, **given}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
