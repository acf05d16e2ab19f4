"""nurture show: a campaign as a picture, for somebody who sees it for the first time."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest

from nurture.app import open_app
from nurture.cli.show import by_step
from nurture.clock import parse_iso
from nurture.journeys.campaign import Campaign
from nurture.journeys.program import Program
from nurture.messages.library import Library
from nurture.reports.drawing.picture import Standing
from nurture.runner.pausing import pause
from nurture.runner.world import Edition, Letters, edition
from nurture.store.standing import Here
from nurture.store.versions import Numbering
from support.cli import PROGRAM, Nurture, copy_of, environment

INTRO = "campaigns/prospect/introductory-offer.yaml"


@pytest.fixture(scope="module")
def in_force(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose campaigns are in force; not to be changed."""
    nurture = copy_of(made, tmp_path_factory.mktemp("show") / "workspace")
    nurture.ok("apply", "--yes")
    return nurture.workspace


@pytest.fixture
def applied(in_force: Path, tmp_path: Path) -> Nurture:
    """The command line in a copy of it."""
    return copy_of(in_force, tmp_path / "applied")


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 80)


def people(nurture: Nurture, count: int) -> None:
    """So many contacts come in, and are let into the campaigns."""
    rows = "".join(f"c{number}@example.test,2017-01-02\n" for number in range(count))
    nurture.ok(
        "import", "contacts", nurture.file("p.csv", f"email,created_at\n{rows}"), "--consent", "a form"
    )
    nurture.ok("replay", "--from", "2017-01-01", "--to", "2017-01-03", "--step", "6")


def test_it_is_drawn_with_its_ways_and_its_name(applied: Nurture) -> None:
    out = applied.ok("show", "introductory-offer").out
    assert out.startswith("Introductory offer  introductory-offer, version 1\n  for     prospect\n")
    assert "│ send welcome " in out
    assert "╭────── then ────────┴────── else ───────╮" in out
    assert "inside  nobody now" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_people_are_counted_at_the_step_where_they_wait(nurture: Nurture) -> None:
    people(nurture, 3)
    document = nurture.ok("show", "introductory-offer", "--json").document
    assert document["inside"] == 3
    here = {it["step"]: it["people"] for it in document["steps"] if it["people"]}
    assert sum(here.values()) == 3
    assert set(here) <= {"welcome", "welcome+1", "welcome+3"}
    assert "inside  3 people; the number in a box" in nurture.ok("show", "introductory-offer").out


def test_the_document_tells_where_each_step_leads(applied: Nurture) -> None:
    document = applied.ok("show", "cross-sell", "--json").document
    assert document["version"] == 1
    assert document["paused_since"] is None
    assert (document["first"], document["elsewhere"]) == ("start+1", 0)
    assert document["goal"] == "ordered, within 60 days; who reaches it leaves"
    steps = {it["step"]: it for it in document["steps"]}
    asked = next(it for it in document["steps"] if it["branches"])
    assert asked["says"] == 'if not clicked("have-you-tried")'
    assert steps[asked["branches"]["then"]]["ends"]
    assert asked["branches"]["else"] == asked["next"]
    assert steps["goes-well-with-reminder"]["when"] == 'orders.within("30 days").count >= 1'


def test_who_stands_at_a_step_that_is_gone_is_drawn_where_they_go_on() -> None:
    here = {no: Here(people=10**no, on_their_way=no) for no in (1, 2, 3, 4)}
    people, elsewhere = by_step(_edition("follow"), here)
    assert people == {"a": Standing(people=110, on_their_way=3)}
    assert elsewhere == 11_000


def test_who_finishes_an_earlier_version_is_at_none_of_the_steps_that_it_had_alone() -> None:
    here = {no: Here(people=10**no, on_their_way=no) for no in (1, 2)}
    people, elsewhere = by_step(_edition("pin"), here)
    assert people == {"a": Standing(people=10, on_their_way=1)}
    assert elsewhere == 100


def _edition(on_edit: Literal["follow", "pin"]) -> Edition:
    """Step a is number 1; for 2 it stands in, 3 went to the end, 4 nobody knows."""
    numbering = Numbering(numbers={"a": 1}, aliases={2: "a", 3: ""})
    campaign = Campaign(key="hello", name="", topic="offers", program=Program(), on_edit=on_edit)
    return edition(2, campaign, numbering, Letters(library=Library({})))


def test_a_campaign_that_is_paused_says_since_when(applied: Nurture) -> None:
    with open_app(applied.workspace) as app:
        pause(app.store, "loyalty", parse_iso("2026-11-21T09:00", app.settings.zone))
    assert "loyalty, version 1, paused since 2026-11-21 09:00\n" in applied.ok("show", "loyalty").out
    assert applied.ok("show", "loyalty", "--json").document["paused_since"].startswith("2026-11-21T")


def test_the_files_are_shown_before_they_are_applied(nurture: Nurture) -> None:
    nurture.edit(INTRO, "- wait: 6 days", "- wait: 7 days")
    ran = nurture.ok("show", "introductory-offer", "--files")
    assert "introductory-offer, as it stands in the files" in ran.out
    assert "wait 7 days" in ran.out
    assert "inside" not in ran.out
    document = nurture.ok("show", "introductory-offer", "--files", "--json").document
    assert document["version"] is document["inside"] is document["steps"][0]["people"] is None


def test_what_is_in_force_stays_until_an_apply(applied: Nurture) -> None:
    applied.edit(INTRO, "- wait: 6 days", "- wait: 7 days")
    assert "wait 6 days" in applied.ok("show", "introductory-offer").out


def test_a_campaign_with_mistakes_names_them_and_no_others(nurture: Nurture) -> None:
    nurture.edit(INTRO, "- wait: 6 days", "- wait: 6 dayz")
    nurture.edit("campaigns/lapsed/win-back.yaml", "topic:", "topik:")
    ran = nurture("show", "introductory-offer", "--files")
    assert (ran.status, ran.out) == (1, "")
    assert "6 dayz" in ran.err
    assert "topik" not in ran.err
    other = nurture.ok("show", "loyalty", "--files")
    assert "nurture check names them" in other.err


def test_the_svg_is_a_file_of_its_own(applied: Nurture) -> None:
    ran = applied.ok("show", "introductory-offer", "--svg", "offer.svg")
    assert (ran.out, ran.err) == ("", "picture: offer.svg\n")
    root = ElementTree.parse(applied.workspace / "offer.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    document = applied.ok("show", "introductory-offer", "--svg", "offer.svg", "--json").document
    assert document["campaign"] == "introductory-offer"


def test_a_file_that_cannot_be_written_is_named(applied: Nurture) -> None:
    ran = applied("show", "introductory-offer", "--svg", "no/such/folder.svg")
    assert ran.status == 1
    assert "no/such/folder.svg: this cannot be written" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["which campaign?", "There are: appreciation, at-risk,", "nurture show appreciation"]),
        (["--files"], ["which campaign?"]),
        (["introductory"], ['called "introductory"', 'Did you mean "introductory-offer"?', "There are: app"]),
        (["zzz"], ['no campaign is called "zzz"', "There are: appreciation"]),
        ([INTRO], ['Did you mean "introductory-offer"?']),
    ],
)
def test_a_name_that_is_none_gets_the_names_there_are(
    applied: Nurture, arguments: list[str], words: list[str]
) -> None:
    ran = applied("show", *arguments)
    assert (ran.status, ran.out) == (2, "")
    for word in words:
        assert word in ran.err


def test_a_new_file_is_pointed_to_and_one_that_is_gone_is_told(applied: Nurture) -> None:
    loyalty = applied.workspace / "campaigns/client/loyalty.yaml"
    loyalty.rename(loyalty.with_name("thanks.yaml"))
    assert "nurture show thanks --files" in applied("show", "thanks").err
    applied.ok("apply", "--yes")
    assert 'the campaign "loyalty" is not in force any more' in applied("show", "loyalty").err


def test_before_the_first_apply_it_says_what_to_do(nurture: Nurture) -> None:
    assert "nothing is in force yet" in nurture("show", "introductory-offer").err


def test_a_narrow_terminal_gets_an_outline(applied: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nurture.cli.console.out._width", 44)
    out = applied.ok("show", "introductory-offer").out
    assert "├ then\n│ • wait 1 day\n│ • send how-it-works\n╰ else\n" in out
    assert max(map(len, out.splitlines())) <= 44


def test_where_the_output_knows_no_lines_it_is_ascii(applied: Nurture) -> None:
    applied.edit(INTRO, "name: Introductory offer", "name: Grüße 喜")
    asked = [str(PROGRAM), "show", "introductory-offer", "--files"]
    given = environment() | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    ran = subprocess.run(asked, cwd=applied.workspace, env=given, capture_output=True, timeout=60, check=True)
    assert ran.stdout.startswith(b"Gr??e ??  introductory-offer")
    assert b"+----------------------+----------------------+" in ran.stdout


def test_it_is_ascii_where_it_is_asked_for(applied: Nurture) -> None:
    out = applied.ok("show", "introductory-offer", "--ascii").out
    assert "+------ then --------+------ else -------+" in out
    assert out.isascii()


def test_no_name_moves_the_cursor(nurture: Nurture, tmp_path: Path) -> None:
    nurture.edit(INTRO, "name: Introductory offer", 'name: "a\\e[2Jb\\u202ec"')
    out = nurture.ok("show", "introductory-offer", "--files").out
    assert "\x1b" not in out
    assert "\u202e" not in out
