"""The workspace's files, read into text: the only place that opens campaign files and templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nurture.campaigns.findings import Finding, render
from nurture.errors import FilesError, WorkspaceError

CAMPAIGNS = "campaigns"
TEMPLATES = "templates/email"

LARGEST = 1_000_000
"""Bytes of one file. A campaign file of this size was not written by a person."""

_ENDINGS = {CAMPAIGNS: (".yaml", ".yml"), TEMPLATES: (".md", ".html", ".mjml")}
_OF_NO_CONCERN = (".csv", ".css", ".txt~", ".bak", ".orig", ".swp")


POOLS = ".csv"
"""The ending of files of codes, below campaigns/; `pools.py` reads those that an offer names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in campaigns/ and templates/email/."""

    files: Mapping[str, str]
    """Every campaign file (*.yaml, *.yml) and template, by its path from the workspace, in order."""
    findings: tuple[Finding, ...]
    """Files that are no text, too large, out of the workspace by a link, or of an ending that nobody reads."""


def look(workspace: Path) -> Found:
    """Read what can be read. Raises WorkspaceError where there is no campaigns/."""
    root = workspace.resolve()
    files: dict[str, str] = {}
    findings = []
    for path, folder in sorted(_candidates(root)):
        name = path.relative_to(root).as_posix()
        if path.suffix not in _ENDINGS[folder]:
            findings.append(_not_read(path, name, folder))
            continue
        text = _read(path, name, root)
        if isinstance(text, Finding):
            findings.append(text)
        else:
            files[name] = text
    return Found(files=files, findings=tuple(findings))


def read_files(workspace: Path) -> dict[str, str]:
    """Every campaign file and template. Raises FilesError with all that cannot be read, WorkspaceError."""
    found = look(workspace)
    errors = [finding for finding in found.findings if finding.severity == "error"]
    if errors:
        raise FilesError("\n\n".join(map(render, errors)), remedy="Nothing was changed.")
    return dict(found.files)


def pools(workspace: Path) -> frozenset[str]:
    """The files of codes, by their paths below campaigns/."""
    root = workspace.resolve() / CAMPAIGNS
    found = (it for it in root.rglob("*") if it.suffix.lower() == POOLS and it.is_file())
    return frozenset(it.relative_to(root).as_posix() for it in found)


def part(files: Mapping[str, str], folder: str) -> dict[str, str]:
    """Those below `folder`, by their path from it."""
    prefix = folder + "/"
    return {name.removeprefix(prefix): text for name, text in files.items() if name.startswith(prefix)}


def _candidates(root: Path) -> Iterator[tuple[Path, str]]:
    if not (root / CAMPAIGNS).is_dir():
        raise WorkspaceError(
            f"there is no folder {CAMPAIGNS}/ in {root}",
            remedy="Bring it back, or make a new workspace: nurture init DIR",
        )
    for folder in _ENDINGS:
        for path in (root / folder).rglob("*"):
            hidden = any(piece.startswith(".") for piece in path.relative_to(root).parts)
            if not hidden and not path.is_dir() and not path.name.endswith(("~", *_OF_NO_CONCERN)):
                yield path, folder


def _not_read(path: Path, name: str, folder: str) -> Finding:
    *first, last = _ENDINGS[folder]
    wanted = f"{', '.join(first)} or {last}"
    what = "campaigns" if folder == CAMPAIGNS else "templates"
    said = f"its ending is {path.suffix}" if path.suffix else "it has no ending"
    return Finding(
        code="not-read",
        severity="warning",
        path=name,
        message=f"nobody reads this file: {said}",
        hint=f"the names of {what} end in {wanted}",
    )


def _read(path: Path, name: str, root: Path) -> str | Finding:
    if not path.resolve().is_relative_to(root):
        message = "this is a link that leads out of the workspace"
        return Finding(code="not-readable", path=name, message=message, hint="copy the file in")
    if path.exists() and not path.is_file():
        # A pipe would be waited for without end.
        message = "this is no file that can be read"
        return Finding(code="not-readable", path=name, message=message, hint="take it away")
    try:
        if path.stat().st_size > LARGEST:
            message = "this file is larger than 1 MB"
            return Finding(code="too-large", path=name, message=message, hint="was it saved here by mistake?")
        content = path.read_bytes()
    except OSError as error:
        message = f"this cannot be read: {error.strerror}"
        return Finding(code="not-readable", path=name, message=message)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf_8(content, error.start, name)


def _not_utf_8(content: bytes, at: int, name: str) -> Finding:
    begin = content.rfind(b"\n", 0, at) + 1
    source = content[begin:].partition(b"\n")[0].decode(errors="replace")
    return Finding(
        code="not-utf-8",
        path=name,
        line=content.count(b"\n", 0, at) + 1,
        column=len(content[begin:at].decode(errors="replace")) + 1,
        message="this is not UTF-8 text",
        hint="save the file as UTF-8",
        source=source.rstrip("\r"),
    )
