"""One file while it is read: its tree, and the findings made in it so far."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from nurture.campaigns.findings import Finding, Severity
from nurture.campaigns.load_errors import LoadError
from nurture.campaigns.loader import load
from nurture.campaigns.places import inside, lines_of
from nurture.campaigns.tree import Keyed, Listing, Loc, Mark, Scalar, Tree, find, plain
from nurture.campaigns.wording import TAGS, Complaint, complaint_of, is_misspelled
from nurture.journeys.shape import ON_KEY, Reading, Shape

ShapeT = TypeVar("ShapeT", bound=Shape)


class Source:
    """A file's text, where its values stand, and what was found."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text.removeprefix("\ufeff")
        self.findings: list[Finding] = []
        self._lines = lines_of(self.text)
        self.tree = self._load()

    def _load(self) -> Tree | None:
        try:
            tree = load(self.text)
        except LoadError as error:
            self._add(Complaint(error.code, error.message, error.hint), error.mark, error.length, "error")
            return None
        if tree is None or (isinstance(tree, Scalar) and plain(tree) is None):
            self.findings.append(
                Finding(code="empty", path=self.path, message="there is nothing in this file")
            )
            return None
        return tree

    def shape(
        self, model: type[ShapeT], reading: Reading, loc: Loc = (), extra: dict[str, Any] | None = None
    ) -> ShapeT | None:
        """The values at `loc` as `model`; None, with findings, where they cannot be.

        `extra` are values read before.
        """
        if self.tree is None:
            return None
        data = plain(find(self.tree, loc)[0])
        if extra and isinstance(data, dict):
            data = {**{key: it for key, it in data.items() if key not in extra}, **extra}
        try:
            return model.model_validate(data, context=reading)
        except ValidationError as error:
            self._take(error, loc, model, frozenset(extra or ()))
            return None

    def value(self, kind: TypeAdapter[Any], reading: Reading, loc: Loc) -> Any:
        """The value at `loc` as `kind`; None, with a finding, where it cannot be."""
        if self.tree is None:
            return None
        try:
            return kind.validate_python(plain(find(self.tree, loc)[0]), context=reading)
        except ValidationError as error:
            self._take(error, loc, None, frozenset())
            return None

    def quietly(self, kind: TypeAdapter[Any], reading: Reading, loc: Loc) -> Any:
        """Like `value`, but nothing is taken down."""
        found = list(self.findings)
        value = self.value(kind, reading, loc)
        self.findings = found
        return value

    def _take(
        self, error: ValidationError, loc: Loc, model: type[Shape] | None, seen: frozenset[str]
    ) -> None:
        items = error.errors(include_url=False)
        for item in items:
            inner = tuple(part for part in item["loc"] if part not in TAGS)
            if (inner and inner[0] in seen) or is_misspelled(item, items):
                continue
            below = item.get("ctx", {}).get("below", ())
            self.complain(complaint_of(item, inner, model), (*loc, *inner, *below))

    def complain(self, complaint: Complaint, loc: Loc, severity: Severity = "error") -> None:
        """Take a finding down at the value, the key or the place within the value that it is about."""
        if self.tree is None:
            return
        on_key = complaint.on_key
        if loc and loc[-1] == ON_KEY:
            loc, on_key = loc[:-1], True
        tree, entry = find(self.tree, loc)
        if entry is not None and (on_key or (isinstance(tree, Scalar) and tree.start == tree.end)):
            tree = entry.key
        start, length = self._span(tree, complaint)
        self._add(complaint, start, length, severity)

    def _span(self, tree: Tree, complaint: Complaint) -> tuple[Mark, int]:
        match tree:
            case Scalar() if complaint.column >= 0:
                return inside(self.text, tree, complaint.column), max(1, complaint.length)
            case Scalar(start=start, end=end):
                length = (
                    end.column - start.column
                    if end.line == start.line
                    else len(self._line(start)) - start.column
                )
                return start, length
            case Keyed(entries=[first, *_]):
                return self._span(first.key, Complaint("", ""))
            case Listing(items=[first, *_], start=start) if start.line == first.start.line:
                return start, 1
            case _:
                return tree.start, 1

    def _line(self, mark: Mark) -> str:
        return self._lines[min(mark.line, len(self._lines) - 1)]

    def _add(self, complaint: Complaint, start: Mark, length: int, severity: Severity) -> None:
        line = self._line(start)
        self.findings.append(
            Finding(
                code=complaint.code,
                severity=severity,
                path=self.path,
                line=min(start.line, len(self._lines) - 1) + 1,
                column=min(start.column, len(line)) + 1,
                message=complaint.message,
                hint=complaint.hint,
                source=line,
                length=max(1, min(length, len(line) - start.column)),
            )
        )
