"""A process that works for the preview page: `studio_desk.py` starts it and asks, and it ends with whoever asks.

Apart from the page, since templates are worked on in children of their own: a process with threads has none.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import assert_never

from nurture.clock import SystemClock
from nurture.runner.bounded_talk import Mouth, outcome
from nurture.runner.studio import Studio
from nurture.runner.studio_talk import READY, Ask, Asked, AskFindings, AskNames, AskPeople, Start
from nurture.store.engine import open_store


def main() -> None:
    """Answer until there are no more questions."""
    # Ctrl-C goes to the whole group: it is the page that says when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mouth = Mouth(os.dup(1))
    os.dup2(2, 1)
    start: Start = pickle.load(sys.stdin.buffer)
    clock = SystemClock()
    store = open_store(start.settings.database_url, now=clock.now())
    studio = Studio(start.settings, store, clock)
    mouth.answer(READY)
    while True:
        try:
            asked: Ask = pickle.load(sys.stdin.buffer)
        except EOFError:
            store.close()
            return
        mouth.answer(outcome(lambda asked=asked: _answer(studio, asked), 0.0))  # type: ignore[misc]


def _answer(studio: Studio, asked: Ask) -> object:
    match asked:
        case Asked():
            return studio.show(asked)
        case AskNames():
            return studio.names()
        case AskPeople(text=text):
            return studio.people(text)
        case AskFindings():
            return studio.findings()
        case _:
            assert_never(asked)
