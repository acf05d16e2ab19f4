from __future__ import annotations

from nurture.campaigns.findings import Finding, by_place, render


def finding(**keys: object) -> Finding:
    usual = {"code": "yaml", "path": "campaigns/a.yaml", "line": 14, "column": 11, "message": "it is wrong"}
    return Finding(**(usual | keys))  # type: ignore[arg-type]


def test_a_finding_reads_as_the_language_page_shows_it() -> None:
    shown = finding(
        path="campaigns/prospect/introductory-offer.yaml",
        message='no template is called "welcom"',
        hint='did you mean "welcome"?',
        source="  - send: welcom",
        length=6,
    )
    assert render(shown) == (
        'campaigns/prospect/introductory-offer.yaml:14:11: no template is called "welcom"\n'
        "   14 |   - send: welcom\n"
        '      |           ^^^^^^ did you mean "welcome"?'
    )


def test_a_finding_about_a_whole_file_has_no_frame() -> None:
    assert render(finding(line=0, column=0)) == "campaigns/a.yaml: it is wrong"
    assert render(finding(line=0, hint="put it right")) == "campaigns/a.yaml: it is wrong\n      put it right"


def test_a_warning_says_that_it_is_one() -> None:
    assert render(finding(severity="warning", line=0)) == "campaigns/a.yaml: warning: it is wrong"


def test_nothing_in_a_file_reaches_the_terminal_as_a_command() -> None:
    shown = render(finding(message="no \x1b[2J", hint="\u202eno", source="a\x1b[2J\tb", column=1))
    assert not {"\x1b", "\u202e", "\t"} & set(shown)


def test_the_caret_stands_under_wide_characters() -> None:
    shown = render(finding(source="- 歓迎 welcom", column=6, length=6)).splitlines()
    assert shown[2] == "      | " + " " * 7 + "^^^^^^"


def test_a_long_line_is_shown_from_near_the_mistake_on() -> None:
    shown = render(finding(source="x" * 900 + "WRONG" + "y" * 900, column=901, length=5)).splitlines()
    caret = shown[2].index("^")
    assert shown[1][caret : caret + 5] == "WRONG"
    assert len(shown[1]) < 200


def test_findings_are_sorted_by_place_and_told_once() -> None:
    late, early = finding(line=20), finding(line=3)
    assert by_place([late, early, late]) == (early, late)
