"""Since when somebody is at their stage, as conditions see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.audience.expressions import parse
from nurture.clock import DAY, HOUR, Moment
from nurture.runner.facts import gather
from nurture.store.engine import Store
from nurture.store.expressions import Asking, condition
from nurture.store.statements import table
from nurture.store.tables import ContactRow
from support.corner import START, Corner, files, opened

HELLO = "topic: offers\nstage: prospect\nsequence:\n  - wait: 30 days\n  - send: one\n"


def holds_at(corner: Corner, text: str, now: Moment) -> tuple[bool, bool]:
    """Whether a condition holds for the one contact there is: by their facts, and by the database."""
    expression, world = parse(text), corner.world()
    with corner.store.read() as tx:
        (contact,) = [row[0] for row in tx.exec_driver_sql("SELECT id FROM contacts")]
        facts = gather(tx, world, [contact], now, expression.needs).of(contact)
        asking = Asking(
            dialect=corner.store.dialect,
            now=now,
            first_stage=world.lifecycle.first,
            usual_gap_days=world.lifecycle.usual_gap_days,
            zone="UTC",
            lines={},
        )
        found = tx.execute(table(ContactRow).select().where(condition(expression, asking))).all()
    return expression.holds(facts, now), bool(found)


@pytest.mark.parametrize(("hours", "days"), [(24, 1), (36, 1.5)])
def test_who_never_moved_is_at_their_stage_since_they_are_known(
    store: Store, tmp_path: Path, hours: int, days: float
) -> None:
    with opened(store, tmp_path, files({"it": HELLO})) as corner:
        corner.contact("ann@x.example")
        corner.until(START + hours * HOUR)
        assert holds_at(corner, f"stage.days == {days}", corner.now) == (True, True)


def test_who_moved_is_at_their_stage_since_then(store: Store, tmp_path: Path) -> None:
    with opened(store, tmp_path, files({"it": HELLO})) as corner:
        corner.contact("ann@x.example")
        corner.order("ann@x.example", START + DAY, "1")
        corner.until(START + 3 * DAY)
        assert holds_at(corner, "stage.days == 2 and stage.since < now", corner.now) == (True, True)
