"""What a mail server's answer about one message means: the table, and `judge`, which looks an answer up in
it.

The first row that fits decides. Sources: RFC 5321 (codes), RFC 3463 and the IANA registry (enhanced status),
and what Gmail, Yahoo and Microsoft publish about their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.clock import HOUR, MINUTE, Span
from nurture.delivery.measures import Measure, Pause, Slow, Stop
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater, Unknown

Phase: TypeAlias = Literal["mail", "rcpt", "data", "body"]
"""Which command was answered: `data` is the answer before the body, `body` the one to the final dot."""

Meaning: TypeAlias = Literal["later", "hard", "soft", "policy"]

MAX_REPLY = 500
"""As many characters of an answer are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: patterns that must all fit from the start (empty fits all), and what it then
    means."""

    says: str
    """Why, in words."""
    code: str = ""
    status: str = ""
    """Of the enhanced status, which must then be there."""
    text: str = ""
    """Sought anywhere in the answer, in any case."""
    bare: bool = False
    """Only where the answer has no enhanced status."""
    phases: tuple[Phase, ...] = ("mail", "rcpt", "data", "body")
    meaning: Meaning
    pause: Span | None = None
    """The message itself is not tried again before."""
    measure: Measure | None = None
    """For all other mail to that destination."""


CLOSING = Slow(span=10 * MINUTE)
"""After a 421 (RFC 5321 4.2.3), whoever says it."""

_ABOUT_THE_RECIPIENT: tuple[Phase, ...] = ("rcpt", "data", "body")

TABLE: tuple[Row, ...] = (
    Row(
        says="Yahoo: refused for good",
        code="[45]",
        text=r"\[TSS(09|11)\]",
        meaning="policy",
        measure=Stop(reason="Yahoo takes nothing more from us"),
    ),
    Row(
        says="Yahoo: put off, unusual volume",
        code="[45]",
        text=r"\[TSS04\]",
        meaning="later",
        pause=2 * HOUR,
        measure=Pause(span=2 * HOUR),
    ),
    Row(
        says="Yahoo: put off, complaints",
        code="[45]",
        text=r"\[TSS05\]",
        meaning="later",
        pause=4 * HOUR,
        measure=Pause(span=4 * HOUR),
    ),
    Row(
        says="Gmail: too much",
        code="4",
        status=r"4\.7\.28$",
        meaning="later",
        pause=30 * MINUTE,
        measure=Slow(span=30 * MINUTE, per_minute=10),
    ),
    Row(
        says="Microsoft: too much",
        code="4",
        status=r"4\.7\.(500|65[01])$",
        meaning="later",
        pause=30 * MINUTE,
        measure=Pause(span=30 * MINUTE),
    ),
    Row(
        says="we are not authenticated",
        code="[45]",
        status=r"(4\.7\.(23|26|27|29|30|32)|5\.7\.(25|26|27|29|30|515))$",
        meaning="later",
        pause=HOUR,
        measure=Pause(span=HOUR, alert=True),
    ),
    Row(
        says="the relay wants a login",
        code="(530|535|538)",
        meaning="later",
        pause=HOUR,
        measure=Pause(span=5 * MINUTE, alert=True),
    ),
    Row(
        says="too much, or about to close",
        code="421",
        meaning="later",
        measure=CLOSING,
    ),
    Row(says="greylisting", code="45[01]", status=r"4\.(7\.1|2\.0)$", meaning="later", pause=5 * MINUTE),
    Row(says="that mailbox gets too much", code="450", status=r"4\.2\.1$", meaning="later", pause=HOUR),
    Row(
        says="the mailbox is full",
        code="[45]",
        status=r"[45]\.2\.2$",
        phases=_ABOUT_THE_RECIPIENT,
        meaning="soft",
    ),
    Row(says="any other temporary answer", code="4", meaning="later"),
    Row(says="it is about us, not about them", code="5", phases=("mail",), meaning="policy"),
    Row(says="no such mailbox or domain", code="5", status=r"5\.1\.(1|2|6|10)$", meaning="hard"),
    Row(says="the domain takes no mail (RFC 7504)", code="556", meaning="hard"),
    Row(
        says="no such mailbox, from a server without enhanced status",
        code="55[013]",
        text=r"no such (user|mailbox|recipient|domain)|user unknown|unknown user|(host|domain) not found",
        bare=True,
        phases=("rcpt",),
        meaning="hard",
    ),
    Row(
        says="that mailbox gets too much, for now",
        code="5",
        status=r"5\.2\.1$",
        text=r"\brate|too (many|much|quickly|fast)|limit",
        meaning="later",
        pause=HOUR,
    ),
    Row(says="the mailbox is switched off", code="5", status=r"5\.2\.1$", meaning="hard"),
    Row(says="policy or content", code="5", status=r"5\.[67]\.", meaning="policy"),
    Row(says="the message is too big", code="5", status=r"5\.3\.4$", meaning="policy"),
    Row(says="any other permanent answer", code="5", meaning="soft"),
)

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\d)")


def judge(code: int, text: str, phase: Phase) -> Outcome:
    """What the answer `code` `text` to `phase` of one message means for that message.

    An answer that makes no sense leaves open whether it was taken only once the body has gone.
    """
    reply = f"{code} {text}"[:MAX_REPLY]
    if phase == "body" and 200 <= code <= 299:
        return Accepted(reply=reply)
    row = find_row(code, text, phase)
    if row is None:
        if phase == "body":
            return Unknown(reason=f"the relay's answer makes no sense: {reply}")
        return TryLater(reply=reply)
    if row.meaning == "later":
        return TryLater(reply=reply, pause=row.pause, measure=row.measure)
    return Refused(reply=reply, kind=row.meaning, measure=row.measure)


def measure_of(code: int, text: str, phase: Phase = "mail") -> Measure | None:
    """What an answer means for all mail to that destination; also one to a connection, which is about no message."""
    row = find_row(code, text, phase)
    return row.measure if row else None


def relay_measure(code: int, text: str) -> Measure | None:
    """What an answer of a relay of ours means for mail through it.

    A relay may pass on what the recipient's provider said, which is no reason to hold back all mail: only that it
    closes (421) and that it wants a login are its own.
    """
    if code == 421:
        return CLOSING
    return measure_of(code, text) if code in (530, 535, 538) else None


def find_row(code: int, text: str, phase: Phase) -> Row | None:
    """The first row of the table that fits."""
    found = _STATUS.match(text)
    status = found.group() if found else ""
    for row in TABLE:
        if (
            phase in row.phases
            and re.match(row.code, str(code))
            and (not row.status or (status and re.match(row.status, status)))
            and (not row.text or re.search(row.text, text, re.IGNORECASE))
            and not (row.bare and status)
        ):
            return row
    return None
