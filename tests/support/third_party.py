"""Templates that others made, as they come in their packages, and their marks written as Jinja's."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "messages/third_party"
THEMES = ("default", "cerberus", "neopolitan", "salted")
_MARK = re.compile(r"<%([-=]?)\s*(.*?)\s*-?%>", re.DOTALL)
_FIRST = re.compile(r"\A<%.*?%>\n", re.DOTALL)
_FACTS = re.compile(
    r"(?<![\w.])(?:locals\.)?"
    r"(?=(?:product|title|intro|dictionary|table|action|goToAction|outro|signature|textDirection)\b)"
)
_STATEMENTS = (
    (r"(\S+)\.forEach\(function ?\((\w+)(?:, i)?\) \{", r"for \2 in \1"),
    (r"for \(var i in (\S+)\) ?\{", r"for i in range(\1|length)"),
    (r"for \((?:var )?(\w+) in (\S+)\) ?\{", r"for \1 in \2"),
    # In JavaScript an empty list counts as true.
    (r"if ?\((locals\.(?:intro|outro))\) \{", r"if \1 is defined"),
    (r"if ?\((.*)\) \{", r"if \1"),
    (r"\} else \{", "else"),
)
_EXPRESSIONS = (
    (r"(\w+)\.charAt\(0\)\.toUpperCase\(\) \+ \1\.slice\(1\)", r"\1[:1]|upper ~ \1[1:]"),
    (r"(\S+)\.length !== 0", r"\1"),
    (r" != null", ""),
    (r"&&", "and"),
)


def foundation() -> dict[str, str]:
    """The templates of Foundation for Emails by name, their style sheet in them in place of the link to it."""
    folder = FOLDER / "foundation-emails"
    css = (folder / "foundation-emails.css").read_text(encoding="utf-8")
    link = re.compile(r'<link rel="stylesheet"[^>]*>')
    return {
        path.stem: link.sub(lambda _: f"<style>{css}</style>", path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.html"))
    }


@cache
def theme(name: str) -> str:
    """A theme of mailgen, which is written in EJS, with its marks as Jinja's.

    The script before the doctype is left out: it fills in colours that our messages say.
    """
    source = (FOLDER / f"mailgen/themes/{name}.html").read_text(encoding="utf-8")
    opened: list[str] = []

    def jinja(mark: re.Match[str]) -> str:
        said = mark[2]
        for pattern, by in _EXPRESSIONS:
            said = re.sub(pattern, by, said)
        if mark[1]:
            return "{{ " + _FACTS.sub("event.", said) + " }}"
        if said.rstrip(";") in ("}", "})"):
            return "{% end" + opened.pop() + " %}"
        for pattern, by in _STATEMENTS:
            if re.fullmatch(pattern, said):
                word, _, rest = re.sub(pattern, by, said).partition(" ")
                if rest:
                    opened.append(word)
                return "{% " + f"{word} {_FACTS.sub('event.', rest)}".strip() + " %}"
        raise AssertionError(f"{name}: what is {mark[0]!r} in Jinja?")

    made = _MARK.sub(jinja, _FIRST.sub("", source))
    assert not opened
    return made


def messages() -> dict[str, dict[str, Any]]:
    """What eleven messages say, by name, as the themes want it."""
    said = tomllib.loads((FOLDER / "mailgen/messages.toml").read_text(encoding="utf-8"))
    defaults = said.pop("defaults") | {"goToAction": ""}
    for message in said.values():
        for action in message.get("action", ()):
            for button in action["button"]:
                button.setdefault("fallback", "")
    return {name: defaults | message for name, message in said.items()}
