"""How a process ends: Ctrl-C, a reader that goes away, no terminal. Slow: each starts the command anew."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from support.cli import PROGRAM, Nurture, environment


def start(nurture: Nurture, *arguments: str | Path, columns: str = "") -> subprocess.Popen[str]:
    told = {"COLUMNS": columns} if columns else {}
    return subprocess.Popen(
        [str(PROGRAM), *map(str, arguments)],
        cwd=nurture.workspace,
        env=environment() | told,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt_after(process: subprocess.Popen[str], words: str) -> tuple[int, str]:
    """Ctrl-C as soon as standard error says `words`; the exit status and the rest of it."""
    assert process.stderr is not None
    while line := process.stderr.readline():
        if words in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    return process.returncode, rest


def test_an_import_that_is_interrupted_keeps_whole_batches_and_goes_on_when_it_is_started_again(
    nurture: Nurture,
) -> None:
    rows = "".join(f"person{number}@example.test,P{number}\n" for number in range(60_000))
    file = nurture.file("people.csv", "email,first_name\n" + rows)
    status, said = interrupt_after(start(nurture, "import", "contacts", file), "importing people.csv: 10 %")
    assert status == 130
    assert said.endswith(
        "interrupted: what was finished stays, and the same command again goes on from there\n"
    )
    assert "Traceback" not in said
    database = sqlite3.connect(nurture.workspace / "nurture.db")
    kept = database.execute("SELECT count(*) FROM contacts").fetchone()[0]
    database.close()
    assert 0 < kept < 60_000
    assert kept % 5_000 == 0
    again = nurture.ok("import", "contacts", file, "--json").document["files"][0]
    assert (again["taken"], again["unchanged"]) == (60_000 - kept, kept)


def test_what_was_made_of_codes_when_it_is_interrupted_is_told_with_the_rest_to_make(
    nurture: Nurture,
) -> None:
    nurture.edit("campaigns/offers.yaml", "code: unique ", "code: {unique: ahead} ")
    nurture.ok("apply", "--yes")
    making = start(nurture, "codes", "make", "first-order-15", "--count", "2000000")
    status, said = interrupt_after(making, "codes: ")
    told = re.search(
        r"^interrupted: ([\d,]+) codes are made, of 2,000,000; "
        r"the others: nurture codes make first-order-15 --count (\d+)\n\Z",
        said,
        re.MULTILINE,
    )
    assert status == 130 and told, said
    made = int(told[1].replace(",", ""))
    assert made + int(told[2]) == 2_000_000
    counts = nurture.ok("codes", "list", "first-order-15", "--json").document
    assert counts["free"] == made


def test_a_replay_that_is_interrupted_can_be_done_again(in_shop: Nurture) -> None:
    replay = ("replay", "--from", "2017-02-01", "--to", "2017-12-01", "--sign-ups", "100")
    status, said = interrupt_after(start(in_shop, *replay), "replaying: 10 %")
    assert status == 130
    assert "Traceback" not in said
    in_shop.ok("replay", "--from", "2017-02-01", "--to", "2017-06-01", "--step", "24")
    in_shop.ok("report")


def test_ctrl_c_at_the_question_puts_nothing_into_force(nurture: Nurture) -> None:
    mine, theirs = os.openpty()
    process = subprocess.Popen(
        [str(PROGRAM), "apply"],
        cwd=nurture.workspace,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    while (character := process.stderr.read(1)) and not said.endswith("[y/N]"):
        said += character
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    os.close(mine)
    os.close(theirs)
    assert process.returncode == 130
    assert "Nothing was changed.\n" in rest
    assert "nothing is in force yet" in nurture("report").err


def test_the_daemon_ends_cleanly_on_ctrl_c(nurture: Nurture) -> None:
    nurture.edit("nurture.toml", 'listen = "127.0.0.1:8025"', 'listen = "127.0.0.1:0"')
    nurture.ok("apply", "--yes")
    status, said = interrupt_after(start(nurture, "run"), "ready: ")
    assert (status, said) == (0, "Stopped. What is under way goes on at the next start.\n")


def test_a_reader_that_goes_away_is_no_failure(in_shop: Nurture) -> None:
    for command in (["report", "--json"], ["explain", "ann@example.test"], ["stages"]):
        process = start(in_shop, *command)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(30), said) == (0, "")


@pytest.mark.nightly
def test_tables_fit_the_terminal_and_are_not_cut_in_a_file(in_shop: Nurture) -> None:
    for columns in ("60", "80", "120"):
        out, _ = start(in_shop, "report", "--steps", columns=columns).communicate(timeout=30)
        assert max(map(len, out.splitlines())) <= int(columns)
        assert "…" not in out
    out, _ = start(in_shop, "report", "--care", columns="60").communicate(timeout=30)
    assert re.search(r"^prospect/consideration .*", out, re.MULTILINE)
    assert re.search(r" came  went$", out, re.MULTILINE)
    out, _ = start(in_shop, "report").communicate(timeout=30)
    assert "…" not in out
    assert "\x1b" not in out
