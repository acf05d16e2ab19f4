"""The overview: who waits for an answer, and what came back of the mail of thirty days; on both engines."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.delivery.outcome import MessageKey
from nurture.settings.mail_in import MailIn
from nurture.store import replies, returned
from nurture.store.engine import Store
from nurture.store.orders import LineGiven, take_orders
from nurture.store.replies import Reply
from nurture.store.statements import table
from nurture.store.tables import CodeRow
from nurture.store.unsubscribe import unsubscribe
from support.shop import Shop, fill
from support.site import Site, browser, made_deps

HOSTILE = "<script>alert(1)</script>\u202egnol\x07" + "x" * 400


def write(site_shop: Shop, store: Store, ages: list[int], subjects: list[str]) -> None:
    """People wrote so long before the page is looked at."""
    with store.write() as tx:
        replies.keep(
            tx,
            [
                Reply(
                    id=number,
                    contact_id=site_shop.contacts[number],
                    email="",
                    at=site_shop.now + HOUR - age,
                    subject=subject,
                    owner="bob@shop.example",
                )
                for number, (age, subject) in enumerate(zip(ages, subjects, strict=True), 1)
            ],
        )


def section(text: str, name: str) -> str:
    """The words of one panel; empty where there is none."""
    found = re.search(rf'<section class="card" aria-labelledby="{name}">(.*?)</section>', text, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


def test_who_waits_longest_stands_first_and_who_waits_too_long_is_late(store: Store, tmp_path: Path) -> None:
    shop = fill(store, people=6)
    deps = made_deps(store, tmp_path, shop.now + HOUR)
    write(shop, store, [MINUTE, 9 * DAY, 5 * DAY, 2 * MINUTE], ["now", HOSTILE, "", "the fourth"])
    with browser(deps) as client:
        text = client.get("/").text
    assert "<script>" not in text
    assert "\u202e" not in text
    words = section(text, "answers")
    assert words.startswith("Waiting for an answer 4 mails, 2 late <script>alert(1)</script> gnol xxx")
    assert "household3@example.test" in words
    order = [words.index(it) for it in ("gnol", "(no subject)", "the fourth")]
    assert order == sorted(order)
    assert words.count(" late ") == 3
    assert words.endswith("All of them: nurture replies")
    assert "x" * 121 not in text
    with store.write() as tx:
        replies.answer(tx, [1, 2, 3], "bob", shop.now + HOUR)
    with browser(deps) as client:
        words = section(client.get("/").text, "answers")
    assert words.startswith("Waiting for an answer 1 mail the fourth household5@example.test")


def test_where_nobody_wrote_it_is_said_only_where_mail_comes_in(site: Site) -> None:
    assert section(site.client.get("/").text, "answers") == ""
    listening = site.deps.settings.model_copy(update={"mail_in": MailIn(listen="127.0.0.1:2525")})
    with browser(replace(site.deps, settings=listening)) as client:
        assert "Everybody who wrote was answered." in section(client.get("/").text, "answers")


def test_what_came_back_is_counted_by_the_mail_of_thirty_days(store: Store, tmp_path: Path) -> None:
    shop = fill(store, people=40)
    deps = made_deps(store, tmp_path, shop.now + HOUR)
    since = shop.now + HOUR - 30 * DAY
    with store.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT enrollment_id, step_no, contact_id, done_at FROM messages WHERE outcome = 'sent'"
        ).all()
    lately = [row for row in rows if row[3] >= since]
    before = [row for row in rows if row[3] < since]
    assert len(lately) == 3
    with store.write() as tx:
        for row in (lately[0], before[0]):
            returned.came_back(tx, {MessageKey(*row[:2]): ("bounced", "5.1.1")})
        returned.complained(tx, [(MessageKey(*row[:2]), row[2], shop.now) for row in (lately[1], before[1])])
        for row in (lately[1], lately[2], before[2]):
            unsubscribe(
                tx,
                MessageKey(*row[:2]),
                ["offers"],
                store.ids,
                shop.now,
                basis="a test",
                still=(),
                expires={},
            )
    with browser(deps) as client:
        words = section(client.get("/").text, "back")
    assert words.startswith(f"Came back of {len(lately)} sent in 30 days Bounced 1 ")
    assert re.search(r"Complained 1 .* Unsubscribed 2 ", words)


@pytest.mark.parametrize("at", ["2016-12-31", "nonsense"])
def test_where_nothing_was_sent_there_is_no_share_of_it(site: Site, at: str) -> None:
    answer = site.client.get("/", params={"at": at})
    assert answer.status_code == 200
    assert bool(section(answer.text, "back")) == (at == "nonsense")


def test_offers_that_somebody_was_given_stand_with_what_they_earned(store: Store, tmp_path: Path) -> None:
    shop = fill(store, people=2)
    deps = made_deps(store, tmp_path, shop.now + HOUR)
    with browser(deps) as client:
        assert section(client.get("/").text, "offers") == ""
        given = {
            "id": 1,
            "offer": "thanks",
            "code": "T-1",
            "canonical": "T1",
            "own": True,
            "discount": "10 USD",
        }
        moments = {
            "made_at": 1,
            "issued_at": 1,
            "handed_at": 1,
            "expires_at": 0,
            "redeemed_at": 0,
            "known_at": 0,
        }
        with store.write() as tx:
            tx.execute(table(CodeRow).insert(), [{**given, **moments, "contact_id": shop.contacts[1]}])
            for number in ("first", "second"):
                row = LineGiven(
                    order_id=number, email="eve@x.example", ordered_at=shop.now, sku="R", quantity=1,
                    amount=5_000, code="t1",
                )  # fmt: skip
                take_orders(tx, store.ids, [row], shop.now)
        words = section(client.get("/").text, "offers")
    assert "thanks 2 misused 1 1 0 20 0" in words
    assert "In USD" in words
