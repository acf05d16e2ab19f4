"""A change of the brand, of pictures or of [links] is something to apply, though no template changed."""

from __future__ import annotations

from pathlib import Path

from nurture.runner import applying, checking
from nurture.runner.proposing import LOOK, propose
from nurture.settings import load
from nurture.store.engine import open_store
from support.corner import files

TOML = (
    '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n[topics]\noffers = "Offers"\n'
)
CAMPAIGN = {"hello": "name: Hello\nstage: prospect\ntopic: offers\nsequence:\n  - send: one\n"}
GIVEN = files(
    CAMPAIGN,
    {"one": 'subject: One\n\n![Door](images/door.png)\n\n<b style="color:{{ brand.color }}">x</b>\n'},
)


def test_what_messages_are_made_of_besides_files_is_applied_too(sqlite_url: str, tmp_path: Path) -> None:
    images = tmp_path / "templates" / "images"
    images.mkdir(parents=True)
    store = open_store(sqlite_url, now=0, durable=False)

    def changed(brand: str, picture: bytes) -> list[str]:
        (tmp_path / "nurture.toml").write_text(TOML + brand)
        (images / "door.png").write_bytes(b"\x89PNG\r\n\x1a\n" + picture)
        settings = load(tmp_path, {"NURTURE_SECRET": "for a test"})
        checked = checking.check(None, settings, GIVEN)
        proposal = propose(store, settings, checked, GIVEN, 1)
        applying.apply(store, settings, checked, GIVEN, 1, proposal=proposal)
        return [path for path in proposal.difference.other if path == LOOK]

    look = [
        changed("", b"1"), changed("", b"1"), changed('[brand]\ncolor = "#123456"\n', b"1"),
        changed('[brand]\ncolor = "#123456"\n', b"2"), changed('[brand]\ncolor = "#123456"\n', b"2"),
        changed("[links]\nutm = true\n", b"2"),
    ]  # fmt: skip
    store.close()
    assert look == [[], [], [LOOK], [LOOK], [], [LOOK]]
