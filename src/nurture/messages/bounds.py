"""How much a template may make and how long it may take, and what is said of one that wanted more."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from jinja2.exceptions import SecurityError

from nurture.errors import TemplateStoppedError

SECONDS = 2.0
"""For compiling one message, and for rendering it once."""
MEMORY = 256 * 2**20
"""Bytes, beyond what the process had when the message's turn came."""
LONGEST = 1_000_000
"""Characters of any text that is put together: ten times what Gmail shows of a message."""
MOST_TIMES = 10_000
"""How long a text or list may become by `*`, and a list by `+`."""
MOST_STEPS = 1_000
"""What `range` gives at most, and the parts that a list is cut into."""
MOST_BITS = 4_096
"""Of a number, some 1,200 digits."""

_AT_ONCE = 250
MAKE_LESS = "Let it do less: fewer and shorter loops, no text that is made of itself again and again."
"""The remedy, whatever it wanted too much of."""


class TooMuch(SecurityError):
    """A template wanted to make more than it may: raised within the template, where it stands."""


class Overtime(BaseException):
    """The time for a template is over: raised into it. No `except Exception` on the way takes it for its own."""


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text of at most LONGEST characters. Raises TooMuch."""
    more, whole = iter(pieces), ""
    while some := list(islice(more, _AT_ONCE)):
        text = "".join(some)
        whole = whole + text if whole else text
        if len(whole) > LONGEST:
            raise too_long()
        if len(some) < _AT_ONCE:
            break
    return whole


def too_long() -> TooMuch:
    """What is raised for a text that would be longer than any message."""
    return TooMuch(f"a text of more than {LONGEST:,} characters cannot be made")


def took_too_long(where: str = "", seconds: float = SECONDS) -> TemplateStoppedError:
    """For a template whose time was over."""
    unit = "second" if seconds == 1 else "seconds"
    return TemplateStoppedError(
        f"it was stopped: it took more than {seconds:g} {unit}", where=where, remedy=MAKE_LESS
    )


def wanted_too_much(where: str = "", memory: int = MEMORY) -> TemplateStoppedError:
    """For a template that there was no memory for."""
    return TemplateStoppedError(
        f"it was stopped: it wanted more than {memory // 2**20} MB", where=where, remedy=MAKE_LESS
    )


def made_too_much(error: TooMuch, where: str = "") -> TemplateStoppedError:
    """For a template that was refused what it wanted to make."""
    return TemplateStoppedError(f"it was stopped: {error.message}", where=where, remedy=MAKE_LESS)
