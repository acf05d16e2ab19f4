"""`nurture schema`: the four files in the workspace, or elsewhere, or one on the screen."""

from __future__ import annotations

import json
from pathlib import Path

from nurture.campaigns.schema import KINDS, file_name, written
from support.cli import Nurture


def test_a_new_workspace_has_them_and_an_old_one_gets_them_anew(nurture: Nurture) -> None:
    folder = nurture.workspace / "schema"
    assert {path.name for path in folder.iterdir()} == set(map(file_name, KINDS))
    (folder / "campaign.schema.json").write_text("{}")
    (folder / "offers.schema.json").unlink()
    assert nurture.ok("schema").out.splitlines() == [str(folder / file_name(kind)) for kind in KINDS]
    assert all((folder / file_name(kind)).read_text(encoding="utf-8") == written(kind) for kind in KINDS)


def test_they_can_be_written_elsewhere_where_there_is_no_workspace(tmp_path: Path) -> None:
    ran = Nurture(tmp_path).ok("schema", "--to", "deep/down", "--json")
    assert ran.document == {"written": [f"deep/down/{file_name(kind)}" for kind in KINDS]}
    assert (tmp_path / "deep/down/tests.schema.json").is_file()


def test_one_is_printed(tmp_path: Path) -> None:
    ran = Nurture(tmp_path).ok("schema", "lifecycle")
    assert json.loads(ran.out) == json.loads(written("lifecycle"))
    assert list(tmp_path.iterdir()) == []


def test_wrong_calls_say_what_was_meant(tmp_path: Path) -> None:
    nurture = Nurture(tmp_path)
    unknown = nurture("schema", "campain")
    assert (unknown.status, 'Did you mean "campaign"?' in unknown.err) == (2, True)
    both = nurture("schema", "campaign", "--to", "there")
    assert (both.status, "Leave out KIND, or --to" in both.err) == (2, True)
    nowhere = nurture("schema")
    assert "there is no nurture.toml" in nowhere.err
    (tmp_path / "file").write_text("")
    taken = nurture("schema", "--to", "file")
    assert (taken.status, "this cannot be written" in taken.err) == (1, True)
