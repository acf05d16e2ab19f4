"""docs/templates.md: its examples compile as they are written, and its tables are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nurture.messages.compile import compile_template
from nurture.messages.formats import FILTERS
from nurture.messages.library import Library
from nurture.runner.files import read_files
from nurture.runner.libraries import library_of
from nurture.settings import load
from nurture.settings.brand import Brand

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
WRITTEN = dict(re.findall(r"^```jinja\ntemplates/email/(\S+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def library() -> Library:
    """The sample's templates and those of the page."""
    sample = library_of(load(ROOT, {}), read_files(ROOT))
    return Library(
        {**sample.parts, **WRITTEN},
        sample.questions,
        brand=sample.brand,
        images=sample.images,
        tags_links=True,
    )


@pytest.mark.parametrize("path", [path for path in WRITTEN if "/" not in path])
def test_each_message_compiles_as_it_is_written(library: Library, path: str) -> None:
    name, *locale, _ = path.split(".")
    compiled = compile_template(library, name, *locale)
    assert not compiled.inline_each
    assert f'lang="{locale[0] if locale else "en"}"' in compiled.html


def test_a_message_in_german_stands_in_the_german_layout(library: Library) -> None:
    assert "Sie bekommen das, weil Sie es wollten." in compile_template(library, "plain-words", "de").html
    assert "You get this because you bought bread." in compile_template(library, "plain-words").html


def test_every_building_block_is_there_and_every_one_is_told(library: Library) -> None:
    part = PAGE.partition("## Building blocks")[2].partition("One of your own")[0]
    told = set(re.findall(r"\{\{ (\w+)\(", part))
    assert told <= library.macros.keys()
    assert {name for name, (path,) in library.macros.items() if "macros/note" not in path} - told == {
        "written"
    }


def test_every_key_of_the_brand_is_told() -> None:
    part = PAGE.partition("## The brand")[2].partition("\n## ")[0]
    assert {key for key in Brand.model_fields if f"`{key}`" not in part} == set()


def test_every_filter_of_ours_is_told() -> None:
    part = PAGE.partition("## How numbers and days are written")[2].partition("\n## ")[0]
    assert {name for name in FILTERS if not re.search(rf"\\\|{name}\b", part)} == set()
