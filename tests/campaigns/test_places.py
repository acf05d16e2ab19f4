from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.campaigns.loader import load
from nurture.campaigns.places import inside, lines_of, mark_at
from nurture.campaigns.tree import Keyed, Scalar


def value_of(text: str) -> Scalar:
    tree = load(text)
    assert isinstance(tree, Keyed)
    value = tree.entries[0].value
    assert isinstance(value, Scalar)
    return value


@pytest.mark.parametrize(
    "text",
    [
        "when: one two X four\n",
        "when:   one two X four   # and a note\n",
        "when: 'one two X four'\n",
        "when: 'it''s ''two'' X four'\n",
        'when: "one two X four"\n',
        'when: "a \\"two\\" \\u0041\\x41 \\\\ X four"\n',
        "when: one\n  two\n  X four\n",
        "when: 'one\n  two\n  X four'\n",
        "when: >\n  one\n  two X\n  four\n",
        "when: >-\n\n    one\n\n    two\n    X four\n",
        "when: |\n  one\n    two\n  X four\n",
        "when: one\r\n  two\r\n  X four\r\n",
        'when: "one \\\n  two X four"\n',
        "when: 歓迎 X\n",
    ],
)
def test_a_place_within_a_value_is_found_however_it_is_written(text: str) -> None:
    value = value_of(text)
    mark = inside(text, value, value.value.index("X"))
    assert text[mark.index] == "X"
    assert lines_of(text)[mark.line][mark.column] == "X"


WORDS = st.lists(
    st.text("abc'\"\\(), 歓", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=1, max_size=6
)


@given(WORDS, st.sampled_from([" ", "\n  "]), st.sampled_from(["'", '"']))
def test_every_word_of_a_quoted_value_is_found(words: list[str], between: str, quote: str) -> None:
    escape = {
        "'": lambda it: it.replace("'", "''"),
        '"': lambda it: it.replace("\\", "\\\\").replace('"', '\\"'),
    }
    text = f"when: {quote}{between.join(map(escape[quote], words))}X{quote}\n"
    value = value_of(text)
    mark = inside(text, value, len(value.value) - 1)
    assert text[mark.index] == "X"


@given(st.text("ab\n\r\x85\u2028", max_size=30), st.data())
def test_a_mark_is_where_its_character_stands(text: str, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(text)))
    mark = mark_at(text, index)
    if index < len(text) and text[index] in "ab":
        assert lines_of(text)[mark.line][mark.column] == text[index]
