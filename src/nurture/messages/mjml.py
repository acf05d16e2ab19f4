"""MJML that holds Jinja, as HTML that holds the same Jinja: made by mrml, with every mark hidden from it."""

from __future__ import annotations

import re
from collections.abc import Callable

from mrml import RenderOptions
from mrml import to_html as _to_html

from nurture.errors import TemplateError
from nurture.messages.masking import Mark, Masker
from nurture.messages.mjml_tags import wrong_tag

_DOCUMENT = re.compile(r"<mjml[\s>]", re.IGNORECASE)
_ROOT = re.compile(r"<mjml(?![^>]*\slang\s*=)", re.IGNORECASE)
_AT = re.compile(r" at position (\d+):\d+$")
_IN = re.compile(r" in root template")
# By itself it would have every message fetch the font Ubuntu from Google.
_OPTIONS = RenderOptions(fonts={})

Where = Callable[[str], tuple[str, int]]
"""Path and line of the first place that is written so."""


def is_mjml(source: str) -> bool:
    """Whether a whole document is one of MJML."""
    return bool(_DOCUMENT.search(source))


def from_mjml(source: str, language: str, where: Where) -> str:
    """The HTML of an MJML document. Raises TemplateError with file and line."""
    wrong = wrong_tag(source)
    if wrong is not None:
        raise _fault(wrong.message, wrong.remedy, wrong.text, where)
    masker = Masker(source)
    masked = masker.mask(_ROOT.sub(f'<mjml lang="{language}"', source, count=1))
    try:
        html: str = _to_html(masked, None, _OPTIONS).content
    except OSError as error:
        raise _refused(str(error), masked, masker, where) from None
    kept = set(masker.numbers(html))
    for no in masker.numbers(masked):
        if no not in kept:
            raise _lost(masker.marks[no], where)
    return masker.unmask(html)


def _refused(said: str, masked: str, masker: Masker, where: Where) -> TemplateError:
    match = _AT.search(said)
    at = "" if match is None else masked.encode()[int(match[1]) :].decode(errors="replace")
    near = masker.unmask_words(at.partition("\n")[0].partition(">")[0])
    message = f"this is not MJML: {_IN.sub('', _AT.sub('', said))}"
    return _fault(
        message, "Look at how its elements are closed, and at the quotes round values.", near, where
    )


def _lost(mark: Mark, where: Where) -> TemplateError:
    text, place = mark.segment.text, mark.place
    if place.kind in ("quoted", "bare"):
        message = f'MJML must know {place.attribute}="…" of <{place.element}> beforehand, and {text} is not'
        remedy = "Write it out, or choose between two elements by {% if %}."
    elif place.kind == "tag":
        message = f"{text} cannot stand among the attributes of <{place.element}>"
        remedy = 'Put it into a value: color="{% if … %}red{% else %}black{% endif %}".'
    else:
        message = f"{text} does not survive MJML where it stands"
        remedy = "Put it round whole sections, columns or elements, or into the text of one."
    return _fault(message, remedy, text, where)


def _fault(message: str, remedy: str, near: str, where: Where) -> TemplateError:
    path, line = where(near)
    return TemplateError(message, where=f"{path}:{line}" if line else path, remedy=remedy, line=line)
