"""What is asked of every request: once, not too often, of the right type and size; what is wrong, as RFC 9457 says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.clock import DAY, HOUR, MINUTE
from nurture.errors import StoreError
from nurture.runner.api_keys import hash_of, is_well_formed
from nurture.runner.nightly import forget
from nurture.store import api_keys, idempotent
from nurture.store.engine import Store, open_store
from nurture.store.idempotent import Again
from nurture.web.api.batches import LONGEST_LINE, Lines
from nurture.web.api.keys import CACHED_SECONDS, KeyRing
from nurture.web.api.limits import Buckets
from nurture.web.api.problems import KINDS, Problem
from support.api_site import ApiSite, api_site
from support.databases import START

SEEN = {"email": "ann@example.test", "name": "seen"}
ONE = {"email": "ann@example.test", "template": "shipped", "properties": {"order": "1001"}}


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[ApiSite]:
    with api_site(store, tmp_path) as opened:
        yield opened


def test_the_same_request_under_one_key_is_answered_once(site: ApiSite) -> None:
    first = site.ask("POST", "/events", SEEN, again='"8e03978e"')
    again = site.ask("POST", "/events", SEEN, again="8e03978e")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["taken"] == 1
    other = site.ask("POST", "/events", {**SEEN, "name": "left"}, again="8e03978e")
    assert (other.status_code, other.json()["type"]) == (422, "/api/v1/problems#key-reused")
    path = site.ask("POST", "/products", SEEN, again="8e03978e")
    assert path.status_code == 422
    wrong = [site.ask("POST", "/products", {"name": "Tea"}, again="tea") for _ in (1, 2)]
    assert [it.status_code for it in wrong] == [422, 422]
    assert [it.headers["content-type"] for it in wrong] == ["application/problem+json"] * 2
    assert len(site.rows("SELECT id FROM events")) == 1


def test_keys_of_two_callers_are_not_the_same(api: ApiSite) -> None:
    api.key("other", "events:write")
    assert api.post("/events", SEEN, again="k")["taken"] == 1
    assert "idempotent-replayed" not in api.ask("POST", "/events", SEEN, again="k", key="other").headers


def test_an_answer_is_given_again_for_a_day(store: Store) -> None:
    with store.write() as tx:
        assert idempotent.begin(tx, 1, "k", "a", START) == "fresh"
        assert idempotent.begin(tx, 1, "k", "a", START) == "under way"
        assert idempotent.begin(tx, 1, "k", "b", START) == "other"
        assert idempotent.begin(tx, 1, "k", "b", START + 5 * MINUTE) == "fresh"
        idempotent.finish(tx, 1, "k", status=200, answer="{}")
        kept = Again(status=200, answer="{}")
        assert idempotent.begin(tx, 1, "k", "b", START + DAY) == kept
        assert idempotent.begin(tx, 1, "k", "c", START + DAY + 5 * MINUTE) == "fresh"
        idempotent.release(tx, 1, "k")
        assert idempotent.begin(tx, 1, "k", "d", START + DAY) == "fresh"
    forget(store, START + 2 * DAY - HOUR)
    with store.write() as tx:
        assert idempotent.begin(tx, 1, "k", "d", START + DAY) == "under way"
    forget(store, START + 2 * DAY + 1)
    with store.write() as tx:
        assert idempotent.begin(tx, 1, "k", "d", START + DAY) == "fresh"


def test_while_the_first_is_under_way_the_second_is_told_so(api: ApiSite) -> None:
    assert api.post("/events", SEEN, again="k")["taken"] == 1
    with api.store.write() as tx:
        # As it is before its answer is there.
        tx.exec_driver_sql("UPDATE idempotent SET status = 0, answer = ''")
    second = api.ask("POST", "/events", SEEN, again="k")
    assert (second.status_code, second.json()["type"]) == (409, "/api/v1/problems#under-way")
    assert second.headers["retry-after"] == "1"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, '"', "a\tb"])
def test_what_is_no_idempotency_key_is_refused(api: ApiSite, key: str) -> None:
    answer = api.ask("POST", "/events", SEEN, idempotency_key=key)
    assert answer.status_code == (200 if key == '"' else 400)


def test_a_message_needs_a_key_and_goes_out_once(site: ApiSite) -> None:
    contact = site.corner.contact("ann@example.test", "news", first_name="Ann")
    assert contact
    missing = site.ask("POST", "/messages", ONE)
    assert (missing.status_code, missing.json()["type"]) == (400, "/api/v1/problems#key-missing")
    first = site.ask("POST", "/messages", {**ONE, "key": "shipped-1001"})
    assert (first.status_code, first.json()["state"]) == (202, "planned")
    assert site.post("/messages", {**ONE, "key": "shipped-1001"})["id"] == first.json()["id"]
    assert site.post("/messages", ONE, again="k") == site.post("/messages", ONE, again="k")
    site.corner.until(site.corner.now + MINUTE)
    assert [it[:2] for it in site.corner.inbox()] == [("ann@example.test", "Order 1001")] * 2
    told = site.ask("GET", first.headers["location"].removeprefix("/api/v1")).json()
    assert (told["state"], told["template"], told["reason"]) == ("sent", "shipped", "kept in the inbox")
    forged = first.json()["id"][:-1] + ("A" if first.json()["id"][-1] != "A" else "B")
    assert site.ask("GET", f"/messages/{forged}").status_code == 404


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"template": "shippd"}, "shipped"),
        ({"properties": {"a b": 1}}, "letters, digits and _"),
        ({"properties": {"n": 10**16}}, "beyond reckoning"),
        ({"email": ""}, "one of the two"),
        ({"email": "", "external_id": "c-404"}, "c-404"),
        ({"colour": "blue"}, "/colour"),
        ({"locale": 7}, "/locale"),
    ],
)
def test_a_message_that_cannot_be_says_why(api: ApiSite, more: dict[str, object], says: str) -> None:
    answer = api.ask("POST", "/messages", {**ONE, "key": "k", **more})
    assert (answer.status_code, says in answer.json()["detail"]) == (422, True)


def test_who_asks_too_often_is_told_when_to_come_back(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=START, durable=False)
    with api_site(store, tmp_path, per_minute=5) as site:
        site.key("other", "events:write")
        answers = [site.ask("POST", "/events", SEEN) for _ in range(6)]
        assert [it.status_code for it in answers] == [200] * 5 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"key";q=5;w=60'
        assert answers[0].headers["ratelimit"].startswith('"key";r=4;t=')
        assert 0 < int(answers[-1].headers["retry-after"]) <= 12
        assert site.ask("POST", "/events", SEEN, key="other").status_code == 200
    store.close()


def test_a_bucket_fills_with_time() -> None:
    now = 0.0
    buckets = Buckets(60, lambda: now)
    spent = [buckets.spend("a").is_over for _ in range(11)]
    assert spent == [False] * 10 + [True]
    now = 0.5
    assert buckets.spend("a").wait == 1
    now = 1.0
    assert [buckets.spend("a").is_over for _ in (1, 2)] == [False, True]
    now = 100.0
    assert buckets.spend("a").remaining == 9


def test_a_key_that_is_revoked_opens_nothing_after_seconds(site: ApiSite) -> None:
    now = 0.0
    ring = KeyRing(site.store, site.corner.clock, lambda: now)
    header = f"Bearer {site.keys['everything']}"
    unknown = ring.cached(header)
    assert isinstance(unknown, str)
    assert ring.look_up(unknown) == ring.cached(header)
    with site.store.write() as tx:
        assert api_keys.revoke(tx, "everything", site.corner.now)
        assert not api_keys.revoke(tx, "everything", site.corner.now)
    now = CACHED_SECONDS
    assert CACHED_SECONDS < 5
    again = ring.cached(header)
    assert isinstance(again, str)
    with pytest.raises(Problem, match="revoked"):
        ring.look_up(again)


def test_when_a_key_was_used_is_kept_to_the_hour(site: ApiSite) -> None:
    site.corner.clock.move_to(START + 90 * MINUTE)
    site.ask("GET", "/contacts/c-1")
    with site.store.read() as tx:
        found = api_keys.find(tx, hash_of(site.keys["everything"]))
    assert found is not None
    assert found.used_at == START + HOUR


def test_only_the_hash_of_a_key_is_kept(api: ApiSite) -> None:
    key = api.keys["everything"]
    assert is_well_formed(key)
    assert not is_well_formed(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not any(key[3:20] in str(row) for row in api.rows("SELECT * FROM api_keys"))


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "kind"),
    [
        ("GET", "/nothing", None, {}, "not-found"),
        ("GET", "/con%0Atacts", None, {}, "not-found"),
        ("POST", "/contacts/", {}, {}, "not-found"),
        ("DELETE", "/contacts", None, {}, "method-not-allowed"),
        ("PUT", "/events", {}, {}, "method-not-allowed"),
        ("POST", "/events", None, {}, "wrong-type"),
        ("POST", "/events", b"a=1", {"content_type": "application/x-www-form-urlencoded"}, "wrong-type"),
        ("POST", "/events", b"{}", {"content_type": "text/plain"}, "wrong-type"),
        ("POST", "/visitors", b"{}\n", {"content_type": "application/x-ndjson"}, "wrong-type"),
        ("POST", "/events", b"", {"content_type": "application/json"}, "malformed"),
        ("POST", "/events", b"{", {}, "malformed"),
        ("POST", "/events", b"[" * 100_000, {}, "malformed"),
        ("POST", "/events", b"\xff", {}, "malformed"),
        ("POST", "/events", [], {"content_type": "application/json"}, "malformed"),
        ("POST", "/visitors", b"{", {}, "malformed"),
        ("POST", "/visitors", b"\xff{", {}, "malformed"),
        ("POST", "/visitors", b"[" * 100_000, {}, "malformed"),
        ("POST", "/visitors", b'{"email": "\\ud800"}', {}, "not-valid"),
        ("POST", "/visitors", {"email": "no address"}, {}, "not-valid"),
        ("POST", "/visitors", {"email": "a@b.example", "external_id": "1"}, {}, "not-valid"),
        ("POST", "/events", b" " * (1024 * 1024 + 1), {}, "too-large"),
        ("POST", "/events", b" " * (16 * 1024 * 1024 + 1), {"content_type": "application/x-ndjson"}, "too-large"),
        ("GET", "/contacts/ann@example.test", None, {}, "not-valid"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem_that_has_a_page(
    api: ApiSite, method: str, path: str, body: object, headers: dict[str, str], kind: str
) -> None:
    answer = api.ask(method, path, body, **headers)
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (told["type"], told["title"]) == (f"/api/v1/problems#{kind}", KINDS[kind].title)
    assert answer.status_code == told["status"] == KINDS[kind].status
    assert f'id="{kind}"' in api.ask("GET", "/problems", key="").text
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


def test_a_stream_that_grows_too_large_is_refused_on_the_way(api: ApiSite) -> None:
    async def pieces() -> object:
        for _ in range(17):
            yield b" " * (1024 * 1024)

    headers = {"authorization": f"Bearer {api.keys['everything']}", "content-type": "application/x-ndjson"}
    answer = api.client.request("POST", "/api/v1/events", content=pieces(), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_database_that_is_gone_is_no_fault_of_the_caller_and_tells_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    with api_site(open_store(sqlite_url, now=START), tmp_path) as site:
        site.ask("GET", "/contacts/c-1")
        Path(sqlite_url.removeprefix("sqlite:///")).rename(tmp_path / "away.db")
        answer = site.ask("POST", "/events", SEEN)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert str(tmp_path) not in answer.text
        batch = site.ask("POST", "/events", [SEEN])
        assert "before line 1" in batch.json()["detail"]
        with pytest.raises(StoreError):
            site.rows("SELECT 1")


def test_a_batch_of_nothing_but_line_breaks_is_cut_short(api: ApiSite) -> None:
    answer = api.ask("POST", "/events", b"\n" * 600_000, content_type="application/x-ndjson")
    assert (answer.status_code, "500,000 lines" in answer.json()["detail"]) == (413, True)


def test_lines_are_put_together_however_they_are_cut() -> None:
    whole = b"one\n\ntwo\r\n  \nthree"
    for size in range(1, len(whole)):
        lines = Lines()
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        found = [line for piece in pieces for line in lines.feed(piece)] + lines.last()
        assert found == [(1, b"one"), (3, b"two"), (5, b"three")]


def test_a_line_without_end_is_not_kept() -> None:
    lines = Lines()
    assert lines.feed(b"x" * LONGEST_LINE) == []
    assert lines.feed(b"x" * LONGEST_LINE) == []
    assert lines.feed(b"\nok\n") == [(1, None), (2, b"ok")]
