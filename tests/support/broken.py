"""The files of tests/broken/, each with what is said about it.

`python -m support.broken`, run in tests/, writes the `.txt` beside each of them anew: look at the difference before
you keep it, since what it says is what a marketer will read. See tests/broken/README.md.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nurture.campaigns.findings import Finding, render
from nurture.runner import checking
from support.sound import REST, read_among

FOLDER = Path(__file__).parents[1] / "broken"
CASES = sorted(
    path for path in FOLDER.iterdir() if path.suffix in (".yaml", ".md", ".html") and path.stem != "README"
)


@cache
def findings_of(case: Path) -> tuple[Finding, ...]:
    """What is found in the file, put where its name says."""
    text = case.read_bytes().decode()
    if case.suffix != ".yaml":
        found = checking.check(None, None, {f"templates/email/{case.name}": text}).findings
        return tuple(it for it in found if it.path.startswith("templates/"))
    kind = case.name.partition("-")[0]
    if kind in ("lifecycle", "offers", "questions"):
        return read_among({f"campaigns/{kind}.yaml": text}).findings
    if kind == "tests":
        place = f"campaigns/tests/{case.name}"
        found = read_among({place: text, "campaigns/rest.yaml": REST}).findings
        return tuple(it for it in found if it.path == place)
    return read_among({f"campaigns/prospect/{case.name}": text, "campaigns/rest.yaml": REST}).findings


def said_of(findings: tuple[Finding, ...]) -> str:
    """The findings as they stand beside the file."""
    return "".join(render(finding) + "\n" for finding in findings)


if __name__ == "__main__":
    for path in CASES:
        path.with_suffix(".txt").write_bytes(said_of(findings_of(path)).encode())
