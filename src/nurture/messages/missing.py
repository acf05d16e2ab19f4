"""What is not known of a contact: prints as nothing, is no, and compares with nothing, as in expressions."""

from __future__ import annotations

from typing import Any


class Missing(str):
    """An empty text that arithmetic and comparisons pass through instead of failing."""

    __slots__ = ()

    def __new__(cls) -> Missing:
        return super().__new__(cls, "")

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def __add__(self, other: Any) -> Any:
        return other if isinstance(other, str) else self

    __radd__ = __add__

    def _pass(self, other: object) -> Any:
        return self

    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _pass
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _pass

    def __call__(self, *args: object, **kwargs: object) -> Missing:
        return self

    def __neg__(self) -> Missing:
        return self

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(other) == ""


MISSING = Missing()
"""The only one that is needed."""
