"""How bad a bounce is, by the same table as a server's answer (`delivery/replies.py`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nurture.delivery.outcome import Accepted, Refused, TryLater, Unknown
from nurture.delivery.replies import Phase, judge
from nurture.incoming.heard import Severity
from nurture.incoming.mail.words import status_of

_LONGEST = 2_000
_FOLD = re.compile(r"\n[ \t]{1,20}(?=\S)")
"""Servers fold long answers, and indent what follows."""
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)[ -][#( ]{0,3}([^\n]{0,500})")

GENERIC = re.compile(r"[45]\.(0\.\d+|\d+\.0|3\.5|4\.4)")
"""Says little, and mail servers say it when they know more: 5.4.4 of a domain that does not exist (Postfix)."""
_ABOUT_THE_SENDER = re.compile(r"[45]\.1\.[78]")
_POLICY = re.compile(r"4\.7\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a bounce comes to, and the status code that says so."""

    severity: Severity
    status: str = ""
    """Empty: none was said, and no words that stand for one."""


def judge_bounce(status: str, text: str) -> Judged:
    """What a failed delivery means, of which somebody says `status` (RFC 3463; may be empty) and `text`.

    Where the answer of the recipient's server is in `text`, its status goes before the one that a machine on the way
    made of it; words decide where neither says more than "failed".
    """
    text = _FOLD.sub(" ", text[:_LONGEST])
    code, answer = _reply(text)
    said = _first_status(answer) or _first_status(text)
    told = next((it for it in (said, status) if it and not GENERIC.fullmatch(it)), "")
    by_words = "" if told else status_of(text)
    best = told or by_words or said or status
    if by_words == "4.7.1" and (said or status).startswith("5"):
        best = said or status
    if not best and not code:
        return Judged(severity="other")
    if best and (not code or str(code)[0] != best[0]):
        code = 450 if best[0] == "4" else 550
    phase: Phase = "mail" if _ABOUT_THE_SENDER.fullmatch(best) else "rcpt"
    severity = _severity(code, f"{best} {answer or text}", phase, best)
    return Judged(severity=severity, status=best)


def _severity(code: int, text: str, phase: Phase, status: str) -> Severity:
    match judge(code, text, phase):
        case Refused(kind="hard"):
            return "hard"
        case Refused(kind=kind):
            # A bare "failed" is nothing to hold against anybody.
            return "soft" if kind == "soft" and status else "other"
        case TryLater(measure=measure):
            # Given up all the same: nobody took it for days.
            return "other" if measure is not None or _POLICY.match(status) else "soft"
        case Accepted() | Unknown():
            return "other"


def _reply(text: str) -> tuple[int, str]:
    """The answer of a server that is quoted in `text`; 0 and nothing: there is none."""
    found = _REPLY.search(text)
    return (int(found[1]), found[2].strip()) if found else (0, "")


def _first_status(text: str) -> str:
    found = _STATUS.search(text)
    return found.group() if found else ""
