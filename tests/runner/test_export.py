"""Everything that is kept of one person, as one document."""

from __future__ import annotations

import json

from nurture.clock import DAY
from nurture.runner.erase import erase
from nurture.runner.export import export
from nurture.store import suppressions
from nurture.store.engine import Store
from support.databases import START
from support.one_person import ANN, BOB, EVERYWHERE, fill

KEY = b"k" * 32
NOW = START + DAY
SECTIONS = {
    "consent_states": "topics",
    "order_lines": "orders",
    "order_facts": "bought",
    "agenda": "looked_at_next",
    "outbox": "messages",
    "inbox": "messages",
    "shown": "recommended",
    "feed_deliveries": "feed",
    "contacts": "contact",
}
"""Under what a table's rows stand, where it is not its own name."""


def test_every_table_that_holds_a_person_has_its_place_in_the_document(store: Store) -> None:
    fill(store, START)
    document = export(store, f" {ANN.upper()}", address_key=KEY, now=NOW)
    assert document is not None
    told = json.loads(json.dumps(document))
    for name in EVERYWHERE:
        assert told[SECTIONS.get(name, name)], name
    assert BOB not in json.dumps(document)
    assert (told["address"], told["exported_at"]) == (ANN, "2017-01-02T00:00:00Z")
    assert told["contact"]["created_at"] == "2017-01-01T00:00:00Z"
    assert told["contact"]["attributes"] == {"said": f"{ANN} Ann Lee"}
    assert told["consents"][0]["wording"] == f"{ANN} Ann Lee"
    assert told["messages"][0]["subject"] == f"{ANN} Ann Lee"
    assert told["arrivals"][0]["content"] == f"{ANN} Ann Lee"
    assert told["suppressed"] is None


def test_of_somebody_unknown_there_is_nothing_and_of_somebody_erased_only_that(store: Store) -> None:
    assert export(store, "never@x.example", address_key=KEY, now=NOW) is None
    fill(store, START)
    erase(store, ANN, NOW, address_key=KEY)
    document = export(store, ANN, address_key=KEY, now=NOW)
    assert document is not None
    assert document["suppressed"] == {"reason": suppressions.ERASED, "at": "2017-01-02T00:00:00Z"}
    assert (document["contact"], document["arrivals"]) == (None, [])
