"""Every file in tests/broken/ is refused with exactly the words that stand beside it.

`lifecycle-….yaml` and `offers-….yaml` take the place of those files; all others are campaigns.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.campaigns.book import Book
from nurture.campaigns.codes import CODES
from nurture.campaigns.findings import render

FOLDER = Path(__file__).parent.parent / "broken"
CASES = sorted(FOLDER.glob("*.yaml"))


def place_of(name: str) -> str:
    kind = name.partition("-")[0]
    return f"campaigns/{kind}.yaml" if kind in ("lifecycle", "offers") else f"campaigns/prospect/{name}.yaml"


@pytest.mark.parametrize("case", CASES, ids=lambda it: it.stem)
def test_a_broken_file_is_refused_in_plain_words(
    case: Path, read_with: Callable[[dict[str, str]], Book]
) -> None:
    text = case.read_bytes().decode()
    book = read_with({place_of(case.stem): text})
    said = "".join(render(finding) + "\n" for finding in book.findings)
    assert said == case.with_suffix(".txt").read_bytes().decode()
    assert all(finding.code in CODES for finding in book.findings)


def test_every_code_has_a_file_that_shows_it(read_with: Callable[[dict[str, str]], Book]) -> None:
    books = [read_with({place_of(case.stem): case.read_bytes().decode()}) for case in CASES]
    shown = {finding.code for book in books for finding in book.findings}
    of_several_files = {"campaign-twice", "file-name", "name-twice", "no-lifecycle", "no-lines"}
    of_other_files = {"not-utf-8", "not-readable", "not-read", "settings", "template"}
    assert shown == set(CODES) - of_several_files - of_other_files


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120
