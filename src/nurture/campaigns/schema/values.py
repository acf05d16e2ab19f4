"""What each kind of value may be, as editors see it: YAML's own scalars, where `5` is a number and `yes` a word.

A schema looks at the form alone, and must never refuse what `nurture check` takes. Names (templates, topics, stages)
are free text here: an editor does not know which there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from nurture.campaigns.schema.patterns import (
    ADDRESS,
    EVENT_NAMED,
    LENGTH,
    NAME,
    RECURRING,
    SHARE,
    STAGE,
    STEP_ID,
    WINDOW,
    whole,
)
from nurture.campaigns.schema.word import Fragment
from nurture.journeys.sending_values import Change, Mailbox, NoticeTarget, Priority, Share, TopicOrAll
from nurture.journeys.time_values import PointValue, RecurringValue, SinglePointValue, WindowValue
from nurture.journeys.values import (
    Condition,
    EventName,
    Length,
    LineName,
    OfferName,
    PropertyName,
    StagePattern,
    StepId,
    StepName,
    TemplateName,
    Text,
    TopicName,
    YesNo,
)


def text_like(pattern: str, hint: str) -> Fragment:
    """Text that `pattern` fits. Editors show `hint` where it does not."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": hint, "errorMessage": hint}


TEXT: Fragment = {"type": ["string", "number", "boolean"], "minLength": 1}
"""Any scalar: to us it is the text that stands there."""
TEXTS: Fragment = {"anyOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}]}
CONDITION: Fragment = {"type": ["string", "boolean"], "minLength": 1}
YES_NO: Fragment = {
    "anyOf": [
        {"enum": ["yes", "no"]},
        {"type": "boolean"},
        {"type": "string", "pattern": "^(?:true|false|on|off)$"},
    ]
}
LENGTH_OF_TIME = text_like(
    whole(LENGTH), "a number and minutes, hours, days or weeks, such as 3 days; longer than no time"
)
SHARE_OF_ALL = text_like(whole(SHARE), "a share, such as 10%; more than 0% and less than 100%")
MAILBOX = text_like(f"(?:^|[\\s<]){ADDRESS}>?\\s*$", "an address, such as Corner Shop <hello@shop.example>")
TARGET = text_like(
    whole(rf"contact\.{NAME}", r"https://\S+", ADDRESS), "contact.ATTRIBUTE, an address, or https://…"
)
WINDOW_OF_TIME = text_like(whole(WINDOW), "days and hours, such as mon-fri 09:00-17:00, or any time")
AGAIN_AND_AGAIN = text_like(
    whole(RECURRING), "such as tuesday 10:00, first tuesday 10:00 or contact.birthday"
)
EVENT_NAME = text_like(whole(EVENT_NAMED), "the name of an event, such as ordered")
PROPERTY_NAME = text_like(whole(NAME), "the name of a property, such as order_id")
NAME_OF_A_STEP: Fragment = {
    "type": ["string", "number"],
    "pattern": whole(STEP_ID + r"(?:\+[0-9]+)?"),
    "patternErrorMessage": "letters, digits, - and _ only, such as ask-again",
}
CODES: Fragment = {
    "anyOf": [
        {"type": ["string", "number"], "pattern": r"^\S+$"},
        {
            "type": "object",
            "properties": {
                "from": {
                    "description": "A CSV file below campaigns/ with a column `code`.\n\nExample: from: codes.csv",
                    "examples": ["codes.csv"],
                    "type": "string",
                    "pattern": r"\.[cC][sS][vV]$",
                }
            },
            "required": ["from"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "unique": {
                    "description": "Those that `nurture codes make` made, once the shop knows them.\n\n"
                    "Example: unique: ahead",
                    "enum": ["ahead"],
                }
            },
            "required": ["unique"],
            "additionalProperties": False,
        },
    ]
}
"""Where the codes of an offer come from."""
NAME_OF_AN_OFFER: Fragment = {"pattern": whole(STEP_ID)}
NAME_OF_A_QUESTION: Fragment = {"pattern": whole(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")}
SCALE = text_like(whole(r"[0-9]{1,3}\s*[-–]\s*[0-9]{1,3}"), "two whole numbers, such as 0-10 or 1-5")
ANSWERS: Fragment = {
    "type": "object",
    "minProperties": 2,
    "maxProperties": 11,
    "propertyNames": NAME_OF_A_QUESTION,
    "additionalProperties": {
        "anyOf": [
            TEXT,
            {
                "type": "object",
                "required": ["says"],
                "properties": {
                    "says": {"description": "The answer, in words.\n\nExample: says: Good", **TEXT},
                    "score": {
                        "description": "What it counts; left out: nothing.\n\nExample: score: 3",
                        "type": "number",
                    },
                },
                "additionalProperties": False,
            },
        ]
    },
}
_ATTRIBUTE = rf"contact\.{NAME}"
SET_BY_ANSWER: Fragment = {
    "anyOf": [
        {"type": "string", "pattern": whole(_ATTRIBUTE)},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": whole(_ATTRIBUTE)},
            "additionalProperties": {"enum": ["score", "answer"]},
        },
    ]
}
OTHER_LANGUAGES: Fragment = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": whole("[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,4})?")},
    "additionalProperties": {
        "type": "object",
        "properties": {
            "answers": {
                "description": "What the answers say, by their names.\n\nExample: answers: {good: Gut}",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": TEXT,
            },
            **{
                key: {"description": f"`{key}:` in this language.\n\nExample: {key}: {example}", **TEXT}
                for key, example in (
                    ("asks", "Wie war es?"),
                    ("comment", "Möchten Sie etwas hinzufügen?"),
                    ("thanks", "Vielen Dank."),
                    ("low", "Gar nicht"),
                    ("high", "Sehr"),
                )
            },
        },
        "additionalProperties": False,
    },
}
ONE_STAGE: Fragment = {
    "anyOf": [
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": whole(STAGE)},
            "additionalProperties": {
                "description": "The rule of this stage: a condition over facts. The first stage has none.\n\n"
                "Example: customer: orders.count >= 1",
                "type": ["string", "boolean", "null"],
            },
        },
        {"type": "string", "pattern": whole(STAGE)},
    ]
}
"""`- customer: orders.count >= 1`; a stage without a rule may also stand alone."""
CHANGE: Fragment = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "tag": {"description": "Puts a tag on, or several.\n\nExample: tag: vip", **TEXTS},
        "untag": {"description": "Takes a tag off, or several.\n\nExample: untag: newcomer", **TEXTS},
    },
    "patternProperties": {
        rf"^contact\.{NAME}$": {
            "description": "Sets a fact of the contact.\n\nExample: contact.tier: gold",
            **TEXT,
        }
    },
    "additionalProperties": False,
}


def _mark(alias: Any) -> Any:
    """What a kind of value is known by where it stands in a shape."""
    return get_args(alias)[1]


WRITTEN_BY: Mapping[Any, Fragment] = {
    _mark(alias): fragment
    for alias, fragment in (
        (Text, TEXT),
        (YesNo, YES_NO),
        (Length, LENGTH_OF_TIME),
        (Condition, CONDITION),
        (StagePattern, TEXT),
        (StepId, NAME_OF_A_STEP),
        (StepName, NAME_OF_A_STEP),
        (PropertyName, PROPERTY_NAME),
        (EventName, EVENT_NAME),
        (TemplateName, TEXT),
        (TopicName, TEXT),
        (OfferName, TEXT),
        (LineName, TEXT),
        (TopicOrAll, TEXT),
        (Share, SHARE_OF_ALL),
        (Priority, {"type": "integer", "minimum": 1, "maximum": 9}),
        (Mailbox, MAILBOX),
        (Change, CHANGE),
        (NoticeTarget, TARGET),
        (WindowValue, WINDOW_OF_TIME),
        (PointValue, CONDITION),
        (SinglePointValue, CONDITION),
        (RecurringValue, AGAIN_AND_AGAIN),
    )
}
"""By the mark of each kind of value, what an editor should take for it."""
