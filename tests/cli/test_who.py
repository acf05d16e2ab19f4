"""nurture who: how many would enter a campaign, as a marketer asks it."""

from __future__ import annotations

import pytest

from support.cli import Nurture


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 80)


def test_it_tells_how_people_enter_how_many_fit_and_what_keeps_the_others_out(in_shop: Nurture) -> None:
    out = in_shop.ok("who", "loyalty").out
    assert out.startswith("Regulars  loyalty, version 1\n")
    assert "  enters  on coming into the stage; once only\n" in out
    assert "      0  fit\n" in out
    assert "      3  stage  they are not in client\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_document_adds_up(in_shop: Nurture) -> None:
    document = in_shop.ok("who", "introductory-offer", "--json").document
    assert document["version"] == 1
    assert document["people"] == 3
    assert document["people"] == document["fits"] + sum(it["people"] for it in document["out"])


def test_names_are_told_of_those_whom_a_reason_keeps_out(in_shop: Nurture) -> None:
    out = in_shop.ok("who", "loyalty", "--reason", "stage", "--limit", "2").out
    assert "\nstage: 3\n" in out
    assert out.count("@example.test") == 2
    assert "  and 1 more: --limit shows as many as you like\n" in out


def test_the_files_can_be_asked_before_they_are_applied(nurture: Nurture) -> None:
    file = nurture.file("p.csv", "email,first_name\nann@example.test,Ann\nbob@example.test,Bob\n")
    nurture.ok("import", "contacts", file, "--consent", "a form")
    nurture.edit("campaigns/prospect/reasons.yaml", "stage: ", "enter: {existing: yes}\nstage: ")
    assert nurture("who", "reasons").status == 1
    out = nurture.ok("who", "reasons", "--files", "--names").out
    assert "as it stands in the files" in out
    assert "2  fit; they enter when it is applied" in out
    assert "  ann@example.test  Ann\n" in out


def test_a_campaign_that_is_none_is_answered_with_those_there_are(in_shop: Nurture) -> None:
    ran = in_shop("who", "introductory-ofer")
    assert ran.status == 2
    assert 'Did you mean "introductory-offer"?' in ran.err
    assert "There are: appreciation, " in ran.err
    ran = in_shop("who")
    assert ran.status == 2
    assert "Such as: nurture who appreciation" in ran.err


def test_a_reason_that_is_none_is_answered_with_those_there_are(in_shop: Nurture) -> None:
    ran = in_shop("who", "loyalty", "--reason", "stages")
    assert ran.status == 2
    assert 'Did you mean "stage"?' in ran.err
    assert "not-agreed" in ran.err
    ran = in_shop("who", "loyalty", "--reason", "xyz")
    assert ran.err.count("There are: suppressed, not-agreed, stage,") == 1


def test_people_whom_no_daemon_has_looked_at_are_named(nurture: Nurture) -> None:
    file = nurture.file("p.csv", "email\nann@example.test\nbob@example.test\n")
    nurture.ok("import", "contacts", file, "--consent", "a form")
    ran = nurture.ok("who", "loyalty", "--files")
    assert ran.err == (
        "2 people have not been looked at since something happened to them, so their stages may be out of date:"
        " nurture run looks at them.\n"
    )


def test_a_workspace_without_people_says_so(nurture: Nurture) -> None:
    assert "There is nobody yet." in nurture.ok("who", "reasons", "--files").out


def test_no_name_moves_the_cursor(in_shop: Nurture) -> None:
    rows = "email,first_name\nevil@example.test,\x1b[2Jboo\n"
    in_shop("import", "contacts", in_shop.file("evil.csv", rows))
    assert "\x1b" not in in_shop.ok("who", "loyalty", "--reason", "not-agreed").out
