"""`nurture check`, the part of it that looks at campaigns/."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.book import read
from nurture.campaigns.findings import Finding
from nurture.campaigns.known import Known


def check(files: Mapping[str, str], known: Known) -> tuple[Finding, ...]:
    """Every mistake of every file, by file and place. `files`: path to text, as for `book.read`."""
    return read(files, known).findings
