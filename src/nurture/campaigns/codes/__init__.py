"""The codes of findings: one word each, which never changes, with what it means and why it matters."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.care import CARE
from nurture.campaigns.codes.code import Code
from nurture.campaigns.codes.elsewhere import ELSEWHERE
from nurture.campaigns.codes.expressions import EXPRESSIONS
from nurture.campaigns.codes.messages import MESSAGES
from nurture.campaigns.codes.names import NAMES
from nurture.campaigns.codes.offers import OFFERS
from nurture.campaigns.codes.questions import QUESTIONS
from nurture.campaigns.codes.steps import STEPS
from nurture.campaigns.codes.text import TEXT
from nurture.campaigns.codes.values import VALUES

__all__ = ["CODES", "GROUPS", "Code"]

GROUPS: Mapping[str, Mapping[str, Code]] = {
    "Files that cannot be read": TEXT,
    "Values": VALUES,
    "Names": NAMES,
    "Conditions and stages": EXPRESSIONS,
    "Steps": STEPS,
    "Offers": OFFERS,
    "Questions": QUESTIONS,
    "What people get": CARE,
    "Messages": MESSAGES,
    "Settings, templates and other files": ELSEWHERE,
}
"""The codes by what they are about, as docs/findings.md tells them."""

CODES: Mapping[str, Code] = {code: it for group in GROUPS.values() for code, it in group.items()}
