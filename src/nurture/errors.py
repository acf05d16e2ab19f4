"""Every error a person may read: what is wrong, where, and how to put it right.

NurtureError
├── UsageError            the command was called wrongly (exit status 2)
├── SettingsError         nurture.toml or a NURTURE_ variable
├── WorkspaceError        no workspace, not writable, made by a newer version
├── FilesError            campaign files and templates; carries the findings
├── IntakeError           a file to import that cannot be read at all
├── ExpressionError       an expression over facts; carries its column
├── TemplateError         a message that cannot be compiled or rendered
│   └── TemplateStoppedError  it took too long, or wanted to make too much
├── StoreError            the database
└── ServiceError          a port in use, a relay that does not answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class NurtureError(Exception):
    """What is wrong (`message`), `where` (file:line, key, address) and the `remedy`, each one sentence."""

    exit_status = 1

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.remedy}" if self.remedy else head


class UsageError(NurtureError):
    """The command was called wrongly."""

    exit_status = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in nurture.toml or a NURTURE_ variable."""

    key: tuple[str, ...] = ()
    """Where it is written, such as ("web", "listen"); empty: the file as a whole."""
    variable: str = ""
    """The variable that says it; empty: the file does."""
    message: str
    hint: str = ""
    line: int = 0
    """From 1, where it is known."""
    column: int = 0


class SettingsError(NurtureError):
    """Keys or values of nurture.toml, or NURTURE_ variables, cannot be used; `faults` are all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        first, *others = self.faults
        said = [fault.message + (f" ({fault.hint})" if fault.hint else "") for fault in others]
        names = [fault.variable or "nurture.toml" for fault in others]
        more = [f"{name}: {text}" for name, text in zip(names, said, strict=True)]
        line = f":{first.line}:{first.column}" if first.line else ""
        super().__init__(
            first.message,
            where=first.variable or f"nurture.toml{line}",
            remedy="\n".join([*([first.hint] if first.hint else []), *more]).replace("\n", "\n  "),
        )


class WorkspaceError(NurtureError):
    """There is no workspace here, it cannot be written, or a newer version made it."""


class FilesError(NurtureError):
    """Campaign files or templates hold mistakes; `message` is the whole list, ready to print."""


class IntakeError(NurtureError):
    """A file to import cannot be read: wrong header, broken compression, not text."""


class ExpressionError(NurtureError):
    """An expression cannot be used.

    `column` counts from 0 within the expression's text and `length` is how many characters are at fault.
    """

    def __init__(self, message: str, *, column: int, length: int = 1, hint: str = "") -> None:
        super().__init__(message, remedy=hint)
        self.column = column
        self.length = max(1, length)
        self.hint = hint


class TemplateError(NurtureError):
    """A message cannot be compiled, or cannot be rendered for one contact. `line` counts from 1; 0: unknown."""

    def __init__(self, message: str, *, where: str = "", remedy: str = "", line: int = 0) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.line = line
        self.others: tuple[TemplateError, ...] = ()
        """What else is wrong with the same message, where one look found several mistakes."""


class TemplateStoppedError(TemplateError):
    """A message was stopped in compiling or rendering: it took too long, or wanted to make too much."""


class StoreError(NurtureError):
    """The database cannot be opened, read or written."""


class ServiceError(NurtureError):
    """Something outside does not answer, or a port is taken."""
