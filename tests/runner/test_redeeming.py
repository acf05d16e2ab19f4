"""A code from the message that carried it to the order that bears it, and what knows of it then."""

from __future__ import annotations

from pathlib import Path

from nurture.cli.explain_codes import code_as_dict, codes_in_words
from nurture.clock import DAY, HOUR
from nurture.runner.account import account
from nurture.store import orders
from nurture.store.engine import Store
from nurture.store.orders import LineGiven, Status
from nurture.store.redemptions import discount_given
from support.corner import START, Corner, files, letter, opened

WELCOME = """\
name: Welcome
topic: offers
offer: thanks
enter: {on: signed_up}
exit: offer.redeemed
sequence:
  - send: one
  - wait: 3 days
  - send: two
  - wait: 3 days
  - send: three
"""
OFFERS = """\
thanks:
  kind: appreciation
  says: 15% off
  discount: 15%
  code: unique
  expires: 14 days
"""
CODED = letter("{{ offer.code }}", "Your code: {{ offer.code }}, used: {{ offer.redeemed }}")


def shop(campaign: str) -> dict[str, str]:
    return files({"welcome": campaign}, {"one": CODED, "two": CODED}) | {"campaigns/offers.yaml": OFFERS}


def order(corner: Corner, email: str, number: str, code: str, status: Status = "paid") -> None:
    given = LineGiven(
        order_id=number, email=email, ordered_at=corner.now, sku="R-1", quantity=1, amount=8_500, code=code,
        status=status,
    )  # fmt: skip
    with corner.store.write() as tx:
        orders.upsert_orders(tx, corner.store.ids, [given], corner.now)


def told(corner: Corner, contact: int) -> tuple[list[str], list[object]]:
    """What explain says of their codes, as lines and as documents."""
    app = corner.app
    with corner.store.read() as tx:
        found = account(tx, corner.world(), contact, app.address_key, corner.now)
    assert found is not None
    lines = list(codes_in_words(found.codes, found.currency, found.zone))
    return lines, [code_as_dict(it, found.currency) for it in found.codes]


def test_an_order_with_the_code_ends_what_waits_for_it_and_explain_says_so(
    store: Store, tmp_path: Path
) -> None:
    with opened(store, tmp_path, shop(WELCOME)) as corner:
        ann = corner.contact("ann@x.example")
        bob = corner.contact("bob@x.example")
        for who in ("ann", "bob"):
            corner.event(f"{who}@x.example", "signed_up", START)
        corner.until(START + DAY)
        codes = {who: code for who, code, _ in corner.inbox()}
        mine = codes["ann@x.example"]
        order(corner, "ann@x.example", "o1", mine.lower().replace("-", " "))
        corner.until(START + 2 * DAY)
        order(corner, "bob@x.example", "o2", mine)
        corner.until(START + 10 * DAY)
        sent = [(who, round(hours / 24)) for who, _, hours in corner.inbox()]
        assert [day for who, day in sent if who == "ann@x.example"] == [0]
        assert len([day for who, day in sent if who == "bob@x.example"]) == 3
        with store.read() as tx:
            assert discount_given(tx, ["thanks"]) == {"thanks": 3_000}
        lines, (document,) = told(corner, ann)
        assert [line[18:] for line in lines] == [
            f"was given {mine} for thanks, good until 2017-01-15 00:00",
            f"order o1 bears {mine} and redeemed it; that cost 15.00 USD",
            f"order o2 of somebody else bears {mine} and used it; that cost 15.00 USD",
        ]
        assert isinstance(document, dict)
        assert [use["verdict"] for use in document["uses"]] == ["redeemed", "somebody else"]
        lines, _ = told(corner, bob)
        assert f"order o2 bears {mine}, which is not theirs, and used it" in lines[-1]


def test_an_order_that_is_undone_lets_the_reminder_go_out(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, shop(WELCOME.replace("exit: offer.redeemed\n", ""))) as corner:
        corner.contact("ann@x.example")
        corner.event("ann@x.example", "signed_up", START)
        corner.until(START + HOUR)
        ((_, code, _),) = corner.inbox()
        order(corner, "ann@x.example", "o1", code)
        order(corner, "ann@x.example", "o1", code, "refunded")
        corner.until(START + 4 * DAY)
        assert b"used: False" in corner.contents()[1]
