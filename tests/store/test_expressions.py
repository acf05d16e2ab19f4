"""What an expression says as SQL and what it says in Python is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select

from nurture.audience.expressions import Known, Needs, Type, parse
from nurture.audience.facts import Facts
from nurture.clock import DAY
from nurture.offers.offer import Offer
from nurture.runner.facts import gather
from nurture.store.engine import Store, Tx
from nurture.store.expressions import Asking, narrowed
from nurture.store.statements import chunks, table
from nurture.store.tables import ContactRow
from support.expression_texts import CONDITIONS, SEGMENTS, every_fact
from support.strangers import LINES, NOW, OFFERS, ZONE, fill, world

_contacts = table(ContactRow)
ALL = Needs(
    orders=True, order_window=365 * DAY, gaps=True, skus=True, order_lines=True, line=True,
    line_orders=True, lines=frozenset(LINES), engagement=True, engagement_window=365 * DAY,
    events=frozenset({"viewed", "answered", "signed_up"}), messages=True, in_campaigns=True, offer=True,
    stage=True,
)  # fmt: skip
KNOWN = Known(
    zone=ZoneInfo(ZONE), attributes={"points": Type.NUMBER, "club": Type.YES_NO, "colour": Type.TEXT}
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Of which line and which offer is asked."""

    line: int | None = None
    offer: Offer | None = None


PLACES = [
    Place(),
    Place(line=1),
    Place(line=3),
    Place(offer=OFFERS["codes"]),
    Place(offer=OFFERS["plain"]),
    Place(offer=OFFERS["out"]),
]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A database with people in it, and what is known of each."""

    store: Store
    facts: Mapping[int, Mapping[int, Facts]]
    """By the number of the place."""

    def asking(self, place: Place) -> Asking:
        return Asking(
            dialect=self.store.dialect,
            now=NOW,
            first_stage="prospect",
            usual_gap_days=25.5,
            zone=ZONE,
            lines=LINES,
            line=place.line,
            offer=place.offer,
        )


def crowd(store: Store, workspace: Path, seed: int, count: int = 30) -> Crowd:
    ids = fill(store, seed, count)
    holders = [(offer, id_) for offer in OFFERS for id_ in ids]
    with store.read() as tx:
        batch = gather(tx, world(workspace), ids, NOW, ALL, offers=holders)
    facts = {}
    for no, place in enumerate(PLACES):
        facts[no] = {
            id_: replace(
                batch.on_line(batch.of(id_), place.line or 0),
                offer=batch.offers[place.offer.key, id_] if place.offer else None,
            )
            for id_ in ids
        }
    return Crowd(store=store, facts=facts)


def agree(tx: Tx, crowd: Crowd, text: str, no: int) -> None:
    """Nobody is lost, nobody is taken for certain who does not fit; where it is exact that is the same."""
    expression = parse(text, segments=SEGMENTS, known=KNOWN)
    found = narrowed(expression, crowd.asking(PLACES[no]))
    fit = {id_ for id_, facts in crowd.facts[no].items() if expression.holds(facts, NOW)}
    possible = set(tx.execute(select(_contacts.c.id).where(found.possible)).scalars())
    certain = possible
    if not found.exact:
        certain = set(tx.execute(select(_contacts.c.id).where(found.certain)).scalars())
        doubt = set(tx.execute(select(_contacts.c.id).where(found.doubt)).scalars())
        assert doubt == possible - certain
    note(f"missed {sorted(fit - possible)}, wrongly {sorted(certain - fit)}")
    assert certain <= fit <= possible
    if crowd.store.dialect == "sqlite" and "usual_gap_days" not in text:
        assert found.exact


QUIET = settings(database=None, max_examples=200, suppress_health_check=list(HealthCheck))


def run(store: Store, workspace: Path, seed: int, profile: settings) -> None:
    with_facts = crowd(store, workspace, seed)

    @profile
    @given(CONDITIONS, st.integers(0, len(PLACES) - 1))
    def all_agree(text: str, no: int) -> None:
        agree(tx, with_facts, text, no)

    with store.read() as tx:
        all_agree()


def test_each_fact_is_the_same_in_sql(store: Store, tmp_path: Path) -> None:
    people = crowd(store, tmp_path, 2, 70)
    on_a_line = 1
    with store.read() as tx:
        for texts in chunks(every_fact(), 60):
            asked = [parse(text, known=KNOWN) for text in texts]
            found = [narrowed(it, people.asking(PLACES[on_a_line])) for it in asked]
            rows = tx.execute(
                select(_contacts.c.id, *(it.possible for it in found), *(it.certain for it in found))
            )
            for id_, *said in rows:
                for it, possible, certain in zip(asked, said, said[len(asked) :], strict=False):
                    fits = it.holds(people.facts[on_a_line][id_], NOW)
                    assert bool(certain) <= fits <= bool(possible), (it.text, id_)


def test_sql_and_python_agree(store: Store, tmp_path: Path) -> None:
    run(store, tmp_path, 1, QUIET)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 5))
def test_sql_and_python_agree_on_many_more(store: Store, tmp_path: Path, seed: int) -> None:
    run(store, tmp_path, seed, settings(QUIET, max_examples=1_000))
