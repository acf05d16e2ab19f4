"""What is saved in the workspace is seen, and what nurture keeps for itself is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nurture.web.preview.watch import mark


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name in ("nurture.toml", "campaigns/a.yaml", "templates/email/one.md", "templates/images/x.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["nurture.toml", "campaigns/a.yaml", "templates/email/one.md", "templates/images/x.png"]
)
def test_a_file_that_is_saved_is_seen_though_it_is_as_long_as_before(workspace: Path, name: str) -> None:
    before = mark(workspace)
    assert mark(workspace) == before
    (workspace / name).write_text("after!")
    os.utime(workspace / name, ns=(1, before[str(workspace / name)][0] + 1))
    assert mark(workspace) != before


def test_files_that_come_and_go_are_seen(workspace: Path) -> None:
    before = mark(workspace)
    (workspace / "templates/email/deeper").mkdir()
    (workspace / "templates/email/deeper/two.html").write_text("new")
    assert mark(workspace) != before
    (workspace / "templates/email/deeper/two.html").unlink()
    assert mark(workspace) == before


def test_an_editors_own_files_and_a_folder_that_is_gone_do_no_harm(workspace: Path) -> None:
    before = mark(workspace)
    (workspace / "templates/email/.one.md.swp").write_text("half")
    (workspace / "templates/email/loop").symlink_to(workspace / "nowhere")
    assert mark(workspace) == before
    assert mark(workspace / "nothing") == {}
