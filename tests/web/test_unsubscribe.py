"""The unsubscribe page, and one-click as RFC 8058 has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.store import consents
from nurture.store.targets import origin
from support.site import HERE, Site, browser

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def agreed(site: Site) -> set[str]:
    with site.store.read() as tx:
        found = origin(tx, site.key)
        assert found is not None
        return {topic for topic, yes in consents.topics_of(tx, found.contact_id).items() if yes}


def test_the_page_names_the_topic_and_changes_nothing(site: Site) -> None:
    answer = site.client.get(site.urls.unsubscribe(site.key))
    assert answer.status_code == 200
    assert "Stop “Offers &amp; discounts”" in answer.text
    assert "Stop everything" in answer.text
    assert "About your orders" in answer.text
    assert "@" not in answer.text
    assert "Corner &lt;b&gt;Shop" in answer.text
    assert agreed(site) == {"offers", "news"}


def test_one_click_urlencoded_is_answered_200_without_cookie_or_redirect(site: Site) -> None:
    answer = site.client.post(site.urls.unsubscribe(site.key), data=ONE_CLICK)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    assert agreed(site) == {"news"}


def test_one_click_multipart_does_the_same(site: Site) -> None:
    answer = site.client.post(
        site.urls.unsubscribe(site.key), files={"List-Unsubscribe": (None, "One-Click")}
    )
    assert (answer.status_code, agreed(site)) == (200, {"news"})


def test_one_click_from_anywhere_and_again_is_200(site: Site) -> None:
    headers = {"origin": "https://mail.example", "host": "mail.shop.example", "x-forwarded-for": "192.0.2.9"}
    for _ in range(3):
        answer = site.client.post(site.urls.unsubscribe(site.key), data=ONE_CLICK, headers=headers)
        assert answer.status_code == 200
    assert agreed(site) == {"news"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"List-Unsubscribe",
        b"List-Unsubscribe=One-Clic",
        b"list-unsubscribe=one-click",
        b"stop=offers",
        b"stop=",
        b"%ff%00=%ff",
        b"a=1&" * 200,
    ],
)
def test_a_body_that_says_nothing_changes_nothing(site: Site, body: bytes) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = site.client.post(site.urls.unsubscribe(site.key), content=body, headers=form)
    assert answer.status_code == 400
    assert agreed(site) == {"offers", "news"}


def test_a_broken_multipart_body_changes_nothing(site: Site) -> None:
    form = {"content-type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Cl'
    answer = site.client.post(site.urls.unsubscribe(site.key), content=body, headers=form)
    assert (answer.status_code, agreed(site)) == (400, {"offers", "news"})


def test_a_forged_or_foreign_token_changes_nothing(site: Site) -> None:
    good = site.urls.unsubscribe(site.key)
    foreign = Urls(HERE, Signer("another secret")).unsubscribe(site.key)
    for url in (good[:-2], good + "A", foreign, site.urls.click(site.key, 1).replace("/c/", "/u/")):
        assert site.client.post(url, data=ONE_CLICK).status_code == 404
    assert agreed(site) == {"offers", "news"}


def test_a_message_that_was_erased_is_answered_like_any_other(site: Site) -> None:
    url = site.urls.unsubscribe((1, 1))
    assert site.client.get(url).status_code == 200
    assert site.client.post(url, data=ONE_CLICK).status_code == 200


def test_a_person_stops_one_topic_and_takes_it_back(site: Site) -> None:
    url = site.urls.unsubscribe(site.key)
    answer = site.client.post(url, data={"stop": "topic"})
    assert "Done. We have stopped." in answer.text
    assert "I clicked by mistake" in answer.text
    assert agreed(site) == {"news"}
    answer = site.client.post(url, data={"stop": "undo"})
    assert "Offers &amp; discounts" in answer.text
    assert agreed(site) == {"offers", "news"}
    assert "nothing to take back" in site.client.post(url, data={"stop": "undo"}).text


def test_a_person_stops_everything_that_can_be_stopped(site: Site) -> None:
    answer = site.client.post(site.urls.unsubscribe(site.key), data={"stop": "all"})
    assert "About your orders" in answer.text
    assert agreed(site) == set()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_and_change_nothing(site: Site, method: str) -> None:
    answer = site.client.request(method, site.urls.unsubscribe(site.key), data=ONE_CLICK)
    assert (answer.status_code, agreed(site)) == (405, {"offers", "news"})


def test_a_link_of_a_key_that_is_still_read_works_and_of_one_that_is_not_does_not(site: Site) -> None:
    old = Urls(HERE, Signer("an older secret")).unsubscribe(site.key)
    for secrets, status in ((("a new one", "an older secret"), 200), (("a new one",), 404)):
        with browser(replace(site.deps, signer=Signer(*secrets))) as client:
            assert client.get(old).status_code == status
            assert client.post(old, data=ONE_CLICK).status_code == status
        assert agreed(site) == {"news"}


def test_every_truncation_of_a_link_is_refused(site: Site) -> None:
    good = site.urls.unsubscribe(site.key)
    for length in range(len(f"{HERE}/u/"), len(good)):
        assert site.client.post(good[:length], data=ONE_CLICK).status_code in (404, 405)
    assert agreed(site) == {"offers", "news"}


def test_the_page_leads_to_the_preference_centre_of_the_same_contact(site: Site) -> None:
    path = site.urls.preferences(site.key).removeprefix(HERE)
    page = site.client.get(site.urls.unsubscribe(site.key)).text
    assert f'href="..{path}"' in page
    assert 'value="offers" checked' in site.client.get(path).text


def test_where_a_no_came_from_is_kept_with_it(site: Site) -> None:
    site.client.post(site.urls.unsubscribe(site.key), data=ONE_CLICK)
    with site.store.read() as tx:
        rows = tx.exec_driver_sql("SELECT basis, ip FROM consents WHERE NOT agreed").all()
    assert [tuple(row) for row in rows] == [("one-click", "127.0.0.1")]
