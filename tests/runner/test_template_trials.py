"""Messages are rendered for contacts there are, and what is wrong with them is said at its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nurture.audience.contact import Contact
from nurture.campaigns.findings import Finding
from nurture.clock import DAY, Moment
from nurture.runner import checking
from nurture.runner.template_cache import load
from nurture.runner.varied import varied
from nurture.store import people
from nurture.store.engine import Store
from nurture.store.people import ContactGiven
from support.corner import START, files, letter, settings

HELLO = "stage: prospect\ntopic: {topic}\nsequence:\n  - send: one\n"
LONG = "Everything that a person wants to know stands here in words. " * 8
NOW: Moment = START + 400 * DAY


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "nurture.toml").touch()
    return tmp_path


def take_in(store: Store, *rows: Mapping[str, Any]) -> None:
    given = [ContactGiven(**{"email": f"person-{no}@example.test", **row}) for no, row in enumerate(rows)]
    with store.write() as tx:
        people.upsert(tx, store.ids, given, START)


def found(
    store: Store, workspace: Path, body: str, *, topic: str = "offers", now: Moment = NOW, **parts: str
) -> list[Finding]:
    """The findings about templates."""
    given = files({"hello": HELLO.format(topic=topic)}, {"one": letter("one", body)})
    given |= {f"templates/email/{name}.html": text for name, text in parts.items()}
    checked = checking.check(store, settings(workspace), given, now=now)
    return [it for it in checked.findings if it.path.startswith("templates/")]


def test_a_message_that_fails_for_one_contact_says_for_whom_and_where(store: Store, workspace: Path) -> None:
    take_in(store, {"attributes": {"points": 3}}, {"attributes": {"points": "many"}}, {})
    it = found(store, workspace, "Hello\n\nYou have {{ contact.points + 100 }} points")
    assert [(it.code, it.severity, it.path, it.line, it.column) for it in it] == [
        ("fails-for-contact", "warning", "templates/email/one.md", 6, 13)
    ]
    assert "person-1@example.test: " in it[0].message
    assert it[0].source[it[0].column - 1 :][: it[0].length] == "contact.points + 100"
    assert "nurture preview one --for person-1@example.test" in it[0].hint


def test_how_many_it_fails_for_is_counted(store: Store, workspace: Path) -> None:
    take_in(store, *({"attributes": {"points": f"{no} or so"}} for no in range(4)))
    (it,) = found(store, workspace, "{{ contact.points + 100 }}")
    assert "person-0@example.test and 3 more" in it.message


def test_one_that_works_for_everybody_is_remembered_until_facts_or_day_change(
    store: Store, workspace: Path
) -> None:
    def tried() -> set[str]:
        return {it.tried for it in load(workspace).values() if it.compiled.name == "one"}

    take_in(store, {"first_name": "Ann", "tags": ("a", "b", "c")})
    body = "Hello {{ contact.first_name }}, {{ orders.skus|list|length }}"
    assert found(store, workspace, body) == []
    first = tried()
    assert "" not in first
    found(store, workspace, body)
    assert tried() == first
    found(store, workspace, body, now=NOW + DAY)
    second = tried()
    assert second != first
    take_in(store, {"first_name": "Anne"})
    found(store, workspace, body, now=NOW + DAY)
    assert tried() != second


def test_one_that_failed_is_tried_again(store: Store, workspace: Path) -> None:
    take_in(store, {"attributes": {"points": "many"}})
    for _ in range(2):
        assert [it.code for it in found(store, workspace, "{{ contact.points + 1 }}")] == [
            "fails-for-contact"
        ]


def test_a_message_that_becomes_too_long_for_somebody_is_found(store: Store, workspace: Path) -> None:
    take_in(store, {"first_name": "Ann"}, {"first_name": "A" * 5_000})
    body = "{% for no in range(30) %}{{ contact.first_name }}{% endfor %}"
    (it,) = found(store, workspace, body)
    assert it.code == "clipped"
    assert "person-1@example.test" in it.message


def test_nothing_is_tried_without_a_contact_or_without_a_moment(store: Store, workspace: Path) -> None:
    body = "{{ contact.points + 100 }}"
    assert [it.code for it in found(store, workspace, body)] == ["unsure"]
    take_in(store, {"attributes": {"points": "many"}})
    given = files({"hello": HELLO.format(topic="offers")}, {"one": letter("one", body)})
    assert "fails-for-contact" not in {
        it.code for it in checking.check(store, settings(workspace), given).findings
    }


def test_a_way_out_is_missed_where_the_topic_can_be_switched_off(workspace: Path) -> None:
    bare = "<html><body>{% block content %}{% endblock %}{{ sender.address }}</body></html>"
    for topic, codes in (("offers", ["no-unsubscribe"]), ("service", [])):
        given = files({"hello": HELLO.format(topic=topic)})
        given["templates/email/layouts/base.html"] = bare
        checked = checking.check(None, settings(workspace), given)
        assert [it.code for it in checked.findings if it.path.startswith("templates/")] == codes


def test_a_preview_and_a_postal_address_are_missed(workspace: Path) -> None:
    bare = (
        '<html><body>{% block content %}{% endblock %}<a href="{{ unsubscribe_url }}">Leave</a></body></html>'
    )
    bald = "subject: one\n\nHello"
    for topic, codes in (("offers", ["no-address", "no-preview"]), ("service", ["no-preview"])):
        given = files({"hello": HELLO.format(topic=topic)}, {"one": bald})
        given["templates/email/layouts/base.html"] = bare
        checked = checking.check(None, settings(workspace), given)
        found = [it.code for it in checked.findings if it.path == "templates/email/one.md"]
        assert sorted(found) == codes


def test_a_preview_that_the_step_says_is_one(workspace: Path) -> None:
    campaign = HELLO.format(topic="offers") + "    preview: What it is worth opening for\n"
    checked = checking.check(
        None, settings(workspace), files({"hello": campaign}, {"one": "subject: one\n\nHi"})
    )
    assert [it for it in checked.findings if it.code == "no-preview"] == []


def test_only_the_mail_programs_that_count_are_asked_and_asked_anew_when_they_change(workspace: Path) -> None:
    given = files(
        {"hello": HELLO.format(topic="offers")}, {"one": letter("one", '<p style="float: left">Hi</p>')}
    )
    for clients, codes in ((["gmail"], []), (["outlook-windows"], ["css-dropped"]), (["gmail"], [])):
        checked = checking.check(None, settings(workspace, check={"clients": clients}), given)
        assert [it.code for it in checked.findings if it.path == "templates/email/one.md"] == codes


def test_everybody_is_tried_where_that_is_asked_for(store: Store, workspace: Path) -> None:
    take_in(
        store, *({"attributes": {"points": "many" if no in (499, 500, 501) else no}} for no in range(520))
    )
    given = files({"hello": HELLO.format(topic="offers")}, {"one": letter("one", "{{ contact.points + 1 }}")})
    told: list[tuple[int, int]] = []
    checked = checking.check(
        store, settings(workspace), given, now=NOW, everybody=lambda done, total: told.append((done, total))
    )
    (it,) = [it for it in checked.findings if it.code == "fails-for-contact"]
    assert "person-499@example.test and 2 more" in it.message
    assert told == [(0, 520), (500, 520), (520, 520)]


def test_an_image_without_words_is_found_in_markdown_as_well(workspace: Path) -> None:
    given = files(
        {"hello": HELLO.format(topic="offers")},
        {"one": letter("one", f"Look:\n\n![](https://a.test/x.png)\n\n{LONG}")},
    )
    checked = checking.check(None, settings(workspace), given)
    assert [(it.code, it.line) for it in checked.findings if it.path.startswith("templates/")] == [
        ("no-alt", 6),
        ("no-width", 6),
    ]


def test_what_is_wrong_in_the_layout_is_said_once_and_there(workspace: Path) -> None:
    given = files({"hello": HELLO.format(topic="offers")})
    layout = given["templates/email/layouts/base.html"].replace("<p>", '<p style="float: left">', 1)
    checked = checking.check(
        None, settings(workspace), {**given, "templates/email/layouts/base.html": layout}
    )
    places = [(it.code, it.path) for it in checked.findings if it.code == "css-dropped"]
    assert places == [("css-dropped", "templates/email/layouts/base.html")]


def test_contacts_are_chosen_for_what_sets_them_apart() -> None:
    plain = [Contact(id=no, email=f"{no}@example.test", created_at=START) for no in range(20)]
    odd = replace(plain[13], country="JP", attributes={"points": "many"})
    other = replace(plain[7], first_name="Ann")
    people = [odd if it.id == 13 else other if it.id == 7 else it for it in plain]
    chosen = varied(people, 3)
    assert {it.id for it in chosen} >= {7, 13}
    assert varied(reversed(people), 3) == chosen
    assert len(varied(people, 50)) == 20
