"""A notice as a mail to a person inside the company."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from markupsafe import Markup

from nurture.audience.contact import Scalar
from nurture.clock import Moment, to_datetime
from nurture.messages.formats import minor_units
from nurture.messages.notice import LONGEST_NOTE, LONGEST_VALUE, MOST_VALUES, About, Deed
from nurture.messages.render import Rendered

_LONGEST_NAME = 100

Rows: TypeAlias = list[tuple[str, str]]


def mail(about: About) -> Rendered:
    """The mail to a person inside the company. Its subject is fit for a header, whatever the data holds."""
    contact = about.facts.contact
    name = _name(about)
    note = _plain_lines(about.note)
    why = _plain(about.note.strip().partition("\n")[0], _LONGEST_NAME) or _plain(
        about.campaign_name, _LONGEST_NAME
    )
    address = _plain(contact.email)
    sections = [("Who", _who(about)), ("Why", _why(about)), ("What they did", _did(about))]
    if contact.attributes:
        sections.append(("Attributes", _attributes(about)))
    more = f"All about them: nurture explain {address}"
    return Rendered(
        subject=f"{name or address}: {why}",
        preview="",
        text=_text(note, sections, more),
        html=_html(note, sections, more, address),
    )


def _name(about: About) -> str:
    contact = about.facts.contact
    return _plain(f"{contact.first_name} {contact.last_name}".strip(), _LONGEST_NAME)


def _who(about: About) -> Rows:
    facts, contact = about.facts, about.facts.contact
    rows = [
        ("Name", _name(about)),
        ("Address", _plain(contact.email)),
        ("Country", _plain(contact.country)),
        ("Stage", _plain(facts.stage.name)),
        ("Line", f"{_plain(facts.line.name)} ({_plain(facts.line.stage.name)})" if facts.line else ""),
        ("Tags", _plain(", ".join(contact.tags[:MOST_VALUES]))),
        ("Known since", _day(contact.created_at, about.zone)),
    ]
    return [(name, value) for name, value in rows if value]


def _attributes(about: About) -> Rows:
    values = list(about.facts.contact.attributes.items())[:MOST_VALUES]
    return [(_plain(name, _LONGEST_NAME), _plain(_written(value))) for name, value in values]


def _why(about: About) -> Rows:
    entry = about.facts.entry
    rows = [
        ("Campaign", _plain(about.campaign_name)),
        ("Step", _plain(about.step)),
        ("Since", _time(about.at, about.zone)),
    ]
    if entry is not None:
        rows.append(("Entered", _time(entry.entered_at, about.zone)))
        if entry.event is not None:
            rows.append(("Event", _plain(_with_properties(entry.event.name, entry.event.properties))))
    return [(name, value) for name, value in rows if value]


def _did(about: About) -> Rows:
    orders, engagement = about.facts.orders, about.facts.engagement
    rows = [
        (
            "Orders",
            f"{orders.count}, {_money(orders.total, about.currency)} in all" if orders.count else "none",
        ),
        (
            "Messages",
            f"{engagement.received} received, {engagement.opens} opened, {engagement.clicks} clicked",
        ),
    ]
    return rows + [
        (_time(it.at, about.zone), _plain(_deed_in_words(it, about.currency))) for it in about.deeds
    ]


def _deed_in_words(it: Deed, currency: str) -> str:
    match it.did:
        case "ordered":
            undone = ", taken back" if it.undone else ""
            return f"ordered for {_money(it.amount, currency)} ({it.what}){undone}"
        case "event":
            return _with_properties(it.what, it.properties)
        case _:
            return f"{it.did} {it.what}"


def _with_properties(name: str, properties: Mapping[str, Scalar]) -> str:
    told = ", ".join(f"{key}: {_written(value)}" for key, value in list(properties.items())[:MOST_VALUES])
    return f"{name} ({told})" if told else name


def _written(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.15g}" if isinstance(value, float) else str(value)


def _money(amount: int, currency: str) -> str:
    return format_currency(Decimal(amount) / minor_units(currency), currency, locale="en")


def _day(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d}" if at else ""


def _time(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M} {to_datetime(at, zone).tzname()}"


def _plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """On one line, without characters that control, hide or turn text, and without encoded words."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: 4 * longest])
    kept = " ".join(kept.replace("=?", "= ?").split())
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def _plain_lines(text: str) -> list[str]:
    """The lines of a note."""
    return (
        [_plain(line) for line in re.split(r"\r\n|[\r\n]", text[:LONGEST_NOTE].strip())]
        if text.strip()
        else []
    )


def _text(note: list[str], sections: list[tuple[str, Rows]], more: str) -> str:
    parts = ["\n".join(note)] if note else []
    for title, rows in sections:
        wide = max(len(name) for name, _ in rows)
        lines = [f"{name:<{wide}}  {value}" for name, value in rows]
        parts.append("\n".join([title, "-" * len(title), *lines]))
    return "\n\n".join([*parts, more]) + "\n"


_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body style="font-family:sans-serif;font-size:15px;line-height:1.4">{content}</body></html>'
)
_ROW = Markup(
    '<tr><th scope="row" style="text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:normal;'
    'color:#555">{name}</th><td style="padding:2px 0">{value}</td></tr>'
)
_LINK = Markup('<a href="mailto:{to}">{shown}</a>')


def _html(note: list[str], sections: list[tuple[str, Rows]], more: str, address: str) -> str:
    parts = [Markup("<p>{}</p>").format(Markup("<br>").join(note))] if note else []
    for title, rows in sections:
        parts.append(Markup('<h2 style="font-size:17px">{}</h2>').format(title))
        shown = (
            _ROW.format(
                name=name,
                value=_LINK.format(to=quote(value, safe="@"), shown=value)
                if (title, name) == ("Who", "Address")
                else value,
            )
            for name, value in rows
        )
        parts.append(Markup("<table>{}</table>").format(Markup("").join(shown)))
    parts.append(Markup('<p style="color:#555">{}</p>').format(more))
    return str(_PAGE.format(title=address, content=Markup("\n").join(parts)))
