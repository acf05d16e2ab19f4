"""The command line as a newcomer meets it: help, wrong usage, and the page that describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from nurture.cli.main import app
from support.cli import Nurture

COMMANDS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def commands(group: object = None, before: str = "") -> Iterator[tuple[str, object]]:
    """Every command that does something, by its whole name, such as `import contacts`."""
    for name, command in getattr(group or typer.main.get_command(app), "commands").items():  # noqa: B009
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield before + name, command
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(commands())


def test_every_noun_is_there() -> None:
    assert {
        "init",
        "check",
        "apply",
        "import contacts",
        "run",
        "replay",
        "stages",
        "report",
        "explain",
    } <= set(COMMANDS)


@pytest.mark.parametrize("name", ["", "import", *COMMANDS])
def test_help_fits_eighty_columns_and_begins_with_a_sentence(name: str, tmp_path: Path) -> None:
    ran = Nurture(tmp_path).ok(*name.split(), "--help")
    assert max(map(len, ran.out.splitlines())) <= 80
    sentence = ran.out.splitlines()[2].strip()
    assert sentence[0].isupper()
    assert "..." not in re.sub(r"\]\.\.\.|\}\.\.\.", "", ran.out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Commands:"),
        (["import"], "contacts"),
        (["stagse"], "Did you mean 'stages'?"),
        (["import", "contact"], "Did you mean 'contacts'?"),
        (["init"], "Missing argument 'DIR'"),
        (["init", "a", "b"], "unexpected extra argument"),
        (["import", "contacts"], "Missing argument 'FILE'"),
        (["stages", "--bogus"], "No such option: --bogus"),
        (["replay", "--from", "2017-01-01"], "Missing option '--to'"),
        (
            ["replay", "--from", "2017-01-01", "--to", "2017-02-01", "--step", "0"],
            "greater than or equal to 1",
        ),
    ],
)
def test_wrong_usage_is_told_on_standard_error_with_status_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    ran = Nurture(tmp_path)(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told(tmp_path: Path) -> None:
    assert re.fullmatch(r"nurture \d+\.\d+\.\d+\n", Nurture(tmp_path).ok("--version").out)


def test_every_command_and_every_option_stands_in_the_docs() -> None:
    page = COMMANDS_PAGE.read_text()
    described = set(re.findall(r"^##+ nurture ([a-z -]+?)$", page, re.MULTILINE))
    assert described == set(COMMANDS)
    for name, command in COMMANDS.items():
        section = re.split(rf"^##+ nurture {name}$", page, flags=re.MULTILINE)[1].split("\n## ")[0]
        for param in getattr(command, "params"):  # noqa: B009
            for option in param.opts:
                if option.startswith("--") and option not in ("--workspace", "--json", "--help"):
                    assert f"`{option}" in section, f"nurture {name} {option}"
