"""What is wrong with a text that should say a time, a window or a recurrence."""

from __future__ import annotations

from collections.abc import Iterable

from nurture.journeys.spelling import near


class CalendarError(ValueError):
    """A text that is not what it should be. `message` says so, `hint` what to write instead.

    `code` is the finding's: not-a-window, never-opens, not-a-time, not-a-length, zero-length, expression.
    `column` counts from 0 within the text and `length` is how many characters are at fault; -1: all of it.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, column: int = -1, length: int = 0) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint
        self.column = column
        self.length = length


def likely(word: str, words: Iterable[str], otherwise: str) -> str:
    """A hint: the one of `words` that was meant, else `otherwise`."""
    return near(word.lower(), words) or otherwise
