"""Putting a workspace together: its keys, its folder, and what can be looked at without a database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nurture.app import check_workspace, open_app
from nurture.errors import SettingsError, WorkspaceError
from nurture.messages.tokens import Token
from nurture.runner.new_workspace import SAMPLE_FOLDERS, make_workspace, sample_files
from support.cli import Nurture

KEY = (2**40, 3)


def test_links_signed_with_an_older_key_are_still_read(
    nurture: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_app(nurture.workspace) as app:
        old = app.signer.sign("unsubscribe", KEY)
        address_key = app.address_key
    key = (nurture.workspace / "secret.key").read_text().strip()
    monkeypatch.setenv("NURTURE_SECRET", f" a-new-one , {key} ,")
    with open_app(nurture.workspace) as app:
        assert app.signer.read(old, "unsubscribe") == Token(kind="unsubscribe", key=KEY)
        assert app.signer.sign("unsubscribe", KEY) != old
        assert app.address_key == address_key


def test_a_key_of_commas_is_none(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURTURE_SECRET", " , ")
    with pytest.raises(WorkspaceError, match="no key"):
        open_app(nurture.workspace)


def test_a_workspace_is_made_of_the_samples_and_three_files_of_its_own(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "deep" / "shop")
    names = {path.relative_to(tmp_path / "deep" / "shop").as_posix() for path in made}
    samples = {
        path.relative_to(sample_files()).as_posix()
        for folder in SAMPLE_FOLDERS
        for path in (sample_files() / folder).rglob("*")
        if path.is_file()
    }
    assert names == samples | {"nurture.toml", "nurture.db", "secret.key"}
    assert all(path.is_file() for path in made)


def test_other_files_of_the_folder_are_left_alone_and_not_counted(tmp_path: Path) -> None:
    mine = tmp_path / "notes.txt"
    mine.write_text("mine")
    assert mine not in make_workspace(tmp_path)
    assert mine.read_text() == "mine"


def test_a_checkout_without_database_and_key_can_be_checked(nurture: Nurture) -> None:
    for name in ("nurture.db", "secret.key"):
        (nurture.workspace / name).unlink()
    found = check_workspace(nurture.workspace)
    assert found.findings == ()
    assert found.note.startswith("The database could not be asked")
    assert not (nurture.workspace / "nurture.db").exists()


def test_every_file_of_a_new_workspace_belongs_to_whoever_made_it_alone_where_it_is_a_secret(
    nurture: Nurture,
) -> None:
    key = nurture.workspace / "secret.key"
    assert key.stat().st_uid == os.getuid()
    assert key.stat().st_mode & 0o077 == 0


def test_working_hours_that_cannot_be_read_are_said_at_once_and_by_check(tmp_path: Path) -> None:
    make_workspace(tmp_path / "shop")
    file = tmp_path / "shop" / "nurture.toml"
    file.write_text(file.read_text() + '\n[replies]\nhours = "9 to 5"\n')
    with pytest.raises(SettingsError, match=r"nurture\.toml:"):
        open_app(tmp_path / "shop")
    [finding] = [it for it in check_workspace(tmp_path / "shop").findings if it.severity == "error"]
    assert "9 to 5" in finding.message
