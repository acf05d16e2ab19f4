"""Whether a code is good, as a shop's checkout asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nurture.clock import DAY
from nurture.store.engine import open_store
from nurture.store.statements import table
from nurture.store.tables import CodeRow
from support.api_site import ApiSite, api_site
from support.databases import START

_codes = table(CodeRow)


def give(api: ApiSite, code: str, contact: int, **more: Any) -> None:
    now = api.corner.now
    row = {
        "id": api.store.ids.take(1, now)[0],
        "offer": "first-order",
        "code": code,
        "canonical": code.replace("-", ""),
        "own": True,
        "contact_id": contact,
        "made_at": now,
        "issued_at": now,
        "handed_at": now,
        "expires_at": now + DAY,
        "redeemed_at": 0,
        "known_at": 0,
        "discount": "15%",
    }
    with api.store.write() as tx:
        tx.execute(_codes.insert(), [row | more])


def ask(api: ApiSite, code: str, key: str = "everything") -> Any:
    response = api.ask("GET", f"/codes/{code}", key=key)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_code_is_told_however_it_was_typed_and_the_address_only_to_who_may_read_it(api: ApiSite) -> None:
    ann = api.corner.contact("code-ann@example.test", external_id="code-ann")
    give(api, "FIRST-AAAAA-AAAAA", ann)
    told = ask(api, "first%20aaaaa-AAAAA")
    assert told["good"]
    assert (told["code"], told["offer"], told["why"]) == ("FIRST-AAAAA-AAAAA", "first-order", "")
    assert (told["says"], told["discount"], told["unique"]) == ("15% off your first order", "15%", True)
    assert (told["external_id"], told["email"]) == ("code-ann", "code-ann@example.test")
    api.key("only codes", "codes:read")
    assert "code-ann@" not in api.ask("GET", "/codes/FIRST-AAAAA-AAAAA", key="only codes").text


@pytest.mark.parametrize(
    ("code", "more", "why"),
    [
        ("B-1", {"expires_at": 1}, "expired"),
        ("B-2", {"redeemed_at": 1}, "redeemed"),
        ("B-3", {"contact_id": 0}, "not given"),
        ("B-4", {"expires_at": 0}, ""),
        ("B-5", {"contact_id": -1}, ""),
    ],
)
def test_a_code_that_is_no_good_says_why(api: ApiSite, code: str, more: dict[str, int], why: str) -> None:
    bob = api.corner.contact("code-bob@example.test")
    give(api, code, bob, **more)
    told = ask(api, code)
    assert (told["good"], told["why"]) == (not why, why)


def test_whether_a_contact_can_use_it_is_told_by_their_id(api: ApiSite) -> None:
    cid = api.corner.contact("code-cid@example.test", external_id="code-cid")
    dan = api.corner.contact("code-dan@example.test", external_id="code-dan")
    give(api, "C-1", cid)
    give(api, "WELCOME", dan, own=False)
    whys = {
        (code, who): ask(api, f"{code}?external_id={who}")["why"]
        for code in ("C-1", "WELCOME")
        for who in ("code-cid", "code-dan", "nobody")
    }
    assert whys == {
        ("C-1", "code-cid"): "",
        ("C-1", "code-dan"): "somebody else",
        ("C-1", "nobody"): "somebody else",
        ("WELCOME", "code-cid"): "not given",
        ("WELCOME", "code-dan"): "",
        ("WELCOME", "nobody"): "not given",
    }
    told = ask(api, "WELCOME")
    assert (told["good"], told["external_id"], told["email"], told["expires_at"]) == (True, "", None, None)


@pytest.mark.parametrize("code", ["NO-SUCH-CODE", "%00", "---", "%F0%9F%8E%81", "%ED%A0%80", "A" * 100])
def test_a_code_that_is_not_ours_is_not_found(api: ApiSite, code: str) -> None:
    assert api.ask("GET", f"/codes/{code}").status_code == 404


def test_what_no_code_can_be_is_refused(api: ApiSite) -> None:
    assert api.ask("GET", f"/codes/{'A' * 101}").status_code == 422
    assert api.ask("GET", "/codes/A?external_id=%00").status_code in (404, 422)
    assert api.ask("GET", f"/codes/A?external_id={'x' * 300}").status_code == 422


def test_guessing_is_held_up_like_everything_else(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    with api_site(store, tmp_path, per_minute=60) as site:
        site.key("guesser", "codes:read")
        statuses = [site.ask("GET", f"/codes/G{no}", key="guesser").status_code for no in range(15)]
    store.close()
    assert statuses[0] == 404
    assert statuses[-1] == 429
