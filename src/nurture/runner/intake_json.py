"""One row written as a JSON object, read as carefully as what anybody may send deserves. Pure."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from nurture.runner.intake_cells import BadRow, Record


def loaded(text: str | bytes) -> Record:
    """The row in a line of NDJSON, its columns spelled as those of a file are. Raises BadRow."""
    try:
        found = json.loads(text, parse_constant=_no_number)
        if not isinstance(found, dict):
            raise BadRow("it is not a JSON object")
        # Halves of a character that is written as two: no database takes them.
        json.dumps(found, ensure_ascii=False).encode()
    except BadRow:
        raise
    except (ValueError, RecursionError):
        raise BadRow("it is not JSON") from None
    return {plain(name): value for name, value in found.items()}


def plain(name: str) -> str:
    """A column's name as it is known by: lower case, words joined by _."""
    return re.sub(r"[^0-9a-z]+", "_", name.strip().lower()).strip("_")[:100]


def _no_number(name: str) -> NoReturn:
    raise BadRow(f"{name} is not a number")
