"""The kinds of value that stand behind keys about sending: shares, senders, what to change, whom to tell."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import PlainValidator, ValidationInfo

from nurture.audience.contact import Scalar
from nurture.audience.zones import zone_names
from nurture.journeys.effects import SETTABLE, ChangeContact
from nurture.journeys.shape import KEY, ON_KEY, context_of, kind_of, wrong
from nurture.journeys.spelling import near, normal, quoted
from nurture.journeys.values import text

ALL = "all"
"""In `unsubscribe:`, every topic."""

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?")
_WORDS = {"yes": True, "true": True, "no": False, "false": False}
_FIXED_FIELDS = ("id", "email", "created_at", "tags", "external_id")
_CHANGES = "write {tag: vip}, {untag: vip} or {contact.tier: gold}"
_TARGETS = "write contact.owner_email, an address, or https://…"


def _share(value: object, info: ValidationInfo) -> float:
    written = text(value, info)
    match = _PERCENT.fullmatch(written)
    if match is None:
        raise wrong("not-a-share", f"{quoted(written)} is not a share", "write it as 10%")
    share = float(match[1]) / 100
    if not 0 < share < 1:
        raise wrong(
            "not-a-share", f"{written} is nobody or everybody", "write more than 0% and less than 100%"
        )
    return share


def _priority(value: object, info: ValidationInfo) -> int:
    written = text(value, info)
    if not re.fullmatch("[1-9]", written):
        raise wrong("not-a-priority", f"{quoted(written)} is no priority", "write 1 to 9; 9 goes first")
    return int(written)


def _mailbox(value: object, info: ValidationInfo) -> str:
    written = text(value, info)
    (_, address), *others = getaddresses([written])
    alone = not others and written.rstrip("> ").endswith(address)
    if re.search(r"[\x00-\x1f\x7f]", written) or not _is_address(address) or not alone:
        hint = "write it as Corner Shop <hello@shop.example>"
        raise wrong("not-an-address", f"{quoted(written)} is not an address", hint)
    return written


def _is_address(written: str) -> bool:
    return re.fullmatch(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+", written) is not None


def _topic_or_all(value: object, info: ValidationInfo) -> str:
    written = text(value, info)
    topics = context_of(info).topics
    if written == ALL or topics is None or written in topics:
        return written
    hint = near(written, {*topics, ALL}) or f"there is: {', '.join(sorted(topics))}, or all"
    raise wrong("unknown-topic", f"no topic is called {quoted(written)}", hint)


def _change(value: object, info: ValidationInfo) -> ChangeContact:
    if not isinstance(value, dict) or not value:
        raise wrong("wrong-type", f"{KEY} wants what to change, not {kind_of(value)}", _CHANGES)
    tag: list[str] = []
    untag: list[str] = []
    fields: dict[str, Scalar] = {}
    for key, what in value.items():
        match normal(key):
            case "tag":
                tag += _texts(what, info)
            case "untag":
                untag += _texts(what, info)
            case name:
                field = _field(name, key)
                fields[field] = _scalar(field, text(what, info), key)
    both = set(tag) & set(untag)
    if both:
        raise wrong("conflict", f"the tag {quoted(min(both))} is put on and taken off at once", _CHANGES)
    return ChangeContact(tag=tuple(tag), untag=tuple(untag), fields=fields)


def _texts(value: object, info: ValidationInfo) -> list[str]:
    return [text(it, info) for it in (value if isinstance(value, list) else [value])]


def _field(name: str, written: str) -> str:
    field = name.removeprefix("contact.")
    if field == name:
        hint = f"did you mean contact.{name}?" if re.fullmatch(r"[^\W\d]\w*", name) else _CHANGES
        raise wrong("not-a-change", f"{quoted(written)} cannot be set", hint, below=(written, ON_KEY))
    if field in _FIXED_FIELDS:
        hint = "use tag and untag" if field == "tags" else "it comes with the contact"
        raise wrong("not-a-change", f"contact.{field} cannot be set", hint, below=(written, ON_KEY))
    if not re.fullmatch(r"[^\W\d]\w*", field):
        message = f"{quoted(written)} cannot be the name of an attribute"
        raise wrong("not-a-change", message, _CHANGES, below=(written, ON_KEY))
    return field


def _scalar(field: str, written: str, key: str) -> Scalar:
    """A number, yes or no where it is written so; fields that every contact has are text. `key`: as in the file."""
    if field == "timezone" and written not in zone_names():
        hint = near(written, zone_names()) or "write it as Europe/Berlin"
        raise wrong("not-a-change", f"there is no time zone {quoted(written)}", hint, below=(key,))
    if field == "country" and not re.fullmatch("[A-Za-z]{2}", written):
        hint = "write two letters, such as DE"
        raise wrong("not-a-change", f"{quoted(written)} is no country", hint, below=(key,))
    if field in SETTABLE:
        return written
    if written in _WORDS:
        return _WORDS[written]
    return float(written) if _NUMBER.fullmatch(written) else written


def _notice_target(value: object, info: ValidationInfo) -> str:
    written = text(value, info)
    if re.fullmatch(r"contact\.[^\W\d]\w*", written):
        return written
    if "://" in written:
        return _webhook(written)
    if re.search(r"[\x00-\x1f\x7f]", written) or not _is_address(written):
        raise wrong("not-a-target", f"nobody can be notified at {quoted(written)}", _TARGETS)
    return written


def _webhook(written: str) -> str:
    try:
        parts = urlsplit(written)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme != "https" or not host or parts.username or re.search(r"\s", written):
        hint = "a webhook wants https://, so that nobody can read along"
        raise wrong("not-a-target", f"{quoted(written)} cannot be a webhook", hint)
    return written


Share: TypeAlias = Annotated[float, PlainValidator(_share)]
"""Part of all, more than none and less than everybody: 0 … 1."""
Priority: TypeAlias = Annotated[int, PlainValidator(_priority)]
Mailbox: TypeAlias = Annotated[str, PlainValidator(_mailbox)]
"""An address, with or without a name."""
TopicOrAll: TypeAlias = Annotated[str, PlainValidator(_topic_or_all)]
Change: TypeAlias = Annotated[ChangeContact, PlainValidator(_change)]
NoticeTarget: TypeAlias = Annotated[str, PlainValidator(_notice_target)]
"""`contact.ATTRIBUTE`, an address, or an https URL."""
