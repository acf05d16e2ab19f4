"""What is kept of templates between commands: used where it can be, harmless where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nurture.errors import TemplateError
from nurture.messages.library import Library
from nurture.messages.lint import lint
from nurture.runner import template_cache
from nurture.runner.template_cache import FILE, FOLDER, Kept
from nurture.runner.template_desk import TemplateDesk

SOURCES = {
    "one.md": 'subject: One\n\n<img src="a.png">',
    "two.md": "subject: Two\n\nHello {{ contact.first_name }} {{ orders.within('90 days').count }}",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "nurture.toml").touch()
    return tmp_path


def desk(workspace: Path | None, sources: dict[str, str] | None = None) -> TemplateDesk:
    """A desk that has compiled everything and kept it."""
    it = TemplateDesk(Library(sources or SOURCES), workspace)
    for name in it.library.names():
        it.compile(name)
    it.save()
    return it


def kept_at(workspace: Path) -> Path:
    return workspace / FOLDER / FILE


def test_what_is_taken_up_again_is_what_was_compiled(workspace: Path) -> None:
    first = desk(workspace)
    second = TemplateDesk(first.library, workspace)
    for name in ("one", "two"):
        assert second.compile(name) == first.compile(name)
    assert list(second.flaws()) == list(first.flaws()) != []


def test_nothing_is_compiled_that_is_kept(workspace: Path) -> None:
    desk(workspace)
    text = kept_at(workspace).read_text()
    kept_at(workspace).write_text(text.replace('"subject":"One"', '"subject":"Out of the cache"'))
    assert desk(workspace).compile("one").subject == "Out of the cache"


def test_a_changed_template_is_compiled_anew_and_what_is_not_used_any_more_goes(workspace: Path) -> None:
    desk(workspace)
    again = desk(workspace, {**SOURCES, "one.md": "subject: Another\n\nText"})
    assert again.compile("one").subject == "Another"
    assert {it.compiled.subject for it in template_cache.load(workspace).values()} == {"Another", "Two"}


def test_a_template_with_a_mistake_is_never_kept(workspace: Path) -> None:
    it = TemplateDesk(Library({"one.md": "subject: One\n\n{{ nothing }}"}), workspace)
    for _ in range(2):
        with pytest.raises(TemplateError):
            it.compile("one")
    it.save()
    assert template_cache.load(workspace) == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"format": "1.1", "kept": {"x": {"compiled": 5}}}', b'{"format": "0"}'],
)
def test_a_broken_file_is_as_good_as_none_and_is_put_right(workspace: Path, content: bytes) -> None:
    kept_at(workspace).parent.mkdir()
    kept_at(workspace).write_bytes(content)
    assert template_cache.load(workspace) == {}
    desk(workspace)
    assert len(template_cache.load(workspace)) == 2


def test_what_another_version_kept_is_not_used(workspace: Path) -> None:
    desk(workspace)
    document = json.loads(kept_at(workspace).read_text())
    kept_at(workspace).write_text(json.dumps({**document, "format": "0.0"}))
    assert template_cache.load(workspace) == {}


def test_a_workspace_that_cannot_be_written_does_without(workspace: Path) -> None:
    (workspace / FOLDER).write_text("a file where the folder should be")
    assert desk(workspace).compile("one").subject == "One"
    assert template_cache.load(workspace) == {}


def test_a_folder_that_is_no_workspace_stays_as_it_is(tmp_path: Path) -> None:
    desk(tmp_path)
    assert list(tmp_path.iterdir()) == []
    desk(None)


def test_what_is_kept_stays_out_of_version_control(workspace: Path) -> None:
    desk(workspace)
    assert (workspace / FOLDER / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in (workspace / FOLDER).iterdir()) == [".gitignore", FILE]


def test_nothing_is_written_where_nothing_is_new(workspace: Path) -> None:
    desk(workspace)
    before = kept_at(workspace).stat().st_ino
    desk(workspace)
    assert kept_at(workspace).stat().st_ino == before


def test_what_is_kept_comes_back_as_it_was(workspace: Path) -> None:
    compiled = desk(None).compile("two")
    kept = {"x": Kept(compiled=compiled, flaws=lint(compiled), tried="stamp")}
    template_cache.save(workspace, kept)
    assert template_cache.load(workspace) == kept
