"""Expressions over the facts of a contact, in Jinja's spelling: parsed, typed and compiled."""

from nurture.audience.expressions.expression import Expression, parse
from nurture.audience.expressions.needs import Needs
from nurture.audience.expressions.types import Known, Type

__all__ = ["Expression", "Known", "Needs", "Type", "parse"]
