"""Bounces in plain words: `flufl.bounce` first, then rules of our own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from functools import cache
from itertools import islice
from logging import CRITICAL, getLogger

from flufl.bounce import all_failures

from nurture.incoming.mail.headers import address_of, addresses_in, decoded
from nurture.incoming.mail.phrases import ENDS, INTROS, NAMES, SENDERS, SUBJECTS
from nurture.incoming.mail.structure import Mail
from nurture.incoming.mail.words import DELAYED, status_of

_FOR_FLUFL = 64 * 1024
"""Bytes: its patterns take time by the square of what they are given."""
_LONGEST_LINE = 400
_MOST_LINES = 400
_LOOKED_AHEAD = 12
"""Lines behind one that says that something failed."""
_MOST_FOUND = 20
_SAID = 1_000
_CODE = re.compile(r"(?<![\d.])[45](\d\d[ -]|\.\d{1,3}\.\d)")
_ENTRY = re.compile(r"\n\s*\n(?=<?[^\s<>@]{1,64}@[^\s<>]{1,255}>?:)")
"""Where the next recipient's begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a bounce in plain words says."""

    recipients: tuple[str, ...]
    """In lower case; empty: it names none that can be told."""
    is_delay: bool
    text: str
    """The part of it that is not the message that comes back."""


def read_notice(mail: Mail, content: bytes) -> Notice | None:
    """What a bounce says that is no report; None: it is no bounce. `content` is all of it."""
    by_server, by_subject = _is_from_a_server(mail), bool(SUBJECTS.search(mail.subject))
    # Who answers a message has its subject, which may well speak of deliveries.
    if not (by_server or (by_subject and "in-reply-to" not in mail.head)):
        return None
    text = _own_words(mail.text)
    delayed, failed = _by_flufl(mail, content)
    # A person may write about mail that failed, in words that fit our rules, which are wider.
    own = _by_rules(mail, text) if by_server and not (failed or delayed) else ()
    if not (failed or delayed or own) and not (by_server and (by_subject or _intro_in(text))):
        return None
    is_delay = bool(delayed and not failed) or (not failed and _is_delay(mail, text))
    return Notice(recipients=failed or delayed or own, is_delay=is_delay, text=text)


def _is_from_a_server(mail: Mail) -> bool:
    """Whether it says that a mail server wrote it."""
    sender = mail.head.get("from")
    return (
        "x-failed-recipients" in mail.head
        or bool(SENDERS.fullmatch(address_of(sender).partition("@")[0]))
        or bool(NAMES.search(decoded(sender)))
        or mail.type == "multipart/report"
    )


def words_about(text: str, recipient: str) -> str:
    """The part of a bounce's text that is about `recipient`: from where it is named on; else the beginning."""
    places = (
        [it.start() for it in islice(re.finditer(re.escape(recipient), text.lower()), 10)]
        if recipient
        else []
    )
    for at in places:
        begins = text.rfind("\n", 0, at) + 1
        near = _ENTRY.split(text[begins : at + _SAID], maxsplit=1)[0].strip()
        if status_of(near.replace("\n", " ")) or _CODE.search(near):
            return near
    # Some say why before they say who.
    last = places[-1] if places else 0
    return text[max(0, last - _SAID) : last + _SAID].strip()


def _is_delay(mail: Mail, text: str) -> bool:
    return bool(DELAYED.search(f"{mail.subject}\n{text[:2_000]}")) and not re.search(
        r"permanent|given up|giving up|failed permanently|endgültig|fatal", text[:2_000], re.IGNORECASE
    )


def _own_words(text: str) -> str:
    """Without what comes back, where that can be told."""
    kept: list[str] = []
    for number, line in enumerate(text.split("\n")[:_MOST_LINES]):
        line = line[:_LONGEST_LINE]
        # Not at once: some begin with a line of dashes.
        if number > 2 and len("".join(kept).strip()) > 60 and ENDS.search(line) and not addresses_in(line, 1):
            # Sendmail has the answer of the other server behind such a line.
            if "transcript" in line.lower() or "fatal errors" in line.lower():
                continue
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _intro_in(text: str) -> bool:
    return any(INTROS.search(line[:_LONGEST_LINE]) for line in text.split("\n")[:40])


def _by_rules(mail: Mail, text: str) -> tuple[str, ...]:
    """Exim and Gmail name them in a field of their own, others behind words that say that something failed."""
    told = [it for field in mail.head.all("x-failed-recipients") for it in addresses_in(field, _MOST_FOUND)]
    if told:
        return tuple(dict.fromkeys(told))
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if INTROS.search(line):
            found = addresses_in("\n".join(lines[number : number + _LOOKED_AHEAD]), _MOST_FOUND)
            sender = address_of(mail.head.get("from"))
            if found := [it for it in found if it != sender]:
                return tuple(found)
    return ()


def _by_flufl(mail: Mail, content: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Recipients of delayed and of failed mail. Its "permanent" means no more than that it was given up."""
    if mail.is_cut:
        return (), ()
    lines = (line[:_LONGEST_LINE] for line in content[:_FOR_FLUFL].split(b"\n"))
    _quiet()
    try:
        delayed, failed = all_failures(message_from_bytes(b"\n".join(lines)))
    except Exception:
        # Strangers' bytes in a library that raises whatever it happens to: it has then found nothing.
        return (), ()
    return _plain(delayed), _plain(failed)


def _plain(found: frozenset[bytes]) -> tuple[str, ...]:
    texts = (it.decode("ascii", "replace") for it in sorted(found))
    told = (address_of(it) or next(iter(addresses_in(it, 1)), "") for it in texts)
    return tuple(dict.fromkeys(it for it in told if it))[:_MOST_FOUND]


@cache
def _quiet() -> None:
    """It logs each of its failures with a traceback."""
    getLogger("flufl.bounce").setLevel(CRITICAL + 1)
