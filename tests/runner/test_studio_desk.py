"""The process behind the preview page: it answers whatever state the files are in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from nurture.runner.studio_desk import StudioDesk
from nurture.runner.studio_talk import AskFindings, AskNames, Start
from nurture.settings import load
from support.cli import copy_of


def test_a_process_that_starts_while_the_settings_are_at_fault_goes_by_those_before(
    made: Path, tmp_path: Path
) -> None:
    folder = copy_of(made, tmp_path / "shop").workspace
    settings = load(folder)
    file = folder / "nurture.toml"
    file.write_text(file.read_text() + "\n[senders]\n")
    with closing(StudioDesk(Start(settings))) as desk:
        assert "welcome" in {it.name for it in desk.ask(AskNames())}
        assert [it.code for it in desk.ask(AskFindings()) if it.path == "nurture.toml"] == ["settings"]
