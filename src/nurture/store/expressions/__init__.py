"""Expressions as conditions in SQL, from the same tree as the predicate in Python."""

from nurture.store.expressions.asking import Asking
from nurture.store.expressions.narrowed import Narrowed, condition, narrowed

__all__ = ["Asking", "Narrowed", "condition", "narrowed"]
