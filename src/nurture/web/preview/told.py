"""What the preview page is told of a message, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nurture.campaigns.findings import Finding
from nurture.messages.headers import read_mailbox
from nurture.messages.lint import CLIPPED_AT
from nurture.runner.preview import Seen
from nurture.runner.studio_talk import Shown
from nurture.web.preview.frame import knows_dark

_SNIPPET = 110
"""Characters that an inbox shows beside a subject, about."""
_WIDEST = 400
"""Characters of a line that is shown with a finding."""


def message_of(shown: Shown, findings: Iterable[Finding], *, checked: bool) -> dict[str, Any]:
    """A message with the `findings` that concern it; `checked`: they are of the files as they are now."""
    every = tuple(findings)
    own = concerning(every, shown.files)
    told: dict[str, Any] = {
        "template": shown.template,
        "locale": shown.locale,
        "locales": list(shown.locales),
        "files": list(shown.files),
        "checked": checked,
        "findings": [_finding(it) for it in (shown.findings or own)],
        "elsewhere": len(every) - len(own),
        "seen": None,
    }
    if shown.seen is not None:
        told["seen"] = _seen(shown.seen)
    cleaned: dict[str, Any] = clean(told)
    return cleaned


def concerning(findings: Iterable[Finding], files: Sequence[str]) -> list[Finding]:
    """Those in these files, errors first."""
    found = [it for it in findings if it.path in files]
    return sorted(found, key=lambda it: it.severity != "error")


def many(findings: Iterable[Finding], files: Sequence[str]) -> dict[str, int]:
    """How many errors and warnings there are in these files."""
    found = concerning(findings, files)
    errors = sum(it.severity == "error" for it in found)
    return {"errors": errors, "warnings": len(found) - errors}


def clean(value: Any) -> Any:
    """The same without what no text can hold: half of a surrogate pair, which a template may write."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {key: clean(it) for key, it in value.items()}
        case list() | tuple():
            return [clean(it) for it in value]
        case _:
            return value


def _seen(it: Seen) -> dict[str, Any]:
    rendered, contact = it.rendered, it.contact
    name, email = read_mailbox(it.sender)
    return {
        "subject": rendered.subject,
        "preview": rendered.preview,
        "snippet": _snippet(rendered.preview or rendered.text),
        "from": name or email,
        "from_email": email,
        "to": f"{contact.first_name} {contact.last_name}".strip(),
        "to_email": contact.email,
        "text": rendered.text,
        "source": rendered.html,
        "size": it.size,
        "limit": CLIPPED_AT,
        "campaign": it.campaign,
        "stage": it.stage,
        "offer": it.offer,
        "dark": knows_dark(rendered.html),
        "links": len(it.compiled.links),
        "inline_each": it.compiled.inline_each,
    }


def _snippet(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= _SNIPPET else whole[: _SNIPPET - 1].rstrip() + "…"


def _finding(it: Finding) -> dict[str, Any]:
    start = max(0, it.column - 1 - _WIDEST // 2) if len(it.source) > _WIDEST else 0
    line = it.source[start : start + _WIDEST]
    at = max(0, it.column - 1 - start)
    return {
        "severity": it.severity,
        "path": it.path,
        "line": it.line,
        "column": it.column,
        "message": it.message,
        "hint": it.hint,
        "before": line[:at],
        "marked": line[at : at + it.length],
        "after": line[at + it.length :],
    }
