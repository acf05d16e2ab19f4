"""[forms.NAME]: the forms by which people sign up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from nurture.settings.parts import Part

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")


class Form(Part):
    """One form at /f/NAME: what is asked for, in which words, and how it is confirmed (double opt-in)."""

    topics: tuple[str, ...] = Field(min_length=1)
    """What whoever confirms agrees to."""
    says: str = Field(min_length=1, max_length=2_000)
    """The words that people agree to, as they stand on the form; each sign-up keeps them."""
    title: str = Field(default="Sign up", max_length=200)
    """The form's heading."""
    confirm: str = "confirm-sign-up"
    """The template that asks for the confirmation."""
    remind: str = "confirm-reminder"
    """The template that asks once more; empty: nobody is reminded."""
    remind_after: str = "2 days"
    expires_after: str = "7 days"
    """Then a sign-up that was not confirmed is forgotten."""
    thanks: str = ""
    """A page of one's own that people come to when they have confirmed; empty: a page of ours."""
    embed_in: tuple[str, ...] = ()
    """The sites that may show the form: `https://shop.example`."""

    @field_validator("topics", "embed_in", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("embed_in")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for it in value:
            if not _ORIGIN.fullmatch(it.lower().rstrip("/")):
                raise ValueError(f'cannot hold {it[:80]!r}; write a site as "https://shop.example"')
        return tuple(it.lower().rstrip("/") for it in value)

    @field_validator("thanks")
    @classmethod
    def _a_page(cls, value: str) -> str:
        if value and (not re.match(r"https?://[^/\s]", value) or not value.isprintable() or " " in value):
            raise ValueError(f'cannot be {value[:80]!r}; write a page as "https://shop.example/thanks"')
        return value


def _named(value: Any) -> Any:
    for name in value if isinstance(value, dict) else ():
        if not _NAME.fullmatch(str(name)):
            raise ValueError(
                f"has a form called {str(name)[:40]!r}; write small letters, digits and hyphens, as in "
                "[forms.newsletter]"
            )
    return value


Forms = Annotated[Mapping[str, Form], BeforeValidator(_named)]
