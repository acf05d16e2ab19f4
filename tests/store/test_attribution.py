"""Revenue by SQL, against the same worked out by the pure function."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from nurture.clock import DAY, HOUR
from nurture.delivery.outcome import MessageKey
from nurture.engagement.attribution import Bought, Credit, Model, Touch, Way, credit
from nurture.store.attribution import By, credits_of, of_steps, revenue
from nurture.store.engine import Store
from nurture.store.partitions import ensure
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, ContactRow, HitRow, MessageRow, OrderRow
from support.shop import START

MODELS: tuple[Model, ...] = ("last-click", "first-click", "linear")
PEOPLE = 20


class History:
    """Made-up clicks and orders, many of them at the same moments, in the database and by hand."""

    def __init__(self, store: Store, seed: int) -> None:
        chance = random.Random(seed)
        self.touches: dict[int, list[Touch]] = defaultdict(list)
        self.orders: dict[int, list[Bought]] = defaultdict(list)
        self.messages: dict[MessageKey, tuple[int, int, str, str]] = {}
        """Contact, campaign, offer and stage of each."""
        hits = []
        for contact in range(1, PEOPLE + 1):
            for entry in (contact * 10, contact * 10 + 1):
                campaign = 10 + entry % 2
                for step in (1, 2):
                    key = MessageKey(entry, step)
                    offer, stage = chance.choice(("", "welcome-10")), chance.choice(("prospect", "client"))
                    self.messages[key] = (contact, campaign, offer, stage)
                    for _ in range(chance.choice((0, 1, 2))):
                        at = START + chance.randrange(24) * DAY // 2
                        verdict = chance.choice(("human", "human", "scanner", "unknown"))
                        kind = chance.choice(("click", "click", "open"))
                        hits.append((at, key, contact, kind, verdict))
                        if verdict == "human" and kind == "click":
                            self.touches[contact].append(Touch(key=key, at=at))
            for _ in range(chance.choice((0, 1, 3))):
                number = len(self.all_orders()) + 1
                at = START + chance.randrange(28) * DAY // 2
                amount = chance.choice((0, 1, 100, 999, 10**12, -7))
                self.orders[contact].append(
                    Bought(id=number, at=at, amount=amount, undone=chance.random() < 0.2)
                )
        with store.write() as tx:
            ensure(tx, "hits", [at for at, *_ in hits])
            ensure(tx, "messages", [key.enrollment_id for key in self.messages])
            for number in (10, 11):
                tx.execute(table(CampaignRow).insert(), {"id": number, "key": f"c{number}"})
                tx.execute(
                    table(CampaignStepRow).insert(), {"campaign_id": number, "no": 1, "step_id": "first"}
                )
            for contact in range(1, PEOPLE + 1):
                tx.execute(table(ContactRow).insert(), {"id": contact, "email": f"c{contact}@example.test"})
            for key, (contact, campaign, offer, stage) in self.messages.items():
                tx.execute(
                    table(MessageRow).insert(),
                    {
                        "enrollment_id": key.enrollment_id, "step_no": key.step_no, "contact_id": contact,
                        "campaign_id": campaign, "template": "t", "offer": offer, "stage": stage,
                    },
                )  # fmt: skip
            for number, (at, key, contact, kind, verdict) in enumerate(hits):
                tx.execute(
                    table(HitRow).insert(),
                    {
                        "at": at, "id": number, "enrollment_id": key.enrollment_id, "step_no": key.step_no,
                        "contact_id": contact, "kind": kind, "verdict": verdict,
                    },
                )  # fmt: skip
            for contact, those in self.orders.items():
                for it in those:
                    tx.execute(
                        table(OrderRow).insert(),
                        {
                            "id": it.id, "order_id": f"o{it.id}", "contact_id": contact, "ordered_at": it.at,
                            "amount": it.amount, "undone_at": it.at + HOUR if it.undone else 0,
                        },
                    )  # fmt: skip

    def all_orders(self) -> list[Bought]:
        return [it for those in self.orders.values() for it in those]

    def credits(self, contact: int, way: Way) -> tuple[Credit, ...]:
        orders = sorted(self.orders[contact], key=lambda it: (it.at, it.id))
        return credit(orders, self.touches[contact], way)

    def every(self, way: Way) -> list[Credit]:
        return [it for contact in range(1, PEOPLE + 1) for it in self.credits(contact, way)]

    def names(self, by: By, key: MessageKey) -> tuple[str, ...]:
        contact, campaign, offer, stage = self.messages[key]
        step = (f"c{campaign}", "first" if key.step_no == 1 else str(key.step_no))
        match by:
            case "campaign":
                return step[:1]
            case "step":
                return step
            case "offer":
                return (offer,)
            case "stage":
                return (stage,)
            case "message":
                return (*step, f"c{contact}@example.test")


@pytest.mark.parametrize("seed", range(2))
def test_every_report_says_what_the_pure_function_says(store: Store, seed: int) -> None:
    history = History(store, seed)
    credited = 0
    for model in MODELS:
        for within in (2 * DAY, 60 * DAY):
            way = Way(model=model, within=within)
            every = history.every(way)
            credited += len(every)
            with store.read() as tx:
                for contact in range(1, PEOPLE + 1):
                    assert credits_of(tx, contact, way) == history.credits(contact, way)
                for by in ("campaign", "step", "offer", "stage", "message"):
                    found = revenue(tx, by, way)
                    told = {(it.names, it.key): (it.orders, it.amount, it.refunded) for it in found}
                    assert len(told) == len(found)
                    assert told == by_hand(history, by, every)
                    assert [it.amount for it in found] == sorted((it.amount for it in found), reverse=True)
                steps = of_steps(tx, way)
            assert sum(amount for amount, _ in steps.values()) == sum(
                it.amount for it in every if not it.undone
            )
    assert credited > 40


def by_hand(
    history: History, by: By, every: list[Credit]
) -> dict[tuple[tuple[str, ...], MessageKey | None], tuple[int, int, int]]:
    groups: dict[tuple[tuple[str, ...], MessageKey | None], list[Credit]] = defaultdict(list)
    for it in every:
        groups[history.names(by, it.key), it.key if by == "message" else None].append(it)
    return {
        group: (
            len({it.order for it in those if not it.undone}),
            sum(it.amount for it in those if not it.undone),
            sum(it.amount for it in those if it.undone),
        )
        for group, those in groups.items()
    }


def test_one_campaign_alone_and_the_first_few(store: Store) -> None:
    History(store, 1)
    way = Way(within=60 * DAY)
    with store.read() as tx:
        every, mine = revenue(tx, "step", way), revenue(tx, "step", way, campaign="c10")
        assert mine == tuple(it for it in every if it.names[0] == "c10")
        assert len(every) > len(mine) > 0
        assert revenue(tx, "step", way, most=1) == every[:1]


def test_another_model_changes_no_record(store: Store) -> None:
    History(store, 2)
    with store.read() as tx:
        before = [tx.execute(table(row).select()).all() for row in (HitRow, OrderRow, MessageRow)]
        for model in MODELS:
            revenue(tx, "step", Way(model=model, within=DAY))
        assert [tx.execute(table(row).select()).all() for row in (HitRow, OrderRow, MessageRow)] == before
