"""The templates of a workspace compiled, or taken up again where nothing has changed, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from nurture.campaigns.findings import Finding
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of, fingerprint
from nurture.messages.library import Library
from nurture.messages.lint import lint
from nurture.runner import template_cache
from nurture.runner.template_cache import Kept
from nurture.runner.template_flaws import findings_of
from nurture.settings import FILE_NAME

Asked: TypeAlias = tuple[str, str, str, str]
"""A template's name and locale; a subject and a preview in place of its own, empty where there are none."""


class TemplateDesk:
    """Compiles what is asked for. `workspace`: where to keep it for the next time; None: nowhere."""

    def __init__(self, library: Library, workspace: Path | None) -> None:
        self.library = library
        # Only a folder that is a workspace gets a cache.
        self._workspace = workspace if workspace and (workspace / FILE_NAME).is_file() else None
        self._before = template_cache.load(self._workspace)
        self._now: dict[str, Kept] = {}
        self._keys: dict[Asked, str] = {}

    def compile(self, name: str, locale: str = "", *, subject: str = "", preview: str = "") -> Compiled:
        """As `compile_template`, which see; raises TemplateError."""
        key = fingerprint(self.library, name, locale, subject=subject, preview=preview)
        kept = self._now.get(key) or self._before.get(key)
        if kept is None:
            compiled = compile_template(self.library, name, locale, subject=subject, preview=preview)
            kept = Kept(compiled=compiled, flaws=lint(compiled))
        self._now[key] = kept
        self._keys[name, locale, subject, preview] = key
        return kept.compiled

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
