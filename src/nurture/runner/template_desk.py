"""The templates of a workspace compiled, or taken up again where nothing has changed, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from nurture.campaigns.findings import Finding
from nurture.errors import TemplateError
from nurture.messages.bounds import SECONDS
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of, fingerprint
from nurture.messages.library import Library
from nurture.messages.lint import lint
from nurture.runner import template_cache
from nurture.runner.forked import Again, each
from nurture.runner.template_cache import Kept
from nurture.runner.template_flaws import findings_of
from nurture.settings import FILE_NAME
from nurture.settings.check import USUAL

Asked: TypeAlias = tuple[str, str, str, str]
"""A template's name and locale; a subject and a preview in place of its own, empty where there are none."""


class TemplateDesk:
    """Compiles what is asked for, for at most so many `seconds` each.

    `workspace`: where to keep it for the next time; None: nowhere. `clients`: the mail programs that messages are held
    against.
    """

    def __init__(
        self,
        library: Library,
        workspace: Path | None,
        *,
        clients: tuple[str, ...] = USUAL,
        seconds: float = SECONDS,
    ) -> None:
        self.library = library
        self._clients = clients
        self._seconds = seconds
        # Only a folder that is a workspace gets a cache.
        self._workspace = workspace if workspace and (workspace / FILE_NAME).is_file() else None
        self._before = template_cache.load(self._workspace)
        self._now: dict[str, Kept] = {}
        self._keys: dict[Asked, str] = {}
        self._fingerprints: dict[Asked, str] = {}
        self._faults: dict[str, TemplateError] = {}

    def compile(self, name: str, locale: str = "", *, subject: str = "", preview: str = "") -> Compiled:
        """As `compile_template`, which see; raises TemplateError. For many, `prepare` them before."""
        asked = (name, locale, subject, preview)
        self.prepare([asked])
        key = self._key(asked)
        if key in self._faults:
            raise self._faults[key]
        self._keys[asked] = key
        return self._now[key].compiled

    def prepare(self, asked: Iterable[Asked]) -> None:
        """Compile those that are not yet, in a process of their own: what they take is bounded, see `forked`."""
        wanted: dict[str, Asked] = {}
        for it in asked:
            with suppress(TemplateError):
                key = self._key(it)
                if key not in self._now and key not in self._faults:
                    wanted[key] = it
        for key in wanted.keys() & self._before.keys():
            self._now[key] = self._before[key]
            del wanted[key]
        made = each(self._make, wanted.values(), name=self._path_of, seconds=self._seconds)
        for key, answer in zip(list(wanted), made, strict=True):
            if isinstance(answer, TemplateError):
                self._faults[key] = answer
            else:
                self._now[key] = answer

    def _make(self, asked: Asked, again: Again) -> Kept:
        name, locale, subject, preview = asked
        compiled = compile_template(self.library, name, locale, subject=subject, preview=preview)
        return Kept(compiled=compiled, flaws=lint(compiled, self._clients))

    def _key(self, asked: Asked) -> str:
        """Raises TemplateError where there is no such message, or its head cannot be read."""
        if asked not in self._fingerprints:
            name, locale, subject, preview = asked
            made = fingerprint(self.library, name, locale, subject=subject, preview=preview)
            self._fingerprints[asked] = f"{made} {' '.join(self._clients)}"
        return self._fingerprints[asked]

    def _path_of(self, asked: Asked) -> str:
        return self.library.source(asked[0], asked[1]).path

    def flaws(self) -> Iterator[Finding]:
        """What is wrong with the templates compiled so far, though they can be rendered."""
        for (name, locale, _, _), key in self._keys.items():
            kept = self._now[key]
            if kept.flaws:
                files = files_of(self.library, name, locale)
                yield from findings_of(kept.flaws, files, self.library.parts)

    def passed(self) -> dict[tuple[str, str], str]:
        """What the templates, by name and locale, were last tried with; see `template_trials`."""
        return {
            (name, locale): self._now[key].tried
            for (name, locale, subject, preview), key in self._keys.items()
            if not subject and not preview
        }

    def note(self, passed: Mapping[tuple[str, str], str]) -> None:
        """Remember what they were tried with now; those that are left out are to be tried again."""
        for (name, locale, subject, preview), key in self._keys.items():
            if not subject and not preview:
                self._now[key] = replace(self._now[key], tried=passed.get((name, locale), ""))

    def save(self) -> None:
        """Keep what was compiled, and nothing else, for the next time."""
        if self._now != self._before:
            template_cache.save(self._workspace, self._now)
