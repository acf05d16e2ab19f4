"""What a connection that letters go over can do, whichever way it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nurture.delivery.replies import Phase
from nurture.providers.smtp_envelope import Envelope, Extensions
from nurture.providers.smtp_replies import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds to wait, by what for (RFC 5321 4.5.3.2)."""

    connect: float = 60.0
    """For the connection, TLS, and each answer up to the log-in."""
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    final: float = 600.0
    """For the answer to the final dot."""
    leave: float = 5.0
    """For the answer to QUIT, which nothing depends on."""


class Lost(Exception):
    """The connection is gone or of no use.

    `answered`: the envelope under way had been looked at by then. `confused`: answers and commands do not go
    together, so the answer before this one may have been meant for something else.
    """

    def __init__(self, reason: str, *, answered: bool = False, confused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answered = answered
        self.confused = confused


@dataclass(frozen=True, slots=True)
class No:
    """An envelope that was not accepted, and by the answer to which command."""

    reply: Reply
    phase: Phase


class Talk(Protocol):
    """One connection past its greeting and log-in. Everything but `abort` raises Lost."""

    offered: Extensions
    ahead: bool
    """Whether the next envelope may go behind a body."""

    @property
    def alive(self) -> bool:
        """False once it is known to be gone or out of step."""
        ...

    def begin(self, envelope: Envelope) -> None:
        """Ask for `envelope`, where no body went before it."""
        ...

    async def opened(self) -> No | None:
        """The server's answer to the envelope; None: it waits for the body."""
        ...

    def send_body(self, stuffed: bytes, following: Envelope | None) -> None:
        """Write a body and its final dot, and behind them the next envelope."""
        ...

    async def final(self) -> Reply:
        """The answer to the body."""
        ...

    def abort(self) -> None:
        """Drop the connection at once. A body begun stays without its end, so the server throws it away."""
        ...

    async def quit(self) -> None:
        """Part in peace."""
        ...


def out_of_step(code: int, text: str, *, answered: bool) -> Lost:
    """The answer `code` `text` does not go with what was asked."""
    return Lost(f"the relay's answers are out of step: {code} {text}", answered=answered, confused=True)
