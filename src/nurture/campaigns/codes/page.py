"""The codes in words: one of them in a terminal, all of them as docs/findings.md."""

from __future__ import annotations

import textwrap

from nurture.campaigns.codes import CODES, GROUPS

_WIDTH = 88
_HEAD = """\
# Findings

What `nurture check` may say, by code. `nurture check --explain CODE` shows one of them in the terminal, and
`nurture check --json` gives the code with each finding. A code never changes.

This page is made by `python -m nurture.campaigns.codes > docs/findings.md`.
"""


def explained(code: str) -> str:
    """One code as a terminal shows it. Raises KeyError."""
    it = CODES[code]
    return "\n\n".join(
        [
            textwrap.fill(f"{code}: {it.says}", _WIDTH),
            textwrap.fill(it.why, _WIDTH),
            f"wrong:\n{textwrap.indent(_shown(it.wrong), '    ')}",
            f"right:\n{textwrap.indent(_shown(it.right), '    ')}",
        ]
    )


def page() -> str:
    """docs/findings.md."""
    parts = [_HEAD]
    for title, group in GROUPS.items():
        parts.append(f"## {title}\n")
        for code, it in group.items():
            parts.append(
                f"### {code}\n\n{textwrap.fill(f'{it.says} {it.why}', 118, break_long_words=False)}\n"
            )
            parts.append(f"Wrong:\n\n{_fenced(it.wrong)}\nRight:\n\n{_fenced(it.right)}")
    return "\n".join(parts)


def _fenced(example: str) -> str:
    return f"```{_language(example)}\n{_shown(example)}\n```\n"


def _language(example: str) -> str:
    if example.startswith("# templates/"):
        return "html"
    return "yaml" if ":" in example else "text"


def _shown(example: str) -> str:
    """The example with what nobody would see made visible."""
    return example.rstrip("\n").replace("\t", "→").replace("\x07", "␇")
