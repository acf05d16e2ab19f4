"""JSON Schema of the files a marketer writes, made from their shapes, so that editors complete and underline.

Draft 7: what the YAML language server of editors has understood in all its versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nurture.campaigns.campaign_file import CampaignShape
from nurture.campaigns.lifecycle_file import LifecycleShape
from nurture.campaigns.offers_file import OfferShape
from nurture.campaigns.questions_file import QuestionShape
from nurture.campaigns.schema.shapes import Writer
from nurture.campaigns.schema.values import NAME_OF_A_QUESTION, NAME_OF_AN_OFFER
from nurture.campaigns.tests_file import AlwaysShape, CaseShape

DRAFT = "http://json-schema.org/draft-07/schema#"
FOLDER = "schema"
"""At the top of a workspace."""


def _campaign(writer: Writer) -> dict[str, Any]:
    return {
        "title": "campaign",
        "description": "A campaign: who enters, and what they hear, step by step.",
        **writer.keys_of(CampaignShape),
    }


def _lifecycle(writer: Writer) -> dict[str, Any]:
    return {
        "title": "lifecycle",
        "description": "The stages of a customer's life, and the rules that move people between them.",
        **writer.keys_of(LifecycleShape),
    }


def _offers(writer: Writer) -> dict[str, Any]:
    return {
        "title": "offers",
        "description": "What may be offered. Each offer stands under a name that campaigns call it by.",
        "type": "object",
        "propertyNames": NAME_OF_AN_OFFER,
        "additionalProperties": writer.shape(OfferShape),
    }


def _questions(writer: Writer) -> dict[str, Any]:
    return {
        "title": "questions",
        "description": "What messages ask. Each question stands under a name that templates call it by.",
        "type": "object",
        "propertyNames": NAME_OF_A_QUESTION,
        "additionalProperties": writer.shape(QuestionShape),
    }


def _tests(writer: Writer) -> dict[str, Any]:
    return {
        "title": "tests",
        "description": "What must and must never happen to made-up contacts.",
        "type": "array",
        "minItems": 1,
        "items": {"anyOf": [writer.shape(CaseShape), writer.shape(AlwaysShape)]},
    }


_ROOTS: Mapping[str, Callable[[Writer], dict[str, Any]]] = {
    "campaign": _campaign,
    "lifecycle": _lifecycle,
    "offers": _offers,
    "questions": _questions,
    "tests": _tests,
}
KINDS = tuple(_ROOTS)
"""The kinds of file that there is a schema for."""


def schema(kind: str) -> dict[str, Any]:
    """The schema of one of KINDS."""
    writer = Writer()
    root = _ROOTS[kind](writer)
    return {"$schema": DRAFT, **root, **({"definitions": writer.definitions} if writer.definitions else {})}


def written(kind: str) -> str:
    """The schema of one of KINDS as the text of its file."""
    return json.dumps(schema(kind), ensure_ascii=False, indent=2) + "\n"


def file_name(kind: str) -> str:
    """How the file is called: campaign.schema.json."""
    return f"{kind}.schema.json"
