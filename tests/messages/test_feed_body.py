"""An entry of the feed as others get it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.feed_body import Told, body, entry_name
from nurture.messages.notice import LONGEST_VALUE

AT = 1_772_442_904_000_000


def test_it_holds_what_is_known_and_nothing_else() -> None:
    told = Told(
        feed_id=7, kind="stage-changed", at=AT, contact_id=5, email="ann@x.test", details={"line": None}
    )
    assert json.loads(body(told)) == {
        "id": "feed_7",
        "type": "stage-changed",
        "version": 1,
        "timestamp": "2026-03-02T09:15:04Z",
        "data": {"contact": {"id": "5", "email": "ann@x.test", "external_id": ""}, "line": None},
    }
    assert entry_name(7) == "feed_7"


@given(st.text(), st.text(alphabet=st.sampled_from("\ud800\udfff\0a"), max_size=5))
def test_whatever_others_write_it_is_json_in_ascii_without_nul_or_halves(text: str, bad: str) -> None:
    told = Told(
        feed_id=1, kind="bounced", at=AT, contact_id=5, email="a@x.test", external_id=bad + text,
        campaign="k", campaign_name=bad, message=(1, 2), details={"reason": bad + text * 600},
    )  # fmt: skip
    data = json.loads(body(told).decode("ascii"))["data"]
    assert len(data["reason"]) <= LONGEST_VALUE
    assert not set("\0\ud800\udfff") & set(data["reason"] + data["contact"]["external_id"])
    assert data["message"] == {"id": "1-2", "step": None, "template": None}
