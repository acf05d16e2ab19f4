"""A process that renders messages for the pages of the daemon: `helpers.py` starts it, and ends it where it must.

It reads pickled jobs from its standard input and says what comes of each on its standard output, until there are none.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.messages.bounds import MEMORY
from nurture.messages.compiled import Compiled
from nurture.messages.render import Renderer
from nurture.messages.urls import Urls
from nurture.messages.utm import Tags
from nurture.messages.values import values
from nurture.runner.bounded import clock, limit_memory, size
from nurture.runner.bounded_talk import Mouth, outcome

READY = "ready"
_KEPT = 32
"""Messages that are kept ready to render."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the mail is from, as messages show it."""

    from_: str
    reply_to: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A product that a message shows."""

    sku: str
    name: str
    line: str
    category: str
    price: int
    url: str
    image_url: str
    kind: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One message to be rendered, with all that it says."""

    compiled: Compiled
    key: MessageKey
    facts: Facts
    goods: Sequence[Shown]
    now: Moment
    sender: Sender
    urls: Urls
    timezone: str
    currency: str
    tags: Tags | None = None
    link_no: int = 0
    """The link whose target is wanted; 0: the HTML is."""
    seconds: float
    """How long it may take."""


def main() -> None:
    """Do jobs until there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # They go to the daemon as well, which finishes what is under way; then there is nothing more to read.
        signal.signal(number, signal.SIG_IGN)
    mouth = Mouth(os.dup(1))
    os.dup2(2, 1)
    renderer, start = Renderer(keep=_KEPT), size()
    mouth.answer(READY)
    # One that has grown makes room for a fresh one.
    while size() <= start + MEMORY:
        try:
            job: Job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        limit_memory()
        mouth.begin()
        mouth.answer(outcome(lambda job=job: _in_time(renderer, job), job.seconds))  # type: ignore[misc]


def _in_time(renderer: Renderer, job: Job) -> str:
    with clock(job.seconds):
        return render(renderer, job)


def render(renderer: Renderer, job: Job) -> str:
    """The HTML, or where the link leads. Raises TemplateError."""
    urls = job.urls.of(job.key)
    given = values(
        job.facts,
        job.now,
        sender=job.sender,
        urls=urls,
        recommended=job.goods,
        timezone=job.timezone,
        currency=job.currency,
        tags=job.tags,
    )
    if job.link_no:
        return renderer.resolve_link(job.compiled, job.link_no, given)
    return renderer.render(job.compiled, given, urls).html
