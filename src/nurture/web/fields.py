"""What a form of a page brings: text fields alone, bounded."""

from __future__ import annotations

from typing import TypeAlias

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

Fields: TypeAlias = dict[str, list[str]]
"""Each field by its name, with all its values in order."""


async def fields_of(request: Request, *, most: int = 20) -> Fields:
    """The text fields of a form in either encoding (RFC 8058 section 3.2 allows both); files are left out.

    Raises HTTPException 400 for what is no form, or has more than `most` fields.
    """
    found: Fields = {}
    try:
        async with request.form(max_files=4, max_fields=most, max_part_size=4096) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    found.setdefault(name, []).append(value)
    except ValueError:
        # Whoever sends a form may name any charset that Python knows, and some of them fail in ways of their own.
        raise HTTPException(400) from None
    return found


def first(fields: Fields, name: str) -> str:
    """The first value of a field; empty where it is not there."""
    return fields.get(name, [""])[0]
