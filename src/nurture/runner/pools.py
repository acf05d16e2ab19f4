"""Files of codes (`code: {from: codes.csv}`): read as a stream, looked at line by line, taken into the database."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from nurture.clock import Moment
from nurture.errors import FilesError
from nurture.offers.codes import canonical
from nurture.offers.offer import Offer, Pool
from nurture.runner.files import CAMPAIGNS
from nurture.runner.looking import Progress
from nurture.store import made_codes, marks
from nurture.store.engine import Store
from nurture.store.statements import chunks

COLUMN = "code"
MOST_SIGNS = 60
LONGEST_LINE = 10_000
NAMED = 20
"""Lines that are named of those that cannot be taken; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that could not be taken."""

    number: int
    code: str
    why: str


@dataclass(slots=True, kw_only=True)
class PoolTaken:
    """What became of one file of codes."""

    offer: str
    file: str
    new: int = 0
    known: int = 0
    """They were taken in before, or stand there twice."""
    refused: int = 0
    lines: list[Line] = field(default_factory=list)
    """The first of those that were refused."""

    def refuse(self, number: int, code: str, why: str) -> None:
        """Count a line, and name it where it is among the first."""
        self.refused += 1
        if len(self.lines) < NAMED:
            self.lines.append(Line(number=number, code=code[:MOST_SIGNS], why=why))


def take_pools(
    store: Store,
    workspace: Path,
    offers: Iterable[Offer],
    now: Moment,
    progress: Progress = lambda what, done, total: None,
) -> list[PoolTaken]:
    """Take in the files of codes that these offers name, but for those that have not changed since they were.

    A file only adds codes: one that is no line of it any more stays. Raises FilesError where a file cannot be read;
    what was taken of it before stays taken, and the same again goes on from there.
    """
    taken = []
    for offer in offers:
        if isinstance(offer.codes, Pool):
            path = _inside(workspace, offer.codes.file)
            mark, seal = f"codes of {offer.key}", _seal(path)
            with store.read() as tx:
                was = marks.get(tx, mark)
            if was != seal:
                taken.append(_take(store, offer.key, offer.codes.file, path, now, progress))
                with store.write() as tx:
                    marks.put(tx, mark, seal)
    return taken


def _inside(workspace: Path, file: str) -> Path:
    root = workspace.resolve()
    path = (root / CAMPAIGNS / file).resolve()
    if not path.is_relative_to(root / CAMPAIGNS) or not path.is_file():
        raise FilesError(
            f"there is no file {CAMPAIGNS}/{file} in the workspace",
            remedy="Put the codes there: a column `code`, a line for each.",
        )
    return path


def _seal(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _take(store: Store, offer: str, file: str, path: Path, now: Moment, progress: Progress) -> PoolTaken:
    result = PoolTaken(offer=offer, file=file)
    with path.open("rb") as opened:
        size = path.stat().st_size
        for some in chunks(_sound(opened, result), made_codes.TOGETHER):
            numbers = {canonical(code): number for number, code in reversed(some)}
            given = [code for _, code in some]
            with store.write() as tx:
                taken = made_codes.take_in(tx, offer, given, store.ids, now)
            result.new += taken.new
            result.known += len(given) - taken.new - len(taken.elsewhere)
            for code in taken.elsewhere:
                result.refuse(numbers[canonical(code)], code, "it is a code of another offer")
            progress(f"codes of {file}", opened.tell(), size)
    with store.write() as tx:
        made_codes.look_around(tx, result.new)
    return result


def _sound(opened: BinaryIO, result: PoolTaken) -> Iterator[tuple[int, str]]:
    """The codes that can be taken, with their lines; the others are refused in `result`."""
    column, delimiter = 0, ","
    for number, raw in enumerate(_lines(opened), 1):
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip("\r\n")
        if number == 1:
            delimiter = max(",;\t", key=text.count)
            names = [it.strip().lower() for it in _cells(text, delimiter)]
            if COLUMN in names:
                column = names.index(COLUMN)
                continue
            if len(names) > 1:
                raise FilesError(
                    f"the first line of {CAMPAIGNS}/{result.file} names no column `{COLUMN}`",
                    remedy=f"Name the column that the codes stand in `{COLUMN}`.",
                )
        if not text.strip():
            continue
        cells = _cells(text, delimiter)
        code = cells[column].strip() if column < len(cells) else ""
        if why := _unfit(code):
            result.refuse(number, code, why)
        else:
            yield number, code


def _lines(opened: BinaryIO) -> Iterator[bytes]:
    """The lines, each cut off where no code could be so long: a file without line ends does not fill the memory."""
    while line := opened.readline(LONGEST_LINE):
        whole = line
        while not whole.endswith(b"\n") and (whole := opened.readline(LONGEST_LINE)):
            line = line[:LONGEST_LINE]
        yield line


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return [text]


def _unfit(code: str) -> str:
    """Why nobody could be given this; empty: they can."""
    if not code:
        return "there is no code in it"
    if code[0] in "=+-@":
        return "it begins like a formula of a spreadsheet"
    if len(code) > MOST_SIGNS:
        return f"it has more than {MOST_SIGNS} signs"
    if not code.isprintable() or "�" in code:
        return "there are signs in it that nobody can type"
    if " " in code:
        return "there is a space in it"
    if not canonical(code):
        return "there is no letter or digit in it"
    return ""
