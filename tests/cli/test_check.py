"""nurture check: how it ends, and how it explains what it says."""

from __future__ import annotations

from support.cli import Nurture


def test_warnings_fail_where_it_is_to_be_strict(nurture: Nurture) -> None:
    nurture.ok("check", "--strict")
    nurture.edit("campaigns/prospect/introductory-offer.yaml", "- if: clicked(", "- if: opened(")
    assert "no errors, 1 warning" in nurture.ok("check").err
    ran = nurture("check", "--strict")
    assert ran.status == 1
    assert "warning: this rests on opens" in ran.out
    assert "Codes: opens. What one means: nurture check --explain opens" in ran.err


def test_errors_fail_always(nurture: Nurture) -> None:
    nurture.edit("campaigns/lapsed/win-back.yaml", "- send: goodbye", "- send: godbye")
    assert nurture("check").status == nurture("check", "--strict").status == 1


def test_findings_are_one_document_with_their_codes(nurture: Nurture) -> None:
    nurture.edit("campaigns/lapsed/win-back.yaml", "- send: goodbye", "- send: godbye")
    ran = nurture("check", "--json")
    assert (ran.document["errors"], ran.document["warnings"]) == (1, 0)
    (found,) = ran.document["findings"]
    assert found["code"] == "unknown-template"
    assert found["severity"] == "error"
    assert found["path"] == "campaigns/lapsed/win-back.yaml"
    assert found["length"] == len("godbye")


def test_a_code_is_explained_with_wrong_and_right(nurture: Nurture) -> None:
    ran = nurture.ok("check", "--explain", "unknown-template")
    assert ran.out.startswith("unknown-template: A step sends a template that does not exist.\n")
    assert "wrong:\n    - send: mroe\n" in ran.out
    assert "right:\n    - send: more\n" in ran.out
    assert ran.err == ""


def test_a_code_is_explained_outside_of_any_workspace_too(nurture: Nurture) -> None:
    (nurture.workspace / "nurture.toml").unlink()
    document = nurture.ok("check", "--explain", "opens", "--json").document
    assert set(document) == {"code", "says", "why", "wrong", "right"}


def test_an_unknown_code_names_the_one_that_may_be_meant_else_all(nurture: Nurture) -> None:
    near = nurture("check", "--explain", "unknow-template")
    assert near.status == 2
    assert 'Did you mean "unknown-template"?' in near.err
    far = nurture("check", "--explain", "xyz")
    assert far.status == 2
    assert "There are: anchor, " in far.err


def test_a_rate_of_a_campaign_that_is_not_there_is_a_warning_with_the_one_that_was_meant(
    nurture: Nurture,
) -> None:
    toml = nurture.workspace / "nurture.toml"
    before = toml.read_text()
    toml.write_text(before + '\n[rates]\nwin-back = "1000 per hour"\n')
    nurture.ok("check", "--strict")
    toml.write_text(
        before + '\n[rates]\n"win-bakc" = "1000 per hour"\nloyaltey = "9 per day"\nxyz = "9 per day"\n'
    )
    ran = nurture.ok("check", "--json")
    found = [(it["code"], it["severity"], it["path"], it["hint"]) for it in ran.document["findings"]]
    assert found == [
        ("unknown-campaign", "warning", "nurture.toml", 'did you mean "win-back"?'),
        ("unknown-campaign", "warning", "nurture.toml", 'did you mean "loyalty"?'),
        (
            "unknown-campaign",
            "warning",
            "nurture.toml",
            "a campaign is known by its file's name, without .yaml",
        ),
    ]
    lines = toml.read_text().splitlines()
    marked = [(lines[it["line"] - 1], it["column"]) for it in ran.document["findings"]]
    assert [text.partition(" = ")[0] for text, _ in marked] == ['"win-bakc"', "loyaltey", "xyz"]
    assert nurture("check", "--strict").status == 1


CAP = 'per_contact = "3 per 7 days"'


def test_a_cap_that_cannot_be_read_is_found_and_a_sound_one_counts(nurture: Nurture) -> None:
    toml = nurture.workspace / "nurture.toml"
    before = toml.read_text()
    assert CAP in before
    toml.write_text(before.replace(CAP, 'per_contact = "thrice a week"'))
    ran = nurture("check")
    assert ran.status == 1
    assert 'per_contact = "thrice a week"' in ran.out
    hello = "stage: prospect\ntopic: news\nsequence:\n  - send: what-kept-you\n"
    nurture.file("campaigns/hello.yaml", hello)
    toml.write_text(before)
    assert "on the same day" in nurture.ok("check").out
    toml.write_text(before.replace(CAP, 'per_contact = "1 per day"'))
    assert "on the same day" not in nurture.ok("check").out
