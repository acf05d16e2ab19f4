"""POST /in/{source}: who is believed, what becomes of it, and that nothing a stranger posts is too much."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from nurture.clock import MINUTE
from nurture.providers.sns import Sns
from nurture.store.engine import Store, open_store
from nurture.store.suppressions import release, suppressed
from nurture.web.incoming import Incoming
from support import told
from support.amazon import Amazon
from support.corner import Corner, files, opened
from support.site import Browser, browser
from support.told import NOW, SECRET, TOPIC, WHSEC, Posted

SOURCES = {
    "ses": {"topics": [TOPIC]},
    "sendgrid": {"public_key": told.sendgrid_public()},
    "mailgun": {"secret": f"{told.OLDER},{SECRET}"},
    "postmark": {"secret": SECRET},
    "generic": {"secret": WHSEC},
    "shopify": {"secret": SECRET, "consent": ["news"]},
    "stripe": {"secret": SECRET, "consent": ["news"]},
    "woocommerce": {"secret": SECRET},
}
BOUNCES: dict[str, Posted] = {
    "sendgrid": told.sendgrid(told.SENDGRID),
    "mailgun": told.mailgun(told.MAILGUN),
    "postmark": told.postmark(told.POSTMARK),
    "generic": told.generic(told.dumped(told.GENERIC)),
}


@contextmanager
def told_to(store: Store, folder: Path) -> Iterator[tuple[Corner, Browser]]:
    """A shop with every source set up, in which Ann is, and its web application."""
    with opened(store, folder, files({}), sources=SOURCES) as corner:
        corner.clock.move_to(NOW)
        corner.contact("ann@example.test")
        with alone(corner, Sns()) as client:
            yield corner, client


def alone(corner: Corner, sns: Sns) -> Browser:
    """The routes under /in/ without all the others, which take their time to be put together."""
    routes = Incoming(corner.app.web(corner.world), sns).routes()
    return Browser(Starlette(routes=routes), ("127.0.0.1", 50000))


@pytest.fixture
def here(store: Store, tmp_path: Path) -> Iterator[tuple[Corner, Browser]]:
    with told_to(store, tmp_path) as it:
        yield it


@pytest.fixture
def on_sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Corner, Browser]]:
    store = open_store(sqlite_url, now=0, durable=False, patience=0.05)
    with told_to(store, tmp_path) as it:
        yield it
    store.close()


def post(client: Browser, source: str, posted: Posted) -> int:
    headers, body = posted
    return client.post(f"/in/{source}", content=body, headers=headers).status_code


def kept(corner: Corner) -> list[tuple[str, str, str, str]]:
    return [
        tuple(it) for it in corner.rows("SELECT source, kind, recipient, reason FROM arrivals ORDER BY id")
    ]


def is_suppressed(corner: Corner, email: str = "ann@example.test") -> bool:
    with corner.store.read() as tx:
        return email in suppressed(tx, corner.app.address_key, [email])


def test_a_bounce_suppresses_and_is_kept_as_it_came_and_the_same_again_is_harmless(
    here: tuple[Corner, Browser],
) -> None:
    corner, client = here
    for number, (source, posted) in enumerate(BOUNCES.items(), 1):
        assert [post(client, source, posted) for _ in range(3)] == [200, 200, 200]
        assert is_suppressed(corner)
        assert kept(corner)[-1][:3] == (source, "bounced", "ann@example.test")
        [*before, (content,)] = corner.rows("SELECT content FROM arrivals ORDER BY id")
        assert len(before) == number - 1
        whole = json.loads(posted[1])
        assert json.loads(zlib.decompress(content)) == (whole[0] if isinstance(whole, list) else whole)
        with corner.store.write() as tx:
            release(tx, corner.app.address_key, ["ann@example.test"])


def test_what_is_not_signed_changes_nothing(on_sqlite: tuple[Corner, Browser]) -> None:
    corner, client = on_sqlite
    for source in SOURCES:
        _, body = BOUNCES.get(source, ({}, told.dumped(told.SHOPIFY)))
        unsigned = body.replace(b'"signature"', b'"no signature"')
        assert post(client, source, ({}, unsigned)) == 401
        assert post(client, source, ({"x-shopify-topic": "orders/paid"}, b"")) == 401
    assert not is_suppressed(corner) and kept(corner) == []
    assert corner.rows("SELECT 1 FROM orders") == []


def test_only_post_and_only_where_a_source_is_set_up_and_four_megabytes_at_most(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    sources = {"mailgun": {"secret": SECRET}, "generic": {"secret": WHSEC}}
    with opened(store, tmp_path, files({}), sources=sources) as corner:
        corner.clock.move_to(NOW)
        with browser(corner.app.web(corner.world)) as client:
            for name in ("sendgrid", "ses", "nobody", "secrets", "__class__"):
                assert client.post(f"/in/{name}", content=b"{}").status_code == 404
            for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
                assert client.request(method, "/in/mailgun").status_code == 405
            assert post(client, "mailgun", BOUNCES["mailgun"]) == 200
            assert client.post("/in/mailgun", content=b" " * (4 * 1024 * 1024 + 1)).status_code == 413
            large = ["x" * (4 * 1024 * 1024 - 2_000)]
            assert post(client, "generic", told.generic(told.dumped({**told.GENERIC, "tags": large}))) == 200
            # Anybody can have this one read: its signature stands inside.
            assert post(client, "mailgun", told.mailgun(told.changed(told.MAILGUN, tags=large))) == 401
    store.close()


def test_many_events_at_once_are_taken_at_once(on_sqlite: tuple[Corner, Browser]) -> None:
    corner, client = on_sqlite
    events = [
        told.changed(told.SENDGRID, event=word, sg_event_id=f"{word} {no}", email=f"{no}@example.test")
        for word in ("delivered", "bounce", "open")
        for no in range(20)
    ]
    assert post(client, "sendgrid", told.sendgrid(*events, *events)) == 200
    assert len(kept(corner)) == 60
    assert is_suppressed(corner, "7@example.test")


def test_what_was_new_is_counted_by_source_and_kind(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    with opened(store, tmp_path, files({}), sources={"generic": {"secret": WHSEC}}) as corner:
        corner.clock.move_to(NOW)
        deps = corner.app.web(corner.world)
        with browser(deps) as client:
            for _ in range(2):
                assert post(client, "generic", BOUNCES["generic"]) == 200
        assert deps.counts.arrivals == {("generic", "bounced"): 1}
    store.close()


def test_a_token_of_mailguns_brings_one_event_and_no_other(on_sqlite: tuple[Corner, Browser]) -> None:
    corner, client = on_sqlite
    assert post(client, "mailgun", told.mailgun(told.changed(told.MAILGUN, event="accepted"))) == 200
    stolen = told.mailgun(told.changed(told.MAILGUN, id="another"))
    assert post(client, "mailgun", stolen) == 200
    assert not is_suppressed(corner)
    assert [it[1] for it in kept(corner)] == ["ignored"]
    assert (
        post(client, "mailgun", told.mailgun(told.changed(told.MAILGUN, id="third"), token="f" * 25)) == 200
    )
    assert is_suppressed(corner)


def test_while_the_database_cannot_be_written_the_source_is_told_to_try_again(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, client = on_sqlite
    other = sqlite3.connect(corner.store.where, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for source, posted in BOUNCES.items():
        answer = client.post(f"/in/{source}", content=posted[1], headers=posted[0])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    order = told.shopify("orders/paid", told.dumped(told.SHOPIFY))
    assert post(client, "shopify", order) == 503
    other.execute("ROLLBACK")
    other.close()
    assert [post(client, source, posted) for source, posted in BOUNCES.items()] == [200] * 4
    assert post(client, "shopify", order) == 200
    assert is_suppressed(corner)
    assert len(corner.rows("SELECT 1 FROM orders")) == 1


def test_an_order_comes_in_with_its_buyer_and_the_consent_they_gave(here: tuple[Corner, Browser]) -> None:
    corner, client = here
    order = told.shopify("orders/paid", told.dumped(told.SHOPIFY))
    assert [post(client, "shopify", order) for _ in range(2)] == [200, 200]
    assert corner.rows("SELECT order_id, amount, code, status FROM orders") == [
        ("450789469", 43_800, "TENOFF", "paid")
    ]
    words = "SELECT c.first_name, w.topic, w.basis FROM consents w JOIN contacts c ON c.id = w.contact_id"
    assert corner.rows(f"{words} WHERE c.email = 'bob.norman@mail.example.test'") == [
        ("Bob", "news", "shopify: agreed at the checkout")
    ]
    assert kept(corner) == [("shopify", "order", "bob.norman@mail.example.test", "orders/paid")]


def test_what_a_shop_signed_and_nobody_can_read_is_kept_with_the_reason(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, client = on_sqlite
    euros = told.dumped(told.changed(told.SHOPIFY, currency="EUR"))
    assert post(client, "shopify", told.shopify("orders/paid", euros)) == 200
    assert post(client, "shopify", told.shopify("orders/paid", b"no JSON")) == 200
    assert post(client, "woocommerce", told.woocommerce("order.updated", b'{"id": 1}')) == 200
    assert [(it[1], it[3]) for it in kept(corner)] == [
        ("unreadable", "currency is EUR; this workspace keeps its amounts in USD"),
        ("unreadable", "it is not JSON"),
        ("unreadable", "it is not an order"),
    ]
    assert corner.rows("SELECT 1 FROM orders") == []


def test_what_woocommerce_posts_to_try_the_address_is_answered_and_nothing_else_unsigned(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, client = on_sqlite
    assert post(client, "woocommerce", ({}, b"webhook_id=142")) == 200
    assert post(client, "woocommerce", ({}, b"webhook_id=142&more=1")) == 401
    assert post(client, "shopify", ({}, b"webhook_id=142")) == 401
    assert kept(corner) == []


def with_amazon(corner: Corner, amazon: Amazon) -> Browser:
    return alone(corner, Sns(ca_file=amazon.ca_file, place=amazon.place))


def test_ses_is_subscribed_to_and_then_believed(on_sqlite: tuple[Corner, Browser]) -> None:
    corner, _ = on_sqlite
    with Amazon() as amazon, with_amazon(corner, amazon) as client:
        assert post(client, "ses", ({}, told.dumped(told.subscription()))) == 200
        assert [line.split("&")[0] for line in amazon.lines[1:]] == ["GET /?Action=ConfirmSubscription"]
        bounce = told.dumped(told.sns(told.SES_BOUNCE, version="2"))
        assert [post(client, "ses", ({}, bounce)) for _ in range(2)] == [200, 200]
        assert len(amazon.lines) == 2
    assert is_suppressed(corner)
    assert kept(corner) == [("ses", "bounced", "ann@example.test", "5.1.1")]


def test_another_topic_or_a_wrong_signature_is_refused_and_confirms_nothing(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, _ = on_sqlite
    with Amazon() as amazon, with_amazon(corner, amazon) as client:
        foreign = TOPIC.replace("123456789012", "999999999999")
        for fields in (told.subscription(TopicArn=foreign), told.sns(told.SES_BOUNCE, TopicArn=foreign)):
            assert post(client, "ses", ({}, told.dumped(fields))) == 401
        assert amazon.lines == []
        for fields in (
            told.subscription() | {"Token": "another"},
            told.sns(told.SES_BOUNCE, sign=False),
            told.subscription() | {"Signature": ""},
        ):
            assert post(client, "ses", ({}, told.dumped(fields))) == 401
        assert len(amazon.lines) == 1
    assert not is_suppressed(corner) and kept(corner) == []


def test_ses_is_told_to_try_again_while_its_certificate_cannot_be_had(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, _ = on_sqlite
    with Amazon() as amazon, with_amazon(corner, amazon) as client:
        amazon.says = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"
        bounce = ({}, told.dumped(told.sns(told.SES_BOUNCE)))
        assert post(client, "ses", bounce) == 503
        amazon.says = None
        assert post(client, "ses", bounce) == 200
    assert is_suppressed(corner)


ODD: list[object] = [
    None, True, -1, 10**30, 1e308, "", "\x00", "\ud800", "a@b.test", "x" * 5_000, [], {}, [[]], [None], {"a": []},
    "9999-12-31T23:59:59Z", "-0", "1e999999", [{"id": {}}],
]  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy in which about one part in fifteen is something else, or gone."""
    if chance.random() < 0.07:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {
            key: mutated(it, chance)
            for key, it in value.items()
            if chance.random() > 0.03 or key == "signature"
        }
    if isinstance(value, list):
        return [mutated(it, chance) for it in value for _ in range(chance.choice([1, 1, 1, 1, 2]))]
    return value


def ascii_dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def _generic(value: Any) -> Posted:
    return told.generic(ascii_dumped(value))


MUTATED: dict[str, tuple[Any, Callable[[Any], Posted]]] = {
    "sendgrid": ([told.SENDGRID] * 3, lambda it: told.sendgrid(body=ascii_dumped(it))),
    "postmark": (told.POSTMARK, lambda it: (told.postmark({})[0], ascii_dumped(it))),
    "generic": ({"events": [told.GENERIC] * 2}, _generic),
    "shopify": (
        told.changed(
            told.SHOPIFY,
            refunds=[told.shopify_refund(1, (466157049, "IPOD-GREEN", 1, "9.00"), adjusted="-1")],
        ),
        lambda it: told.shopify("orders/updated", ascii_dumped(it)),
    ),
    "woocommerce": (told.WOOCOMMERCE, lambda it: told.woocommerce("order.updated", ascii_dumped(it))),
}


STRIPE: dict[str, dict[str, Any]] = {
    "checkout.session.completed": told.CHECKOUT,
    "invoice.paid": told.INVOICE,
    "charge.refunded": told.CHARGE,
    "payment_intent.succeeded": {"id": "pi_5", "metadata": {"sku": "A"}, "receipt_email": "a@b.test"},
}


def test_no_signed_body_however_odd_is_answered_with_an_error(on_sqlite: tuple[Corner, Browser]) -> None:
    corner, client = on_sqlite
    for source, (base, signed) in MUTATED.items():
        chance = random.Random(source)
        for _ in range(40):
            assert post(client, source, signed(mutated(base, chance))) == 200
    for kind, it in STRIPE.items():
        chance = random.Random(kind)
        for number in range(20):
            body = ascii_dumped(told.stripe_event(kind, mutated(it, chance), f"{kind} {number}"))
            assert post(client, "stripe", (told.stripe_signed(body), body)) == 200
    assert {it[0] for it in kept(corner)} == {*MUTATED, "stripe"}
    assert len(kept(corner)) > 150


@pytest.mark.nightly
def test_no_signed_body_in_thousands_is_answered_with_an_error(here: tuple[Corner, Browser]) -> None:
    _, client = here
    chance = random.Random(1)
    for _ in range(1_000):
        for source, (base, signed) in MUTATED.items():
            assert post(client, source, signed(mutated(base, chance))) == 200
        for kind, it in STRIPE.items():
            body = ascii_dumped(told.stripe_event(kind, mutated(it, chance), f"evt_{chance.random()}"))
            assert post(client, "stripe", (told.stripe_signed(body), body)) == 200


def test_a_refusal_is_logged_once_a_minute(
    on_sqlite: tuple[Corner, Browser],
) -> None:
    corner, client = on_sqlite
    with capture_logs() as logs:
        for _ in range(3):
            post(client, "generic", ({}, b"{}"))
        corner.clock.move_to(NOW + MINUTE)
        post(client, "generic", ({}, b"{}"))
    assert len([it for it in logs if "the signature is wrong" in str(it)]) == 2
