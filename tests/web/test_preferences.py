"""The preference centre: topics, a pause, another address; from the page to what is sent, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nurture.clock import DAY, HOUR, MINUTE
from nurture.runner.account import Account, account
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.store import people, suppressions
from nurture.store.engine import Store
from support.signing_up import WELCOME, House, house

ANN, NEW, BOB = "ann@example.test", "new@example.test", "bob@example.test"
DAYS = {"letters": WELCOME + "  - wait: 2 days\n  - send: two\n"}
ORDERS = {
    "letters": DAYS["letters"] + "stale after: 60 days\n",
    "orders": "name: Orders\ntopic: service\nstage: prospect\nenter: {existing: true}\n"
    "sequence:\n  - wait: 3 days\n  - send: three\n",
}


def centre(it: House, email: str, *topics: str) -> str:
    """The preference centre of somebody who is new, by a message that went to them outside of campaigns."""
    contact = it.corner.contact(email, *topics)
    given = DirectGiven(contact_id=contact, template="address-changed", key="x")
    with it.corner.store.write() as tx:
        [key] = plan_direct(tx, it.corner.store.ids, it.corner.world(), [given], it.corner.now)
    it.corner.until(it.corner.now)
    return it.corner.app.urls.preferences(key).removeprefix("http://127.0.0.1:8025")


def explained(it: House, email: str) -> Account:
    """What `nurture explain` tells."""
    with it.corner.store.read() as tx:
        contact = people.ids_by_email(tx, [email])[email]
        found = account(tx, it.corner.world(), contact, it.corner.app.address_key, it.corner.now)
    assert found is not None
    return found


def words(it: House) -> list[tuple[object, ...]]:
    rows = it.corner.rows(
        "SELECT topic, agreed, wording, source, ip FROM consents WHERE basis = 'preference centre'"
    )
    return [tuple(row) for row in rows]


def test_each_topic_is_switched_by_itself_and_what_waits_of_it_is_skipped(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path) as it:
        url = centre(it, ANN, "offers")
        page = it.client.get(url).text
        assert 'value="offers" checked' in page
        assert 'value="news">' in page
        assert "About your orders" in page
        assert words(it) == []
        answer = it.client.post(url, data={"do": "save", "topic": ["news", "service", "no-such"]})
        assert (answer.status_code, "noted" in answer.text) == (200, True)
        assert it.agreed(ANN) == {"news": "preference centre"}
        source = "http://127.0.0.1:8025/p/"
        assert sorted(words(it)) == [
            ("news", True, "News", source, "127.0.0.1"),
            ("offers", False, "", source, "127.0.0.1"),
        ]
        it.client.post(url, data={"do": "save", "topic": "news"})
        assert len(words(it)) == 2
        assert "stopped everything" in it.client.post(url, data={"do": "stop"}).text
        assert it.agreed(ANN) == {}


def test_a_pause_holds_marketing_and_nothing_else_and_can_be_ended(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, ORDERS) as it:
        url = centre(it, ANN)
        it.corner.until(it.corner.now + HOUR)
        assert "We keep quiet for 30 days" in it.client.post(url, data={"do": "pause"}).text
        it.corner.until(it.corner.now + 4 * DAY)
        assert sorted(it.mail(ANN)) == ["We write elsewhere now", "one", "three"]
        assert it.corner.rows("SELECT last_reply FROM outbox") == [("quiet",)]
        assert "You are on a pause" in it.client.get(url).text
        told = explained(it, ANN)
        assert list(told.quiet) == ["quiet"]
        waiting = [one.waiting.says for one in told.told.entries if one.waiting]
        assert waiting == ["their message two waits: they asked for a pause"]
        assert "The pause is over" in it.client.post(url, data={"do": "resume"}).text
        it.corner.until(it.corner.now + MINUTE)
        assert "two" in it.mail(ANN)


def test_what_would_be_stale_when_a_pause_ends_is_left_out_and_says_why(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, DAYS) as it:
        url = centre(it, ANN)
        it.client.post(url, data={"do": "pause"})
        it.corner.until(it.corner.now + 3 * DAY)
        assert it.corner.skipped() == {"two": "quiet"}


def test_another_address_is_taken_when_it_confirms_and_the_one_before_is_told(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path) as it:
        url = centre(it, ANN, "news")
        [(contact,)] = it.corner.rows("SELECT id FROM contacts")
        asked = it.client.post(url, data={"do": "move", "email": " New@Example.test"})
        assert "If this address can be used" in asked.text
        assert it.mail(NEW) == ["Your new address?"]
        assert it.corner.rows(f"SELECT email FROM contacts WHERE id = {contact}") == [(ANN,)]
        link = it.link(NEW)
        assert "from now on" in it.client.get(link).text
        assert "We write to this address from now on" in it.client.post(link).text
        assert it.corner.rows(f"SELECT email FROM contacts WHERE id = {contact}") == [(NEW,)]
        assert it.agreed(NEW) == {"news": "a test"}
        assert it.mail(ANN) == ["We write elsewhere now"] * 2
        assert "nothing to confirm" in it.client.post(link).text
        it.pass_by(8 * DAY)
        assert it.corner.rows("SELECT email FROM contacts") == [(NEW,)]
        assert it.count("sign_ups") == 0


def test_an_address_of_somebody_else_is_not_asked_and_the_answer_does_not_tell(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path) as it:
        url = centre(it, ANN)
        it.corner.contact(BOB)
        with store.write() as tx:
            suppressions.suppress(
                tx, it.corner.app.address_key, ["gone@example.test"], reason="erased", at=it.corner.now
            )
        texts = {
            it.client.post(url, data={"do": "move", "email": email}).text
            for email in (BOB, ANN, "gone@example.test", *(f"n{no}@example.test" for no in range(5)))
        }
        assert len(texts) == 1
        it.corner.until(it.corner.now)
        assert {to for to, _, _ in it.corner.inbox()} == {ANN, *(f"n{no}@example.test" for no in range(3))}


def test_an_address_that_was_taken_meanwhile_is_not_moved_to(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as it:
        url = centre(it, ANN, "news")
        it.client.post(url, data={"do": "move", "email": NEW})
        link = it.link(NEW)
        it.corner.contact(NEW, "offers")
        assert "cannot be done any more" in it.client.post(link).text
        assert it.agreed(ANN) == {"news": "a test"}
        assert it.agreed(NEW) == {"offers": "a test"}


def test_what_says_nothing_changes_nothing(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as it:
        url = centre(it, ANN)
        for data in (
            {},
            {"do": "drop"},
            {"do": "move"},
            {"do": "move", "email": "a@b.test\r\nBcc: x@y.test"},
        ):
            assert it.client.post(url, data=data).status_code == 400
        for method in ("GET", "HEAD"):
            assert it.client.request(method, f"{url}?do=stop&topic=").status_code == 200
        for method in ("PUT", "DELETE", "PATCH"):
            assert it.client.request(method, url).status_code == 405
        for wrong in (url[:-1], url.replace("/p/", "/k/"), url[:-3] + "AAA"):
            assert it.client.post(wrong, data={"do": "stop"}).status_code == 404
        assert sorted(it.agreed(ANN)) == ["news", "offers"]
        assert words(it) == []


def test_a_new_yes_brings_back_who_had_unsubscribed_elsewhere_and_nobody_else(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path) as it:
        urls = {email: centre(it, email, "news") for email in (ANN, BOB)}
        key = it.corner.app.address_key
        with store.write() as tx:
            suppressions.suppress(tx, key, [ANN], reason="unsubscribed elsewhere", at=it.corner.now)
            suppressions.suppress(tx, key, [BOB], reason="complained", at=it.corner.now)
        for url in urls.values():
            it.client.post(url, data={"do": "save", "topic": ["news", "offers"]})
        with store.read() as tx:
            assert suppressions.suppressed(tx, key, [ANN, BOB]) == {BOB: "complained"}


def test_who_was_passed_a_message_cannot_keep_the_address_of_whom_it_went_to(
    store: Store, tmp_path: Path
) -> None:
    """The link in a message is all that the page asks for. The mailbox before takes it back, whatever came after."""
    with house(store, tmp_path) as it:
        url = centre(it, ANN, "news")
        [(contact,)] = it.corner.rows("SELECT id FROM contacts")
        for email in ("eve@evil.example", "eve2@evil.example"):
            it.client.post(url, data={"do": "move", "email": email})
            assert it.client.post(it.link(email)).status_code == 200
            it.corner.until(it.corner.now + HOUR)
        back, eves = it.link(ANN), it.link("eve@evil.example")
        it.client.post(url, data={"do": "move", "email": "eve3@evil.example"})
        pending = it.link("eve3@evil.example")
        for method in ("GET", "HEAD"):
            assert it.client.request(method, back).status_code == 200
        assert "to this address again?" in it.client.get(back).text
        assert it.corner.rows(f"SELECT email FROM contacts WHERE id = {contact}") == [("eve2@evil.example",)]
        assert "We write to this address again" in it.client.post(back).text
        assert it.corner.rows("SELECT id, email FROM contacts") == [(contact, ANN)]
        assert it.agreed(ANN) == {"news": "a test"}
        assert it.count("sign_ups") == 0
        for link in (eves, pending, back):
            assert it.client.post(link).status_code in (200, 404)
        assert it.corner.rows("SELECT id, email FROM contacts") == [(contact, ANN)]


def test_an_address_that_has_somebody_of_its_own_by_now_is_not_taken_back(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path) as it:
        it.client.post(centre(it, ANN, "news"), data={"do": "move", "email": NEW})
        it.client.post(it.link(NEW))
        back = it.link(ANN)
        it.corner.order(ANN, it.corner.now, "A-1")
        assert "cannot be done any more" in it.client.post(back).text
        assert it.agreed(NEW) == {"news": "a test"}


def test_a_button_that_is_pressed_several_times_at_once_counts_once(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as it, ThreadPoolExecutor(4) as pool:
        it.client.post(centre(it, ANN, "news"), data={"do": "move", "email": NEW})
        moving = it.link(NEW)
        it.sign_up(BOB)
        joining = it.link(BOB)
        for link in (moving, joining):
            answers = list(pool.map(it.client.post, [link] * 4))
            assert [one.status_code for one in answers] == [200] * 4
            assert sum("nothing to confirm" in one.text for one in answers) == 3
        assert it.agreed(NEW) == {"news": "a test"}
        assert it.corner.rows("SELECT count(*) FROM consents WHERE basis = 'double opt-in'") == [(2,)]
