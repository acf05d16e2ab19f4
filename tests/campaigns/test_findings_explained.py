"""What the codes are said to mean: every example of wrong yields its code, and what is called right does not."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.campaigns.book import Book, read
from nurture.campaigns.codes import CODES
from nurture.campaigns.codes.page import explained, page
from nurture.campaigns.findings import Finding, render
from nurture.campaigns.known import Known
from nurture.runner import checking
from support.sound import REST

ROOT = Path(__file__).parents[2]
ReadWith = Callable[..., Book]

ELSEWHERE = {
    "not-utf-8",
    "not-readable",
    "not-read",
    "settings",
    "unknown-campaign",
    "clipped",
    "no-unsubscribe",
    "no-address",
    "no-preview",
    "fails-for-contact",
}
"""What they are about is no campaign and no single message, or too large to be shown."""
HELLO = {"campaigns/hello.yaml": "topic: news\nsequence:\n  - send: welcome\n", "campaigns/rest.yaml": REST}
BESIDES = {"stage-without-campaign"}
"""Examples of few files leave stages without a campaign."""


def files_of(example: str) -> dict[str, str]:
    """The files of an example: steps and keys are put into a campaign."""
    if example.startswith("# ") and (paths := re.findall(r"^# (\S.*\.(?:yaml|md|html))$", example, re.M)):
        texts = re.split(r"^# \S.*\.(?:yaml|md|html)\n", example, flags=re.M)[1:]
        files = dict(zip(paths, texts, strict=True))
        return {**HELLO, **files} if paths[0].startswith("campaigns/tests/") else files
    if example.startswith("- "):
        steps = textwrap.indent(example, "  ", lambda line: not line.startswith("\t"))
        text = f"stage: prospect\ntopic: offers\nsequence:\n  - send: welcome\n{steps}\n"
    elif "sequence:" in example:
        text = example
    else:
        topic = "" if re.search(r"^topic:", example, re.M) else "topic: offers\n"
        text = f"{example}\n{topic}sequence:\n  - send: welcome\n"
    return {"campaigns/hello.yaml": text, "campaigns/rest.yaml": REST}


def findings_of(example: str, read_with: ReadWith) -> tuple[Finding, ...]:
    files = files_of(example)
    if any(path.startswith("templates/") for path in files):
        whole = {
            path: text
            if "subject:" in text or not path.startswith("templates/")
            else f"subject: Hello\n\n{text}"
            for path, text in files.items()
        }
        return tuple(it for it in checking.check(None, None, whole).findings if it.code != "no-lifecycle")
    return read_with(files).findings


@pytest.mark.parametrize("code", sorted(set(CODES) - ELSEWHERE - {"no-lifecycle"}))
def test_what_is_called_wrong_yields_the_code_and_what_is_called_right_does_not(
    code: str, read_with: ReadWith
) -> None:
    wrong = findings_of(CODES[code].wrong, read_with)
    assert {it.code for it in wrong} - (BESIDES - {code}) == {code}, "\n".join(map(render, wrong))
    assert [it.code for it in findings_of(CODES[code].right, read_with) if it.code in (code, "yaml")] == []


@pytest.mark.parametrize("code", sorted(set(CODES) - ELSEWHERE - {"stage-without-campaign", "late-thanks"}))
def test_what_is_called_right_has_no_mistake(code: str, read_with: ReadWith) -> None:
    errors = [it for it in findings_of(CODES[code].right, read_with) if it.severity == "error"]
    assert [render(it) for it in errors] == []


def test_a_workspace_without_a_lifecycle_yields_its_code_too() -> None:
    it = CODES["no-lifecycle"]
    assert [finding.code for finding in read(files_of(it.wrong), Known()).findings] == ["no-lifecycle"]
    assert read(files_of(it.right), Known()).findings == ()


def test_the_page_in_the_docs_says_what_the_program_says() -> None:
    assert (ROOT / "docs/findings.md").read_text() == page(), (
        "python -m nurture.campaigns.codes > docs/findings.md"
    )


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_explained_in_whole_sentences(code: str) -> None:
    it = CODES[code]
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)
    assert it.says.endswith(".")
    assert it.why.endswith((".", "`."))
    assert it.wrong != it.right
    assert all(len(line) <= 100 for line in explained(code).splitlines())
