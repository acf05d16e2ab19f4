"""A notice as a mail to a person inside the company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from markupsafe import Markup

from nurture.audience.contact import Scalar
from nurture.clock import Moment, to_datetime
from nurture.messages.formats import minor_units
from nurture.messages.notice import MOST_VALUES, About, Deed
from nurture.messages.notice_text import PAGE, Rows, Section, plain, plain_lines, sections_html, sections_text
from nurture.messages.render import Rendered

_LONGEST_NAME = 100


def mail(about: About) -> Rendered:
    """The mail to a person inside the company. Its subject is fit for a header, whatever the data holds."""
    contact = about.facts.contact
    name = _name(about)
    note = plain_lines(about.note)
    why = plain(about.note.strip().partition("\n")[0], _LONGEST_NAME) or plain(
        about.campaign_name, _LONGEST_NAME
    )
    address = plain(contact.email)
    sections = [("Who", _who(about)), ("Why", _why(about)), *_deeds(about)]
    more = _more(about)
    return Rendered(
        subject=f"{name or address}: {why}",
        preview="",
        text="\n\n".join([*(["\n".join(note)] if note else []), sections_text(sections), more]) + "\n",
        html=_html(note, sections, more, address),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of a contact, twice."""

    text: str
    html: Markup


def known(about: About) -> Known:
    """Who they are and what they did, to stand in a mail that says more."""
    sections = [("Who", _who(about)), *_deeds(about)]
    more = _more(about)
    return Known(
        text=f"{sections_text(sections)}\n\n{more}", html=sections_html(sections) + Markup(_MORE).format(more)
    )


_MORE = Markup('<p style="color:#555">{}</p>')


def _html(note: list[str], sections: list[Section], more: str, title: str) -> str:
    parts = [Markup("<p>{}</p>").format(Markup("<br>").join(note))] if note else []
    return str(
        PAGE.format(
            title=title, content=Markup("\n").join([*parts, sections_html(sections), _MORE.format(more)])
        )
    )


def _more(about: About) -> str:
    return f"All about them: nurture explain {plain(about.facts.contact.email)}"


def _deeds(about: About) -> list[Section]:
    found = [("What they did", _did(about))]
    return [*found, ("Attributes", _attributes(about))] if about.facts.contact.attributes else found


def _name(about: About) -> str:
    contact = about.facts.contact
    return plain(f"{contact.first_name} {contact.last_name}".strip(), _LONGEST_NAME)


def _who(about: About) -> Rows:
    facts, contact = about.facts, about.facts.contact
    rows = [
        ("Name", _name(about)),
        ("Address", plain(contact.email)),
        ("Country", plain(contact.country)),
        ("Stage", plain(facts.stage.name)),
        ("Line", f"{plain(facts.line.name)} ({plain(facts.line.stage.name)})" if facts.line else ""),
        ("Tags", plain(", ".join(contact.tags[:MOST_VALUES]))),
        ("Known since", _day(contact.created_at, about.zone)),
    ]
    return [(name, value) for name, value in rows if value]


def _attributes(about: About) -> Rows:
    values = list(about.facts.contact.attributes.items())[:MOST_VALUES]
    return [(plain(name, _LONGEST_NAME), plain(_written(value))) for name, value in values]


def _why(about: About) -> Rows:
    entry = about.facts.entry
    rows = [
        ("Campaign", plain(about.campaign_name)),
        ("Step", plain(about.step)),
        ("Since", _time(about.at, about.zone)),
    ]
    if entry is not None:
        rows.append(("Entered", _time(entry.entered_at, about.zone)))
        if entry.event is not None:
            rows.append(("Event", plain(_with_properties(entry.event.name, entry.event.properties))))
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
        (_time(it.at, about.zone), plain(_deed_in_words(it, about.currency))) for it in about.deeds
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
