"""Each command's main way on a small workspace, as a person reads it and as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import Nurture

COMMANDS_PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
NOW = "2017-02-01"


def test_init_makes_a_workspace_that_check_finds_nothing_wrong_with(tmp_path: Path) -> None:
    nurture = Nurture(tmp_path)
    ran = nurture.ok("init", "my shop")
    made = [it for it in (tmp_path / "my shop").rglob("*") if it.is_file()]
    assert ran.out == f"Made {len(made)} files in my shop.\n"
    assert f"Made {len(made)} files in shop." in COMMANDS_PAGE.read_text()
    assert "cd 'my shop'" in ran.err
    key = tmp_path / "my shop" / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    checked = nurture.ok("check", "--workspace", "my shop")
    assert checked.out == ""
    assert "no errors, no warnings" in checked.err


def test_the_workspace_is_found_from_a_folder_below_it(nurture: Nurture) -> None:
    below = Nurture(nurture.workspace / "templates" / "email")
    assert "no errors" in below.ok("check").err


def test_check_without_findings_is_a_document_too(nurture: Nurture) -> None:
    assert nurture.ok("check", "--json").document == {"findings": [], "errors": 0, "warnings": 0}


def test_apply_shows_what_would_change_and_the_second_time_nothing_does(nurture: Nurture) -> None:
    ran = nurture.ok("apply", "--yes")
    assert ran.out.startswith("Version 1 is in force.")
    assert "  new      introductory-offer\n" in ran.err
    assert nurture.ok("apply", "--yes").out == "Nothing has changed since the last apply.\n"


def test_apply_tells_new_changed_and_gone_campaigns_apart(nurture: Nurture) -> None:
    nurture.ok("apply", "--yes")
    nurture.edit("campaigns/lapsed/win-back.yaml", "name:", "name: About")
    nurture.edit("templates/email/welcome.md", "subject:", "subject: Oh,")
    (nurture.workspace / "campaigns/client/loyalty.yaml").rename(
        nurture.workspace / "campaigns/client/thanks.yaml"
    )
    assert nurture.ok("apply", "--yes", "--json").document == {
        "version": 2,
        "new": ["thanks"],
        "changed": ["win-back"],
        "gone": ["loyalty"],
        "other": ["templates/email/welcome.md"],
        "released": {},
        "codes": [],
    }


def test_apply_asks_nobody_where_nobody_is(nurture: Nurture) -> None:
    ran = nurture("apply")
    assert ran.status == 2
    assert "nurture apply --yes" in ran.err


def test_import_says_what_it_took_and_again_is_harmless(nurture: Nurture) -> None:
    file = nurture.file("people.csv", "email,tier\nann@example.test,gold\nbob@example.test,silver\n")
    first = nurture.ok("import", "contacts", file, "--consent", "sign-up form")
    assert first.out == "people.csv: 2 rows taken, 0 unchanged, 0 rejected\n"
    again = nurture.ok("import", "contacts", file, "--consent", "sign-up form", "--json")
    assert again.document == {
        "files": [
            {"file": str(file), "taken": 0, "unchanged": 2, "rejected": 0, "rejects": None, "notes": []}
        ]
    }


def test_import_without_consent_says_that_nobody_is_mailed(nurture: Nurture) -> None:
    file = nurture.file("people.csv", "email\nann@example.test\n")
    assert "nobody here is mailed marketing" in nurture.ok("import", "contacts", file).err


def test_replay_says_what_happened(in_shop: Nurture) -> None:
    ran = in_shop.ok("replay", "--from", "2017-02-01", "--to", "2017-02-03", "--json")
    assert set(ran.document) == {"ticks", "messages", "hits", "unsubscribed"}
    assert "replaying: 100 %" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2017-02-01", "--to", "2017-01-01"], "history cannot end"),
        (["--from", "2017-02-01", "--to", "2999-01-01"], "has not happened yet"),
        (["--from", "yesterday", "--to", "2017-01-01"], "--from: 'yesterday' is no date or time"),
    ],
)
def test_replay_of_what_cannot_be_is_wrong_usage(nurture: Nurture, arguments: list[str], words: str) -> None:
    ran = nurture("replay", *arguments)
    assert ran.status == 2
    assert words in ran.err


def test_stages_counts_people_now_then_and_on_a_line(in_shop: Nurture) -> None:
    assert "customer/repeat" in in_shop.ok("stages").out
    then = in_shop.ok("stages", "--at", "2017-01-12", "--json").document
    assert then["at"] == "2017-01-12T05:00:00Z"
    assert then["stages"]["customer/first-time"] == 1
    assert then["stages"]["prospect/consideration"] == 1
    assert then["total"] == 3
    on_line = in_shop.ok("stages", "--line", "FLORAL", "--at", NOW, "--json").document
    assert on_line["stages"]["customer/first-time"] == 2
    assert on_line["line"] == "FLORAL"


def test_stages_on_a_line_that_is_none_names_the_near_one(in_shop: Nurture) -> None:
    ran = in_shop("stages", "--line", "floral")
    assert ran.status == 2
    assert 'Did you mean "FLORAL"?' in ran.err


def test_report_has_a_row_for_each_campaign_and_their_sum(in_shop: Nurture) -> None:
    out = in_shop.ok("report").out
    assert out.splitlines()[0].split()[:3] == ["campaign", "entered", "sent"]
    assert "introductory-offer" in out
    document = in_shop.ok("report", "--json").document
    assert document["total"]["sent"] == sum(it["sent"] for it in document["campaigns"]) > 0
    intro = next(it for it in document["campaigns"] if it["campaign"] == "introductory-offer")
    assert intro["entered"] == 3
    assert intro["goal"] == 2


def test_report_of_one_campaign_goes_step_by_step(in_shop: Nurture) -> None:
    out = in_shop.ok("report", "introductory-offer").out
    assert "  welcome" in out
    assert "cross-sell" not in out


def test_a_campaign_without_a_goal_shows_none(in_shop: Nurture) -> None:
    row = next(line for line in in_shop.ok("report").out.splitlines() if line.startswith("appreciation"))
    assert "–" in row


def test_report_of_a_campaign_that_is_none_names_the_near_one(in_shop: Nurture) -> None:
    ran = in_shop("report", "introductory")
    assert ran.status == 2
    assert 'Did you mean "introductory-offer"?' in ran.err


def test_care_shows_what_one_person_gets_at_each_stage(in_shop: Nurture) -> None:
    assert "what one person gets at each stage" in in_shop.ok("report", "--care", "--at", NOW).out
    document = in_shop.ok("report", "--care", "--at", NOW, "--json").document
    assert document["until"] == "2017-02-01T05:00:00Z"
    assert {"stage", "contacts", "messages_per_contact", "offers_per_contact"} <= set(document["stages"][0])
    assert {"month": "2017-01", "won": 2, "won_back": 0, "lost": 0} in document["months"]


def test_explain_tells_the_whole_story_in_order(in_shop: Nurture) -> None:
    out = in_shop.ok("explain", "ann@example.test").out
    after = 0
    for words in (
        "ann@example.test  Ann",
        "\nstage\n  customer/repeat",
        "\non product lines\n",
        "yes to offers (import: loyalty card)",
        "campaign cross-sell on ",
        "campaign introductory-offer",
        "welcome was sent",
        "reached the goal",
        "\nnot in\n",
        "how the stage came about",
        "by an order: orders.count == 1",
    ):
        after = out.index(words, after)
    assert "changes on product lines are left out: --lines tells them" in out
    assert "on FLORAL" in in_shop.ok("explain", "ann@example.test", "--lines").out


def test_explain_is_a_document_too(in_shop: Nurture) -> None:
    document = in_shop.ok("explain", "ANN@example.test", "--json").document
    assert document["email"] == "ann@example.test"
    assert document["stage"] == "customer/repeat"
    assert document["lines"] == {"FLORAL": "customer/first-time", "SEAFOOD": "customer/first-time"}
    messages = [it for entry in document["entries"] for it in entry["messages"]]
    assert any(it["step"] == "welcome" and it["state"] == "sent" for it in messages)


def test_explain_of_an_unknown_address_is_wrong_usage(in_shop: Nurture) -> None:
    ran = in_shop("explain", "nobody@example.test")
    assert ran.status == 2
    assert "no contact has the address nobody@example.test" in ran.err


def test_explain_lets_no_name_move_the_cursor(in_shop: Nurture) -> None:
    rows = "email,first_name\nevil@example.test,\x1b[2Jboo\n"
    in_shop("import", "contacts", in_shop.file("evil.csv", rows))
    ran = in_shop("explain", "evil@example.test")
    assert "\x1b" not in ran.out


def test_preview_shows_subject_and_text_and_writes_the_html(in_shop: Nurture, tmp_path: Path) -> None:
    ran = in_shop.ok("preview", "welcome", "--for", "bob@example.test", "--html", tmp_path / "welcome.html")
    assert ran.out.startswith("subject: ")
    assert "Bob" in ran.out
    assert "http://127.0.0.1:8025/u/" in ran.out
    assert "Bob" in (tmp_path / "welcome.html").read_text()
    document = in_shop.ok("preview", "welcome", "--json").document
    assert set(document) == {"subject", "preview", "text", "html", "for", "size"}
    assert document["size"] > len(document["html"].encode())


def test_preview_needs_nothing_in_force_and_changes_nothing(nurture: Nurture) -> None:
    nurture.edit("templates/email/welcome.md", "subject:", "subject: Changed:")
    assert "Changed:" in nurture.ok("preview", "welcome", "--text").out
    assert "nothing is in force yet" in nurture("stages").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["welcom"], 'Did you mean "welcome"?'),
        (["welcome", "--text", "--for", "nobody@example.test"], "no contact has the address"),
        (["--text"], "say which message"),
        (["welcome", "--dark"], "--dark and --phone are for --png FILE"),
    ],
)
def test_preview_of_what_is_not_there_is_wrong_usage(
    nurture: Nurture, arguments: list[str], words: str
) -> None:
    ran = nurture("preview", *arguments)
    assert ran.status == 2
    assert words in ran.err


@pytest.mark.parametrize(
    "command",
    [["stages"], ["report"], ["report", "--care"], ["explain", "a@b.test"], ["run"], ["pause", "loyalty"]],
)
def test_before_the_first_apply_a_command_says_what_to_do(nurture: Nurture, command: list[str]) -> None:
    ran = nurture(*command)
    assert ran.status == 1
    assert ran.err == "error: nothing is in force yet\n  Put campaigns/ into force: nurture apply\n"
    assert ran.out == ""


def test_an_error_leaves_standard_output_empty_with_json_too(nurture: Nurture) -> None:
    ran = nurture("stages", "--json")
    assert (ran.status, ran.out) == (1, "")


def test_documents_hold_what_people_wrote_and_no_escapes(nurture: Nurture) -> None:
    nurture.edit("templates/email/welcome.md", "subject:", "subject: Grüße 🌷")
    out = nurture.ok("preview", "welcome", "--json").out
    assert "Grüße 🌷" in out
    json.loads(out)
