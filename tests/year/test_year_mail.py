"""The year's mail: who got what and when, and what every single message looks like."""

from __future__ import annotations

import email
import re
import sqlite3
import zlib
from collections import defaultdict
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from support.nurture_command import nurture_json

TOPICS = {"feedback": "news", "reasons": "news", "review": "news"}
"""By campaign, as its file says; all others are about offers."""

CODE = re.compile(r"\b[A-Z]{2,8}-[0-9A-Z]{5}-[0-9A-Z]{5}\b")
"""A code of one's own, such as FIRST-7KX9M-2MPQA."""

DAY = 86_400_000_000
EXPIRES = {"first-order-15": 14, "thank-you": 30, "cross-sell-10": 21, "regulars": 45, "come-back-20": 21}
"""Days that a code of each offer holds after the first letter with it, as offers.yaml says."""

SENT = """
SELECT m.*, k.key AS campaign, s.step_id AS step, c.email FROM messages m
JOIN campaigns k ON k.id = m.campaign_id JOIN contacts c ON c.id = m.contact_id
JOIN campaign_steps s ON s.campaign_id = m.campaign_id AND s.no = m.step_no
WHERE m.outcome = 'sent' ORDER BY m.done_at, m.enrollment_id, m.step_no
"""


def one(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


@pytest.fixture(scope="module")
def letters(db: sqlite3.Connection) -> dict[tuple[int, int], EmailMessage]:
    """Every message in the inbox, parsed by Python's own strictest reading."""
    found = {}
    for row in db.execute("SELECT enrollment_id, step_no, content FROM inbox"):
        message = email.message_from_bytes(zlib.decompress(row["content"]), policy=SMTP)
        assert isinstance(message, EmailMessage)
        found[row["enrollment_id"], row["step_no"]] = message
    return found


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def test_the_year_was_busy(db: sqlite3.Connection) -> None:
    assert one(db, "SELECT count(*) FROM inbox") > 2_500
    # Those that begin with an answer have nobody: who is made up answers no question.
    assert one(db, "SELECT count(DISTINCT campaign_id) FROM enrollments") == 10
    assert one(db, "SELECT count(*) FROM transitions WHERE line_id = 0") > 700


def test_nobody_gets_an_introductory_offer_after_their_first_order(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT m.contact_id FROM messages m"
        " JOIN (SELECT contact_id, min(ordered_at) AS first FROM orders GROUP BY contact_id) o"
        " ON o.contact_id = m.contact_id"
        " WHERE m.offer = 'first-order-15' AND m.outcome = 'sent' AND m.done_at >= o.first"
    ).fetchall()
    assert rows == []
    assert one(db, "SELECT count(*) FROM messages WHERE offer = 'first-order-15' AND outcome = 'sent'") > 50


def test_nobody_gets_the_same_message_twice(db: sqlite3.Connection) -> None:
    """Not one step twice for an entry, and no stage lets anybody into its campaign a second time."""
    again = "SELECT count(*) FROM ({} GROUP BY 1, 2, 3 HAVING count(*) > 1)"
    assert one(db, again.format("SELECT enrollment_id, step_no, 0 FROM messages")) == 0
    assert one(db, again.format("SELECT enrollment_id, step_no, 0 FROM inbox")) == 0
    by_stage = "SELECT e.contact_id, e.campaign_id, e.line_id FROM enrollments e"
    by_stage += " JOIN campaigns k ON k.id = e.campaign_id AND k.key NOT IN ('running-low', 'review')"
    assert one(db, again.format(by_stage)) == 0


def test_nobody_gets_mail_on_a_topic_they_have_said_no_to(db: sqlite3.Connection) -> None:
    said_no: dict[tuple[int, str], int] = {}
    for row in db.execute("SELECT contact_id, topic, at FROM consents WHERE NOT agreed ORDER BY at"):
        said_no.setdefault((row["contact_id"], row["topic"]), row["at"])
    agreed = {
        (row["contact_id"], row["topic"]): row["at"]
        for row in db.execute(
            "SELECT contact_id, topic, min(at) AS at FROM consents WHERE agreed GROUP BY 1, 2"
        )
    }
    assert len(said_no) >= 4
    silenced = 0
    for row in db.execute(SENT):
        asked = row["contact_id"], TOPICS.get(row["campaign"], "offers")
        assert agreed[asked] <= row["done_at"]
        if asked in said_no:
            assert row["done_at"] <= said_no[asked], dict(row)
            silenced += 1
    assert silenced > 0, "those who said no had heard something before"


def test_every_planned_message_was_sent_or_says_why_not(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT m.outcome, m.reason, o.due_at, m.done_at, m.planned_at FROM messages m LEFT JOIN outbox o"
        " ON o.enrollment_id = m.enrollment_id AND o.step_no = m.step_no"
    ).fetchall()
    for row in rows:
        assert (row["outcome"] == "") == (row["due_at"] is not None), (
            "open, and only then, it is in the outbox"
        )
        assert row["outcome"] in ("", "sent", "skipped")
        assert row["reason"] or row["outcome"] == ""
        assert row["outcome"] == "" or row["done_at"] >= row["planned_at"]
    end = one(db, "SELECT max(done_at) FROM messages")
    assert [row for row in rows if row["due_at"] is not None and row["due_at"] <= end] == []
    orphans = (
        "SELECT count(*) FROM outbox o LEFT JOIN messages m USING (enrollment_id, step_no)"
        " WHERE m.planned_at IS NULL"
    )
    assert one(db, orphans) == 0


def test_every_entry_goes_on_or_says_why_it_ended(db: sqlite3.Connection) -> None:
    never = 2**62
    for row in db.execute("SELECT * FROM enrollments"):
        assert bool(row["closed_at"]) == bool(row["reason"]), dict(row)
        assert row["closed_at"] == 0 or row["closed_at"] >= row["entered_at"]
    stuck = (
        "SELECT count(*) FROM enrollments e WHERE closed_at = 0 AND due_at = {} AND NOT EXISTS"
        " (SELECT 1 FROM outbox o WHERE o.enrollment_id = e.id)"
    )
    assert one(db, stuck.format(never)) == 0, "who waits for a message has one in the outbox"


def test_the_report_adds_up_to_the_inbox(year: Path, db: sqlite3.Connection) -> None:
    report = nurture_json("report", "--workspace", year)
    kept = one(db, "SELECT count(*) FROM inbox")
    assert sum(row["sent"] for row in report["campaigns"]) == kept
    assert report["total"]["sent"] == kept
    for row in report["campaigns"]:
        assert sum(step["sent"] for step in row["steps"]) == row["sent"], row["campaign"]
        assert sum(row["left"].values()) + row["inside"] == row["entered"]
        planned = row["sent"] + row["open"] + row["unknown"] + sum(row["skipped"].values())
        assert planned == row["planned"]
    assert sum(row["entered"] for row in report["campaigns"]) == one(db, "SELECT count(*) FROM enrollments")


def test_the_inbox_holds_what_was_sent_and_nothing_else(db: sqlite3.Connection) -> None:
    kept = {tuple(row) for row in db.execute("SELECT enrollment_id, step_no, at, recipient FROM inbox")}
    sent = {(row["enrollment_id"], row["step_no"], row["done_at"], row["email"]) for row in db.execute(SENT)}
    assert kept == sent


def test_every_message_is_one_that_bulk_senders_may_send(
    db: sqlite3.Connection, letters: dict[tuple[int, int], EmailMessage]
) -> None:
    """RFC 8058 needs both headers and exactly one https address; on this machine it is http."""
    seen: set[str] = set()
    recipients = {(row["enrollment_id"], row["step_no"]): row["email"] for row in db.execute(SENT)}
    for key, message in letters.items():
        assert message.defects == []
        assert message["To"].addresses[0].addr_spec == recipients[key]
        assert message["Subject"].strip()
        link = re.fullmatch(r"<(http://127\.0\.0\.1:8025/u/[\w-]+)>", message["List-Unsubscribe"])
        assert link is not None, message["List-Unsubscribe"]
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        plain, html = text_of(message, "plain"), text_of(message, "html")
        assert len(plain.split()) > 20
        assert "<" not in re.sub(r"<https?://[^>]*>", "", plain)
        assert html.startswith("<!") and "</html>" in html
        for part in (plain, html):
            assert link[1] in part, "one can unsubscribe in the text, too"
            words = re.sub(r"https?://[^\s\"'<>)]*", "", part)
            assert "{{" not in words and "{%" not in words and "None" not in words
            assert "1 Main Street" in part, "the postal address that the law asks for"
        seen.add(message["Message-ID"])
    assert len(seen) == len(letters), "every message has an id of its own"


Sending = tuple[int, int, str, str]
"""When, in which entry, which step, and the code in it."""


@pytest.fixture(scope="module")
def codes(
    db: sqlite3.Connection, letters: dict[tuple[int, int], EmailMessage]
) -> dict[tuple[int, str], list[Sending]]:
    """(contact, offer) with what the letters themselves say of codes of one's own, oldest first."""
    found: dict[tuple[int, str], list[Sending]] = defaultdict(list)
    for row in db.execute(SENT):
        message = letters[row["enrollment_id"], row["step_no"]]
        shown = set(CODE.findall(text_of(message, "plain")))
        assert shown == set(CODE.findall(text_of(message, "html")))
        assert len(shown) <= 1
        for code in shown:
            found[row["contact_id"], row["offer"]].append(
                (row["done_at"], row["enrollment_id"], row["step"], code)
            )
    assert sum(map(len, found.values())) > 300
    return found


def test_no_two_contacts_and_no_two_offers_share_a_code(codes: dict[tuple[int, str], list[Sending]]) -> None:
    holders: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for holder, sendings in codes.items():
        for *_, code in sendings:
            holders[code].add(holder)
    assert all(len(of) == 1 for of in holders.values())


def test_the_reminder_carries_the_code_of_the_first_letter(
    codes: dict[tuple[int, str], list[Sending]],
) -> None:
    reminded = 0
    for sendings in codes.values():
        by_entry: dict[int, list[str]] = defaultdict(list)
        for _, entry, _, code in sendings:
            by_entry[entry].append(code)
        assert all(len(set(of)) == 1 for of in by_entry.values())
        reminded += sum(len(of) > 1 for of in by_entry.values())
    assert reminded > 50


def test_no_code_had_run_out_when_a_letter_carried_it_and_a_new_one_came_only_after(
    codes: dict[tuple[int, str], list[Sending]],
) -> None:
    renewed = 0
    for (_, offer), sendings in codes.items():
        end, held = 0, ""
        for at, _, _, code in sendings:
            if code == held:
                assert at < end, "it had run out"
            else:
                assert at >= end, "the one before still held"
                renewed += bool(held)
                end, held = at + EXPIRES[offer] * DAY, code
    assert renewed > 0, "another department, weeks later: another code"


def test_what_the_table_says_of_a_code_is_what_the_last_letter_with_it_said(
    db: sqlite3.Connection, codes: dict[tuple[int, str], list[Sending]]
) -> None:
    issued = db.execute("SELECT * FROM codes WHERE own ORDER BY issued_at")
    rows = {(row["contact_id"], row["offer"]): row for row in issued}
    for holder, sendings in codes.items():
        row = rows[holder]
        assert row["code"] == sendings[-1][3]
        first = min(at for at, _, _, code in sendings if code == row["code"])
        assert (row["handed_at"], row["expires_at"]) == (first, first + EXPIRES[holder[1]] * DAY)
