"""What the documents say: their commands, settings, samples and links are there as they are written."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nurture.campaigns.book import read
from nurture.campaigns.findings import render
from nurture.campaigns.known import Known
from nurture.cli.main import app
from nurture.errors import SettingsError
from nurture.settings import load

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted(
        [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/*.md")]
    )
]
COMMAND = typer.main.get_command(app)
LARGEST_PICTURE = 200_000


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document: str, *languages: str) -> list[str]:
    """The code blocks of these languages."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text_of(document), re.DOTALL | re.MULTILINE)
    return [body for language, body in found if language in languages]


def prose(document: str) -> str:
    return re.sub(r"^```.*?^```", "", text_of(document), flags=re.DOTALL | re.MULTILINE)


def shown(document: str) -> Iterator[str]:
    """Every command line of ours in a block for the shell, a unit file or a printed hint."""
    for body in blocks(document, "sh", "console", "ini"):
        for line in re.sub(r"\\\n\s*", " ", body).splitlines():
            match = re.match(r"(?:\$ |ExecStart=)?(?:[\w./]*/)?nurture( .*|$)", line.strip())
            if match:
                yield match[1]


def named(document: str) -> Iterator[str]:
    """Every command that is named in a sentence, with or without what belongs behind it."""
    yield from re.findall(r"`nurture( [a-z][^`]*)`", prose(document))


def words(line: str) -> list[str]:
    return shlex.split(line.partition(" # ")[0])


def resolve(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words behind it."""
    command: Any = COMMAND
    while hasattr(command, "commands") and arguments:
        if arguments[0] not in command.commands:
            assert arguments[0].startswith("-"), f"there is no command {arguments[0]!r}"
            break
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_shown_can_be_called_so(document: str) -> None:
    for line in shown(document):
        command, arguments = resolve(words(line))
        assert not hasattr(command, "commands"), f"nurture{line}: which one?"
        command.make_context("nurture", list(arguments))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_named_in_a_sentence_exists(document: str) -> None:
    for line in named(document):
        if "|" in line or "…" in line:
            continue
        command, arguments = resolve(words(line))
        known = {option for parameter in command.params for option in parameter.opts} | {
            "--help",
            "--version",
        }
        assert {it for it in arguments if it.startswith("-")} <= known, f"nurture{line}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [line for body in blocks(document, "sh", "console") for line in body.splitlines()]
    wanted = [line.split()[1] for line in lines if line.startswith("make ")]
    wanted += re.findall(r"`make ([a-z]+)`", prose(document))
    assert set(wanted) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_shown_are_taken(document: str, tmp_path: Path) -> None:
    sample = tomllib.loads((ROOT / "nurture.toml").read_text())
    for body in blocks(document, "toml"):
        (tmp_path / "nurture.toml").write_text(body + "\n" + as_toml(missing(sample, tomllib.loads(body))))
        load(tmp_path, {"NURTURE_SECRET": "for a test"})


def missing(sample: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """The sections that a piece of a file does not have but a whole one must."""
    return {key: sample[key] for key in ("sender",) if key not in shown}


def as_toml(sections: dict[str, dict[str, str]]) -> str:
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f'{key} = "{value}"' for key, value in values.items())]
    return "\n".join(lines)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_is_one_of_ours(document: str) -> None:
    for name in set(re.findall(r"\bNURTURE_[A-Z]+(?:_[A-Z]+)*\b", text_of(document))):
        if re.fullmatch(r"NURTURE_(RELAY_[A-Z]+_PASSWORD|WEBHOOKS_[A-Z]+_SECRET)", name):
            # Of a relay or subscriber with a name; the sample has none. tests/settings has these.
            continue
        try:
            load(ROOT, {name: "x"})
        except SettingsError as error:
            assert "is not a setting" not in str(error), name


def test_the_campaign_in_the_readme_is_one_of_the_samples_and_has_no_mistake() -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.glob("campaigns/**/*.yaml")}
    (sample,) = blocks("README.md", "yaml")
    plain = [re.sub(r"\s+#.*|^#.*\n", "", text, flags=re.MULTILINE).strip() for text in files.values()]
    assert sample.strip() in plain
    known = Known(
        templates=frozenset(path.name.partition(".")[0] for path in (ROOT / "templates/email").glob("*.*")),
        topics={name: topic.always for name, topic in load(ROOT, {}).topics.items()},
    )
    # In the place of the file that it is, so that nobody is left without a campaign.
    itself = next(path for path, text in zip(files, plain, strict=True) if text == sample.strip())
    book = read(files | {itself: sample}, known)
    assert [render(finding) for finding in book.findings] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    text = prose(document)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for link in links:
        if "://" in link or "…" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    """The names of headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_pictures_are_small_and_all_of_them_are_shown() -> None:
    pictures = set((ROOT / "docs/images").glob("*"))
    for picture in pictures:
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
    everything = "".join(text_of(document) for document in DOCUMENTS)
    assert {picture.name for picture in pictures if f"images/{picture.name}" not in everything} == set()


def test_the_readme_counts_the_samples_right() -> None:
    messages = len({path.name.partition(".")[0] for path in (ROOT / "templates/email").glob("*.*")})
    campaigns = len(list(ROOT.glob("campaigns/*/*.yaml")))
    assert f"{messages} messages" in text_of("README.md")
    assert campaigns == 13
    assert "one of the thirteen that come along" in text_of("README.md")
