"""Ctrl-C between steps, with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from nurture.cli.interrupts import between_steps


def test_ctrl_c_waits_for_the_next_check() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), between_steps() as check:
        check()
        os.kill(os.getpid(), signal.SIGINT)
        done.append("the step under way")
        check()
        done.append("another step")
    assert done == ["the step under way"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_finished_when_ctrl_c_came_is_not_called_interrupted() -> None:
    with between_steps():
        os.kill(os.getpid(), signal.SIGINT)


def test_where_ctrl_c_is_ignored_it_stays_so() -> None:
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with between_steps() as check:
            os.kill(os.getpid(), signal.SIGINT)
            check()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, heard)


def test_a_second_ctrl_c_ends_the_process_at_once() -> None:
    work = (
        "import os, signal\n"
        "from nurture.cli.interrupts import between_steps\n"
        "with between_steps():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still there', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('and even now', flush=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (-signal.SIGINT, "still there\n")
