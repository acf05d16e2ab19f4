"""Lists that a loop or a condition runs through: the statement goes inside, so that it stays one list."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from nurture.messages.masking import Masker

_LISTS = {"bullet_list_open": "bullet_list_close", "ordered_list_open": "ordered_list_close"}


def mend_lists(tokens: Sequence[Token], masker: Masker) -> list[Token]:
    """`{% for %}` LIST `{% endfor %}` becomes a list with the loop in it; those that touch become one."""
    out = list(tokens)
    at = 0
    while at < len(out):
        if out[at].type in _LISTS and at > 0:
            end = _end(out, at)
            if end + 1 < len(out) and _encloses(out[at - 1], out[end + 1], out, at, end, masker):
                before, after = out[at - 1], out[end + 1]
                out[at - 1], out[at] = out[at], before
                out[end], out[end + 1] = after, out[end]
                at -= _melt(out, at - 1, end + 1)
        at += 1
    return out


def _end(tokens: Sequence[Token], at: int) -> int:
    close = _LISTS[tokens[at].type]
    return next(
        no
        for no in range(at, len(tokens))
        if tokens[no].type == close and tokens[no].level == tokens[at].level
    )


def _encloses(
    before: Token, after: Token, tokens: Sequence[Token], at: int, end: int, masker: Masker
) -> bool:
    opening, closing = _word(before, masker), _word(after, masker)
    if (opening, closing) == ("for", "endfor"):
        return True
    touches = at > 1 and tokens[at - 2].type == _LISTS[tokens[at].type]
    touches = touches or (end + 2 < len(tokens) and tokens[end + 2].type == tokens[at].type)
    return (opening, closing) == ("if", "endif") and touches


def _word(token: Token, masker: Masker) -> str:
    text = token.content.strip()
    if token.type != "html_block" or not (text.startswith("<!--") and text.endswith("-->")):
        return ""
    segment = masker.mark_of(text[4:-3])
    return segment.word if segment else ""


def _melt(tokens: list[Token], opening: int, closing: int) -> int:
    """Make one list of those that touch. How many tokens went away in front of `opening`."""
    kind, close = tokens[opening].type, tokens[closing].type
    if closing + 1 < len(tokens) and tokens[closing + 1].type == kind:
        del tokens[closing : closing + 2]
    if opening > 0 and tokens[opening - 1].type == close:
        del tokens[opening - 1 : opening + 1]
        return 2
    return 0
