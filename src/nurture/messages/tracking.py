"""Puts what is ours into a message: numbered links, preheader, pixel, the link that no person sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape

from nurture.messages.masking import Masker
from nurture.messages.places import IN_TEXT, Place
from nurture.messages.segments import Segment, split
from nurture.messages.syntax import local_names
from nurture.messages.vocabulary import ADDRESSES

MOST_LINKS = 255
"""In one message; the number of a link and its turn in a loop share 15 bits."""

_VALUE = r"(?:[^\"'>]|\"[^\"]*\"|'[^']*')*"
_LINK = re.compile(rf"<(?:a|area|v:[a-z]+)\s{_VALUE}>", re.IGNORECASE)
_HREF = re.compile(r"(\shref\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_UNTRACKED = re.compile(r"\sdata-untracked(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?", re.IGNORECASE)
_BODY = re.compile(rf"<body(?:\s{_VALUE})?>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_HTTP = re.compile(r"\s*https?://", re.IGNORECASE)
_HIDDEN = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all"
# Keeps a client from filling the rest of the preview line with the first words of the message.
_FILL = "&#847;&zwnj;&nbsp;" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """Masked HTML with our parts in it, and where its links lead."""

    html: str
    links: tuple[str, ...]


def track(masked: str, masker: Masker, preview: str, *, tags: bool = False) -> Tracked:
    """Number the links, then add preheader, pixel and hidden link. `masked` is a whole document.

    `tags`: whether links that are not tracked get their UTM parameters in the message; the others get them on the way.
    """
    links: list[str] = []

    def link(match: re.Match[str]) -> str:
        tag = match[0]
        if _UNTRACKED.search(tag):
            tag = _UNTRACKED.sub("", tag)
            return _HREF.sub(lambda href: _tag(href, masker), tag) if tags else tag
        return _HREF.sub(lambda href: _number(href, masker, links), tag)

    html = _LINK.sub(link, masked)
    html = _after_body(html, _preheader(preview, masker))
    return Tracked(html=_before_end(html, _signs(masker)), links=tuple(links))


def _number(href: re.Match[str], masker: Masker, links: list[str]) -> str:
    value = href[2][1:-1] if href[2][0] in "\"'" else href[2]
    target = masker.unmask_words(unescape(value)).strip()
    if not _is_tracked(target) or len(links) == MOST_LINKS:
        return href[0]
    links.append(target)
    no = len(links)
    if local_names(target):
        before = masker.add(Segment("stmt", f"{{% filter _track({no}) %}}"), _HREF_PLACE)
        after = masker.add(Segment("stmt", "{% endfilter %}"), _HREF_PLACE)
        return f'{href[1]}"{before}{value}{after}"'
    return f'{href[1]}"{masker.add(Segment("var", f"{{{{ _{no} }}}}"), _HREF_PLACE)}"'


def _tag(href: re.Match[str], masker: Masker) -> str:
    value = href[2][1:-1] if href[2][0] in "\"'" else href[2]
    if not _is_tracked(masker.unmask_words(unescape(value)).strip()):
        return href[0]
    before = masker.add(Segment("stmt", "{% filter _tagged %}"), _HREF_PLACE)
    after = masker.add(Segment("stmt", "{% endfilter %}"), _HREF_PLACE)
    return f'{href[1]}"{before}{value}{after}"'


_HREF_PLACE = Place("quoted", "a", "href")


def _is_tracked(target: str) -> bool:
    segments = split(target)
    if not segments:
        return False
    if any(re.search(rf"\b{name}\b", it.text) for it in segments if it.kind != "data" for name in ADDRESSES):
        return False
    return segments[0].kind != "data" or bool(_HTTP.match(target))


def _preheader(preview: str, masker: Masker) -> str:
    if not preview:
        return ""
    out = []
    for segment in split(preview):
        if segment.kind == "data":
            out.append(escape(segment.text, quote=False))
        else:
            word = masker.add(segment, IN_TEXT)
            out.append(word if segment.kind == "var" else f"<!--{word}-->")
    return f'\n<div style="{_HIDDEN}">{"".join(out)}{_FILL}</div>'


def _signs(masker: Masker) -> str:
    def mark(text: str) -> str:
        segment = next(iter(split(text)))
        word = masker.add(segment, IN_TEXT)
        return word if segment.kind == "var" else f"<!--{word}-->"

    hidden = (
        f'<div style="{_HIDDEN}"><a href="{mark("{{ _hidden }}")}" tabindex="-1" rel="nofollow"></a></div>'
    )
    pixel = f'<img src="{mark("{{ _pixel }}")}" width="1" height="1" alt="" style="display:block;border:0">'
    shown = f"{mark('{% if _pixel %}')}{hidden}{pixel}{mark('{% endif %}')}"
    # Hidden from screen readers and the text part; not from sight, or clients would not fetch the pixel.
    return f'<div aria-hidden="true" style="line-height:0">{shown}</div>\n'


def _after_body(html: str, added: str) -> str:
    match = _BODY.search(html)
    return html[: match.end()] + added + html[match.end() :] if match else added + html


def _before_end(html: str, added: str) -> str:
    ends = list(_BODY_END.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return html[:at] + added + html[at:]


def literal_link(text: str) -> bool:
    """Whether a link's target is the same for everybody."""
    return all(segment.kind == "data" for segment in split(text))
