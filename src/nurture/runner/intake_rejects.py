"""Rows that could not be taken, kept in a file beside the one they came from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nurture.errors import IntakeError
from nurture.runner.intake_files import REJECT_COLUMNS, Row

_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)


class Rejects:
    """Writes FILE.rejects.csv from the first row that is turned away on; an earlier run's is replaced."""

    def __init__(self, path: Path, header: Sequence[str], *, fallback: Path) -> None:
        name = path.name + ".rejects.csv"
        self._places = (path.with_name(name), fallback / name)
        self._header = header
        self._file: io.TextIOWrapper | None = None
        self._writer: Any = None
        self.count = 0
        self.path: Path | None = None
        for place in self._places:
            _remove_ours(place)

    def add(self, row: Row, reason: str) -> None:
        """Keep a row with its line and the reason. Raises IntakeError where no file can be written."""
        if self._writer is None:
            self._file = self._open()
            self._writer = csv.writer(self._file)
            self._writer.writerow((*REJECT_COLUMNS, *self._header))
        self._writer.writerow((row.line, harmless(reason), *map(harmless, row.raw)))
        self.count += 1

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> io.TextIOWrapper:
        for place in self._places:
            try:
                opened = place.open("w", encoding="utf-8", newline="")
            except OSError:
                continue
            self.path = place
            return opened
        raise IntakeError(
            "some rows cannot be taken, and there is no place to list them",
            where=str(self._places[-1]),
            remedy="Make that folder writable; importing again is harmless.",
        )


def harmless(cell: str) -> str:
    """The cell such that no spreadsheet runs it as a formula."""
    if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _PLAIN_NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def _remove_ours(place: Path) -> None:
    """Remove what an earlier run left, and nothing else that happens to have the name."""
    try:
        with place.open("rb") as file:
            ours = file.read(60).startswith(",".join(REJECT_COLUMNS).encode())
        if ours:
            place.unlink()
    except OSError:
        return
