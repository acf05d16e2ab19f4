"""Files to import, read as a stream: CSV, CSV.gz, NDJSON and NDJSON.gz, told apart by what is in them."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn, cast

from nurture.errors import IntakeError
from nurture.runner.intake_cells import Record, cells_of
from nurture.runner.intake_json import plain
from nurture.runner.intake_rows import Columns

LONGEST_LINE = 1_000_000
"""Characters in one line of a file."""

REJECT_COLUMNS = ("rejected_line", "rejected_because")
"""How a file of rejects begins, so that it can be imported again once it is put right."""

_GZIP = b"\x1f\x8b"
_OTHER_PROGRAMS = {
    b"PK\x03\x04": "an Excel or zip file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
}


class Row(NamedTuple):
    """One row where it stands. `trouble` says why it cannot even be read; else it is empty."""

    line: int
    record: Record
    raw: Sequence[str]
    trouble: str = ""


class Source:
    """An open file: its columns, its rows, and how far it was read."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        self._path = path
        self._raw = raw
        self._line = 0
        head = raw.read(4)
        raw.seek(0)
        for start, what in _OTHER_PROGRAMS.items():
            if head.startswith(start):
                self._fail(f"this is {what}", remedy="Export it as CSV in UTF-8 and import that.")
        packed = head.startswith(_GZIP)
        stream = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
        self._text = io.TextIOWrapper(cast(BinaryIO, stream), encoding="utf-8-sig", newline="")
        first = self._first_line()
        self.is_json = first.lstrip().startswith("{")
        self.header: tuple[str, ...] = ()
        """The columns as the file writes them; for NDJSON, those of its first row."""
        if self.is_json:
            self._pending = first
            self.header = tuple(self._loaded(first, must=True))
        else:
            self._delimiter = max(",;\t", key=first.count)
            self.header = tuple(next(csv.reader([first], delimiter=self._delimiter), []))
        self.columns = tuple(plain(name) for name in self.header)
        self._refuse_twins()

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it lies on the disk, was read."""
        return self._raw.tell()

    def check(self, kind: str, columns: Columns) -> tuple[str, ...]:
        """The columns here that `kind` has no name for. Raises IntakeError where a needed one is missing."""
        missing = [name for name in columns.needed if name not in self.columns]
        if missing:
            wants = ", ".join(missing)
            here = ", ".join(self.header[:20]) or "nothing"
            near = {
                name: match[0]
                for name in missing
                if (match := difflib.get_close_matches(name, [it for it in self.columns if it], 1, 0.5))
            }
            hint = "".join(f" Is {found!r} meant to be {name!r}?" for name, found in near.items())
            self._fail(
                f"a file of {kind} needs {wants}, and its columns are: {here}",
                remedy=f"Nothing was imported. Rename the columns in the file's first line.{hint}",
            )
        return unknown(self.columns, columns)

    def rows(self) -> Iterator[Row]:
        """All rows, empty lines left out. Raises IntakeError where the file breaks off or is not text."""
        return self._json_rows() if self.is_json else self._csv_rows()

    def _csv_rows(self) -> Iterator[Row]:
        reader = csv.reader(self._lines(), delimiter=self._delimiter)
        columns, width = self.columns, len(self.columns)
        start = self._line + 1
        # Once around all, not anew for each row: that would cost as much as reading it.
        with self._readable():
            while True:
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    self._fail(
                        f"line {start} cannot be read: {error}", remedy="Is a quotation mark never closed?"
                    )
                if cells is None:
                    return
                line, start = start, self._line + 1
                if not cells or (width > 1 and not any(cells)):
                    continue
                trouble = ""
                if len(cells) > width and any(cells[width:]):
                    trouble = f"it has {len(cells)} cells, and there are {width} columns"
                yield Row(line, cells_of(columns, cells), cells, trouble)

    def _json_rows(self) -> Iterator[Row]:
        raw: str = self._pending
        while raw:
            if stripped := raw.strip():
                try:
                    yield Row(self._line, self._loaded(stripped), (stripped,))
                except ValueError as error:
                    yield Row(self._line, {}, (stripped[:LONGEST_LINE],), str(error))
            with self._readable():
                raw = self._next_line()

    def _loaded(self, line: str, *, must: bool = False) -> Record:
        try:
            found = json.loads(line, parse_constant=_no_number)
            if not isinstance(found, dict):
                raise ValueError("it is not a JSON object")
            json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            trouble = (
                "it is not JSON" if isinstance(error, (json.JSONDecodeError, RecursionError)) else str(error)
            )
            if must:
                self._fail(
                    f"the first line begins like JSON, but {trouble}",
                    remedy="One JSON object a line is wanted.",
                )
            raise ValueError(trouble) from None
        return {plain(name): value for name, value in found.items()} if not must else found

    def _first_line(self) -> str:
        with self._readable():
            first = ""
            while not first.strip():
                first = self._next_line()
                if not first:
                    self._fail("the file is empty", remedy="Its first line names the columns.")
        if "\0" in first:
            self._fail("this is not text", remedy="Export it as CSV in UTF-8 and import that.")
        return first

    def _lines(self) -> Iterator[str]:
        while line := self._next_line():
            yield line

    def _next_line(self) -> str:
        line = self._text.readline(LONGEST_LINE + 1)
        if line:
            self._line += 1
        if len(line) > LONGEST_LINE:
            self._fail(
                f"line {self._line} is longer than {LONGEST_LINE:,} characters",
                remedy="Is it the right file?",
            )
        return line

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError:
            self._fail(
                f"soon after line {self._line} the file is not UTF-8",
                remedy='Save it as "CSV UTF-8", or convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE',
            )
        except (EOFError, gzip.BadGzipFile, zlib.error):
            self._fail(
                f"the compression breaks off soon after line {self._line}",
                remedy="Fetch the file anew; it is damaged.",
            )
        except OSError as error:
            self._fail(f"it cannot be read: {error.strerror}", remedy="Look at the disk it lies on.")

    def _refuse_twins(self) -> None:
        twins = sorted({name for name in self.columns if name and self.columns.count(name) > 1})
        if twins:
            self._fail(f"the column {twins[0]!r} is there twice", remedy="Rename or remove one of the two.")

    def _fail(self, message: str, *, remedy: str) -> NoReturn:
        raise IntakeError(message, where=str(self._path), remedy=remedy)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file to import. Raises IntakeError where it is not there or of no kind that can be read."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise IntakeError(
            f"it cannot be opened: {error.strerror}",
            where=str(path),
            remedy="Look at its name and whose it is.",
        ) from None
    with raw:
        yield Source(path, raw)


def unknown(names: Iterable[str], columns: Columns) -> tuple[str, ...]:
    """Those of `names` that a kind of file does not know."""
    known = {*columns.needed, *columns.known, *REJECT_COLUMNS, ""}
    return tuple(name for name in names if name not in known)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


Progress = Callable[[int, int], None]
"""Called after each batch with the bytes and the rows that were read."""
