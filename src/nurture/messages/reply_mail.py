"""What a person wrote to us, as a mail to whoever answers them: their words first, then who they are."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from nurture.clock import Moment
from nurture.messages import notice_mail
from nurture.messages.notice import About
from nurture.messages.notice_text import PAGE, plain, plain_lines
from nurture.messages.render import Rendered

_LONGEST_SUBJECT = 200
_THEIRS = Markup(
    '<blockquote style="margin:0 0 16px;padding-left:12px;border-left:3px solid #ccc">{}</blockquote>'
)
_CUT = "(The whole mail is attached.)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What they wrote."""

    id: int
    email: str
    """Of who wrote it."""
    subject: str
    text: str
    """Their own words, without what they quote."""
    at: Moment


def mail(said: Said, about: About | None, promise: str) -> Rendered:
    """The mail; `about` is the contact, where it is one. `promise` says by when they expect an answer.

    Its subject is theirs, so that an answer to it reads like an answer to them.
    """
    subject = plain(said.subject, _LONGEST_SUBJECT) or f"What {plain(said.email)} wrote"
    words = plain_lines(said.text)
    how = [
        f"From {plain(said.email)}. Your answer goes to them. {promise}".rstrip(),
        f"Answered elsewhere? nurture replies --done {said.id}",
    ]
    known = notice_mail.known(about) if about else None
    text = "\n\n".join(
        ["\n".join(words) or "(no text)", _CUT, "\n".join(how), *([known.text] if known else [])]
    )
    return Rendered(
        subject=subject, preview="", text=f"{text}\n", html=_html(words, how, known.html if known else None)
    )


def _html(words: list[str], how: list[str], known: Markup | None) -> str:
    parts = [
        _THEIRS.format(Markup("<br>").join(words) or "(no text)"),
        Markup('<p style="color:#555">{}</p>').format(_CUT),
        Markup("<p>{}</p>").format(Markup("<br>").join(how)),
        *([known] if known else []),
    ]
    return str(PAGE.format(title="A reply", content=Markup("\n").join(parts)))
