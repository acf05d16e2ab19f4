"""Templates that never end, or want all the memory, are stopped and named; the others are what they were."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nurture.campaigns.findings import Finding
from nurture.clock import DAY
from nurture.errors import TemplateStoppedError
from nurture.messages.bounds import MEMORY, SECONDS
from nurture.messages.compile import compile_template
from nurture.messages.library import Library
from nurture.runner import checking
from nurture.runner.preview import see, who
from nurture.runner.template_trials import try_out
from nurture.store import people
from nurture.store.engine import Store
from nurture.store.people import ContactGiven
from support.corner import START, files, letter, settings
from support.template_attacks import ATTACKS, SOUND

HELLO = "stage: prospect\ntopic: offers\nsequence:\n  - send: one\n  - send: two\n"
NOW = START + DAY
SHORT = 0.3
SLACK = 32 * 2**20
"""What a process has of its own, which its parent does not, and the interpreter's own rounding."""
BY_POINTS = "{% for a in range(contact.points) %}{% for b in range(contact.points) %}\n" + (
    "{% for c in range(contact.points) %}{% set d = c %}{% endfor %}\n{% endfor %}{% endfor %}"
)
"""Ends at once for who has few points."""


def take_in(store: Store, *points: int) -> None:
    given = [ContactGiven(email=f"has-{it}@example.test", attributes={"points": it}) for it in points]
    with store.write() as tx:
        people.upsert(tx, store.ids, given, START)


def test_every_attack_is_stopped_in_compiling_within_its_time_and_memory() -> None:
    command = [sys.executable, "-m", "support.template_attacks", str(SHORT)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    told = found["told"]
    assert {name for name, it in told.items() if it["stopped"]} == set(ATTACKS)
    assert {name for name, it in told.items() if not it["said"]} == {
        name.removesuffix(".html") for name in SOUND
    }
    assert all(name in told[name]["said"] for name in ATTACKS)
    assert max(it["took"] for it in told.values()) < SHORT + 1
    assert found["grown"] < MEMORY + SLACK


def test_a_check_goes_on_and_names_file_and_line() -> None:
    given = files({"hello": HELLO}, {"one": letter("one", f"Hello\n\n{ATTACKS['loops']}")})
    began = time.monotonic()
    checked = checking.check(None, None, given)
    assert time.monotonic() - began < SECONDS + 1.5
    (it,) = (it for it in checked.findings if it.path.startswith("templates/"))
    assert (it.code, it.severity, it.path, it.line) == ("stopped", "error", "templates/email/one.md", 6)
    assert "it took more than 2 seconds" in it.message
    assert {name for name, _ in checked.templates} == {"two", "three"}


def test_one_that_ends_for_some_and_not_for_others_is_found_in_trying_it(
    store: Store, tmp_path: Path
) -> None:
    take_in(store, 1, 1000)
    given = files({"hello": HELLO}, {"one": letter("one", BY_POINTS)})
    checked = checking.check(store, settings(tmp_path), given)
    assert not checked.errors
    trials = try_out(
        store,
        settings(tmp_path),
        checked.book,
        checked.library,
        checked.templates,
        {},
        NOW,
        seconds=SHORT,
    )
    (failure,) = trials.failures
    assert (failure.template, failure.address, failure.stopped) == (
        ("one", ""),
        "has-1000@example.test",
        True,
    )
    assert failure.construct.startswith("for ") or failure.construct.startswith("set d")
    assert {name for name, _ in trials.passed} == {"two", "three"}


@pytest.mark.nightly
def test_and_the_finding_says_for_whom_at_which_line(store: Store, tmp_path: Path) -> None:
    take_in(store, 1, 1000)
    given = files({"hello": HELLO}, {"one": letter("one", BY_POINTS)})
    it = stopped_in(checking.check(store, settings(tmp_path), given, now=NOW).findings)
    assert (it.severity, it.path) == ("error", "templates/email/one.md")
    assert it.message == "one was stopped for has-1000@example.test: it took more than 2 seconds"
    assert it.line in (4, 5)


def stopped_in(findings: tuple[Finding, ...]) -> Finding:
    (found,) = (it for it in findings if it.code == "stopped")
    return found


def test_what_is_too_much_for_somebody_is_an_error_and_says_for_whom(store: Store, tmp_path: Path) -> None:
    take_in(store, 1, 20_000)
    body = "Hello\n\n{{ '*' * contact.points }}"
    given = files({"hello": HELLO}, {"one": letter("one", body)})
    it = stopped_in(checking.check(store, settings(tmp_path), given, now=NOW).findings)
    assert (it.severity, it.path, it.line) == ("error", "templates/email/one.md", 6)
    assert "one was stopped for has-20000@example.test: a text or list of more than 10,000" in it.message


def test_a_preview_is_stopped_too(store: Store, tmp_path: Path) -> None:
    take_in(store, 20_000)
    given = files({"hello": HELLO}, {"one": letter("one", "{{ '*' * contact.points }}")})
    checked = checking.check(store, settings(tmp_path), given)
    with pytest.raises(TemplateStoppedError, match="one: it was stopped"):
        see(
            store,
            settings(tmp_path),
            checked.book,
            checked.library,
            checked.templates["one", ""],
            who(store, "has-20000@example.test"),
            NOW,
        )


def test_what_the_child_compiles_is_what_this_process_would_have() -> None:
    given = files({"hello": HELLO})
    library = Library({path.removeprefix("templates/email/"): text for path, text in given.items()})
    found = checking.check(None, None, given).templates
    assert found == {(name, ""): compile_template(library, name) for name in ("one", "two", "three")}
