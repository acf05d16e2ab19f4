"""Whatever is in the files, reading them ends in findings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nurture.campaigns.book import Book, read
from nurture.campaigns.codes import CODES
from nurture.campaigns.findings import render
from nurture.campaigns.known import Known

CAMPAIGN = """\
name: Welcome
stage: [prospect, customer]
topic: offers
enter: {on: signed_up, existing: yes}
when: orders.count >= 1 and contact.country in ["DE", "AT"]
goal: {on: ordered, within: 30 days}
exit: 'did("x", within="3 days")'
lines: each
line stage: prospect
offer: it
sequence:
  - send: welcome
    id: first
  - wait for: clicked("first")
    up to: 3 days
  - if: "opened(\\"first\\") or not (line.orders.count > 1)"
    then:
      - {send: more, stale after: 2 days}
    else:
      - end: >
          enough
          said
"""
LIFECYCLE = """\
stages:
  - prospect/new:
  - customer: orders.count >= 1 and segment("fans")
segments: {fans: engagement}
lines: product.line
usual gap: 30 days
"""
OFFERS = """\
it:
  kind: trial
  says: |
    free for 30 days
  discount: 15%
  code: unique
  expires: 14 days
"""
PIECES = [
    "\t",
    "\n",
    ":",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a",
    "*a",
    "!!x",
    "'",
    '"',
    "|",
    ">",
    "#",
    "\\",
    "\0",
    "?",
]
PIECES += [
    "\ufeff",
    "\u2028",
    "\x85",
    "\r",
    "null",
    "~",
    "---\n",
    "%",
    "@",
    "歓",
    "\U0001f600",
    "  ",
    "<<: ",
    "(",
    "=",
]


def mutated(text: str) -> st.SearchStrategy[str]:
    """`text` with pieces cut out, doubled and put in."""
    place = st.integers(0, len(text))
    change = st.tuples(place, st.integers(0, 12), st.one_of(st.sampled_from(PIECES), st.just("")))

    def apply(changes: list[tuple[int, int, str]]) -> str:
        result = text
        for at, cut, piece in changes:
            result = result[:at] + piece + result[at + cut :]
        return result

    return st.lists(change, min_size=1, max_size=4).map(apply)


def look(files: dict[str, str]) -> Book:
    book = read(files, Known(templates=frozenset({"welcome", "more"}), topics={"offers": False}))
    for finding in book.findings:
        assert finding.code in CODES
        assert finding.line >= 0
        assert finding.column >= 0
        assert "\x1b" not in render(finding)
    return book


@given(st.sampled_from(["lifecycle.yaml", "offers.yaml", "a.yaml"]), st.text(max_size=200))
def test_no_text_makes_reading_fail(name: str, text: str) -> None:
    look({f"campaigns/{name}": text})


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(LIFECYCLE), mutated(OFFERS), mutated(CAMPAIGN))
def test_no_mutilated_file_makes_reading_fail(lifecycle: str, offers: str, campaign: str) -> None:
    look(
        {"campaigns/lifecycle.yaml": lifecycle, "campaigns/offers.yaml": offers, "campaigns/a.yaml": campaign}
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "{a: " * 10_000,
        "- " * 10_000,
        "x: " + "y" * 500_000,
        "\n".join(f"k{number}: v" for number in range(60_000)),
        "a: &a [x]\nb: [*a, *a]",
        "sequence: " + "[" * 35 + "]" * 35,
        "\ud800",
        "a: \ud800",
        "name: 1" + "0" * 5_000,
        "when: " + "(" * 5_000,
        "when: " + "not " * 5_000,
        'when: "\\0 \\x1b[31m \\u202e"',
        "? [a, b]\n: c",
        "? {a: b}\n: c",
        "? |\n  a\n  b\n: c",
        "sequence:\n" + "".join("  " * n + "- if: 1 == 1\n" + "  " * n + "  then:\n" for n in range(1, 60)),
    ],
    ids=lambda it: it[:12],
)
def test_a_hostile_file_is_refused_at_once(text: str, read_with: Callable[[dict[str, str]], Book]) -> None:
    for name in ("lifecycle", "offers", "a"):
        book = read_with({f"campaigns/{name}.yaml": text})
        assert book.errors
        assert all("\x1b" not in render(finding) for finding in book.findings)
