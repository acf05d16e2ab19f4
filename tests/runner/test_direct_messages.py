"""Messages outside of campaigns, with the real runner on both engines."""

from __future__ import annotations

import email
from pathlib import Path

import pytest

from nurture.clock import DAY
from nurture.errors import TemplateError
from nurture.messages.mime import read_message_id
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.store import suppressions
from nurture.store.engine import Store
from support.corner import Corner, files, letter, opened

TEMPLATES = {
    "receipt": letter(
        "Your order {{ event.order_id }}",
        "Thank you, {{ contact.first_name }}: {{ event.total }}. [Yes]({{ confirm_url }})"
        " or [what you get]({{ preferences_url }}).",
    )
}


def given(contact: int, key: str = "o-1", template: str = "receipt") -> DirectGiven:
    return DirectGiven(
        contact_id=contact, template=template, key=key, properties={"order_id": key, "total": "12 EUR"}
    )


def plan(corner: Corner, *wanted: DirectGiven) -> list[tuple[int, int]]:
    with corner.store.write() as tx:
        planned = plan_direct(tx, corner.store.ids, corner.world(), wanted, corner.now)
    return [tuple(it) for it in planned]


def test_it_goes_at_once_whatever_they_agreed_to_and_once(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({}, TEMPLATES)) as corner:
        ann = corner.contact("ann@example.test", "news", first_name="Ann")
        first = plan(corner, given(ann), given(ann, "o-2"), given(ann))
        assert first[0] == first[2] != first[1]
        assert plan(corner, given(ann)) == first[:1]
        corner.until(corner.now)
        rows = corner.rows("SELECT subject FROM inbox ORDER BY subject")
        assert [row[0] for row in rows] == ["Your order o-1", "Your order o-2"]
        assert plan(corner, given(ann)) == first[:1]
        corner.until(corner.now + DAY)
        assert len(corner.rows("SELECT 1 FROM inbox")) == 2
        assert corner.rows("SELECT DISTINCT outcome FROM messages") == [("sent",)]


def test_it_is_no_marketing_and_its_message_id_is_ours(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({}, TEMPLATES)) as corner:
        [key] = plan(corner, given(corner.contact("ann@example.test", first_name="Ann")))
        corner.until(corner.now)
        mail = email.message_from_bytes(corner.contents()[0])
        assert mail["List-Unsubscribe"] is None
        assert read_message_id(mail["Message-ID"], corner.app.signer) == key
        [text, html] = [
            part.get_payload(decode=True).decode() for part in mail.walk() if not part.is_multipart()
        ]
        assert "Thank you, Ann: 12 EUR." in text
        assert f"/k/{corner.app.signer.sign('confirm', key)}" in html
        assert f"/p/{corner.app.signer.sign('preferences', key)}" in html


def test_nobody_is_mailed_whose_address_is_suppressed(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({}, TEMPLATES)) as corner:
        ann = corner.contact("ann@example.test")
        with store.write() as tx:
            suppressions.suppress(
                tx, corner.app.address_key, ["ann@example.test"], reason="complained", at=corner.now
            )
        plan(corner, given(ann))
        corner.until(corner.now)
        assert corner.rows("SELECT outcome, reason FROM messages") == [("skipped", "suppressed")]


def test_what_cannot_be_sent_is_said_before_anything_is_planned(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({}, TEMPLATES)) as corner:
        ann = corner.contact("ann@example.test")
        with pytest.raises(TemplateError, match='no template is called "reciept"'):
            plan(corner, given(ann), given(ann, template="reciept"))
        with pytest.raises(LookupError):
            plan(corner, given(ann), given(ann + 1))
        assert corner.rows("SELECT 1 FROM messages") == []
