"""Every file in tests/broken/ is refused with exactly the words that stand beside it; see its README."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.campaigns.codes import CODES
from support.broken import CASES, findings_of, said_of

OF_SEVERAL_FILES = {
    "campaign-twice", "care-drops", "file-name", "late-thanks", "name-twice", "newcomers-get-more", "no-lifecycle",
    "no-lines", "same-day", "stage-without-campaign",
}  # fmt: skip
OF_OTHER_FILES = {
    "not-utf-8", "not-readable", "not-read", "settings", "unknown-campaign", "clipped", "no-unsubscribe",
    "no-address", "no-preview", "fails-for-contact",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda it: it.stem)
def test_a_broken_file_is_refused_in_plain_words(case: Path) -> None:
    findings = findings_of(case)
    assert said_of(findings) == case.with_suffix(".txt").read_bytes().decode()
    assert findings
    assert all(finding.code in CODES for finding in findings)


def test_every_code_has_a_file_that_shows_it() -> None:
    shown = {finding.code for case in CASES for finding in findings_of(case)}
    assert shown == set(CODES) - OF_SEVERAL_FILES - OF_OTHER_FILES


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120
