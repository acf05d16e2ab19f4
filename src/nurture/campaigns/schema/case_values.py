"""The lines of campaigns/tests/*.yaml, as editors see them."""

from __future__ import annotations

from typing import get_args

from nurture.campaigns.schema.patterns import EVENT, LENGTH, LETTER, WORD, whole
from nurture.campaigns.schema.values import TEXT, TEXTS, text_like
from nurture.campaigns.schema.word import Fragment
from nurture.campaigns.tests_values import FOLLOWED, NEVER, REACTIONS
from nurture.offers.offer import Kind

_DAY = r"^\s*day\s+[1-9][0-9]{0,4}\s*$"
_REACTED = "|".join(REACTIONS)
_AMOUNT = r"[0-9]+(?:\.[0-9]{1,3})?\s+[A-Z]{3}"

START = text_like(
    r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]\S+)?\s*$", "a date, and a time if you like: 2026-03-02 09:00"
)

_HAPPENS = text_like(
    whole(
        rf"(?:{_REACTED})\s\S+", rf"ordered\s+\S+(?:\s+for\s+{_AMOUNT})?", rf"(?!(?:{_REACTED})\s*$){EVENT}"
    ),
    "an event, clicked MESSAGE, opened MESSAGE, or ordered SKU for 40 EUR",
)
_EXPECTS = text_like(whole(r"(?:send|stage)\s+\S+"), "send MESSAGE, or stage STAGE")


def _lines(wanted: Fragment, *words: str) -> Fragment:
    """A list of `day N: …`, and of the other words that may stand in place of a day."""
    line: Fragment = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        **({"properties": dict.fromkeys(words, wanted)} if words else {}),
        "patternProperties": {_DAY: wanted},
        "additionalProperties": False,
    }
    return {"type": "array", "minItems": 1, "items": line}


HAPPENS = _lines({"description": "What happens on that day.\n\nExample: day 2: clicked welcome", **_HAPPENS})
EXPECT = _lines(
    {
        "description": "What must, or must never, follow.\n\nExample: never: send first-order-reminder",
        **_EXPECTS,
    },
    NEVER,
)

RULE: Fragment = {
    **text_like(
        whole(
            rf"no\s+more\s+than\s+[0-9]{{1,6}}\s+messages?\s+in\s+{LENGTH}",
            rf"no\s+(?:{'|'.join(get_args(Kind))})\s+offer\s+to\s+(?:an?\s+)?\S+",
            rf"nothing\s+within\s+{LENGTH}\s+of\s+(?:an?\s+)?(?:{'|'.join(FOLLOWED)})",
        ),
        "such as: no more than 3 messages in 7 days",
    ),
    "examples": [
        "no more than 3 messages in 7 days",
        "no introductory offer to a customer",
        "nothing within 7 days of a complaint",
    ],
}

CONTACT: Fragment = {
    "type": "object",
    "required": ["email"],
    "propertyNames": {"pattern": whole(rf"{LETTER}(?:{WORD}|[\s-])*")},
    "properties": {
        key: {"description": says, **TEXT}
        for key, says in {
            "email": "Their address.\n\nExample: email: ann@example.test",
            "first_name": "Their first name.\n\nExample: first_name: Ann",
            "last_name": "Their last name.\n\nExample: last_name: Lee",
            "locale": "Their language.\n\nExample: locale: de",
            "timezone": "Their time zone.\n\nExample: timezone: Europe/Berlin",
            "country": "Two letters.\n\nExample: country: DE",
            "created_at": "Since when they are known.\n\nExample: created_at: 2026-01-10",
        }.items()
    }
    | {"tags": {"description": "Their tags.\n\nExample: tags: [vip]", **TEXTS}},
    "additionalProperties": TEXTS,
}
