"""What a person wrote in a reply, without the message that it answers."""

from __future__ import annotations

import re

_MOST_LINES = 2_000
_LONGEST_LINE = 2_000

_ATTRIBUTION = re.compile(
    r"^[\s>*]{0,10}(on|am|le|el|il|op|em|den|w dniu|dnia|dne|на|în|pe|kl\.?|ti|på|den|pt\.?|\d{4}|\d{1,2}[./]).{5,250}"
    r"(wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał\w*|napsal\w*|пишет|написал\w*|a scris|"
    r"kirjoitti|írta|yazdı|のメール|写道|寫道|작성).{0,80}[:：]\s*$",
    re.IGNORECASE,
)
_ENDS_SO = re.compile(
    r"(wrote|schrieb|écrit|escribió|scritto|schreef|escreveu|skrev|napisał\w*|написал\w*)\s*:\s*$", re.I
)
_DIVIDER = re.compile(
    r"^[\s>*]{0,10}(-{2,}\s*(original message|ursprüngliche nachricht|original-nachricht|message d['’]origine|"
    r"message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|"
    r"ursprungligt meddelande|oprindelig meddelelse|wiadomość oryginalna|исходное сообщение|元のメッセージ|原始邮件|"
    r"forwarded message|weitergeleitete nachricht)\s*-{2,}|_{12,}\s*$)",
    re.IGNORECASE,
)
_HEAD_FROM = re.compile(
    r"^[\s>*]{0,10}(from|von|de|da|van|från|fra|od|от|差出人|发件人)\s*:\**\s*\S.{0,300}$", re.IGNORECASE
)
_HEAD_NEXT = re.compile(
    r"^[\s>*]{0,10}(sent|gesendet|envoyé|enviado|inviato|verzonden|date|datum|fecha|data|skickat|sendt|wysłano|"
    r"отправлено|送信日時|发送时间|to|an|à|para|a|aan|til|till|do|кому|宛先|subject|betreff|objet|asunto|oggetto)"
    r"\s*:\**\s*\S",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """The reply's own text, as well as can be told: without the quoted message behind it, quoted lines and signature.

    Where all of it seems quoted, everything is given: better too much than nothing.
    """
    lines = [line[:_LONGEST_LINE] for line in text.split("\n")[:_MOST_LINES]]
    end = next((number for number in range(len(lines)) if _history_begins(lines, number)), len(lines))
    kept = _unquoted(lines[:end])
    if not kept:
        # Answers below what they quote.
        kept = _unquoted(lines[end + 1 :])
    return kept or text.strip()


def _unquoted(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.rstrip("\r") in ("-- ", "--"):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _history_begins(lines: list[str], number: int) -> bool:
    line = lines[number][:400]
    if _DIVIDER.match(line) or _ATTRIBUTION.match(line):
        return True
    after = lines[number + 1][:400] if number + 1 < len(lines) else ""
    if _HEAD_FROM.match(line) and _HEAD_NEXT.match(after):
        return True
    # The line that says who wrote what follows is often folded.
    return bool(
        after and _ENDS_SO.search(after[-100:]) and len(after) < 120 and _ATTRIBUTION.match(f"{line} {after}")
    )
