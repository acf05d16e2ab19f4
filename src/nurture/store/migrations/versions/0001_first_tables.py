"""The first tables.

Text is compared byte by byte on both engines. Messages, events and hits are partitioned by range on
PostgreSQL; their partitions are made when they are needed (`store/partitions.py`). What a statement leaves
out is 0 or empty. Narrow tables that are only ever found by their whole key lie in its order on SQLite.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("first_name", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("last_name", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("locale", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("timezone", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("country", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("tags", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("attributes", TEXT, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("email"),
    )
    op.create_index("contacts_by_external_id", "contacts", ["external_id"])
    op.create_index("contacts_by_zone", "contacts", ["timezone", "country"])
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("basis", TEXT, nullable=False, server_default=sa.text("''")),
    )
    op.create_index("consents_by_contact", "consents", ["contact_id", "at"])
    op.create_table(
        "consent_states",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("topic", TEXT, primary_key=True, nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", TEXT, primary_key=True, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "lines",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("line_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("category", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("price", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("url", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("image_url", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("in_stock", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.UniqueConstraint("sku"),
    )
    op.create_index("products_by_line", "products", ["line_id"])
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("order_id", TEXT, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("amount", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("code", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("status", TEXT, nullable=False, server_default=sa.text("'paid'")),
        sa.Column("undone_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("order_id"),
    )
    op.create_index("orders_by_contact", "orders", ["contact_id", "ordered_at"])
    op.create_index("orders_by_time", "orders", ["ordered_at"])
    op.create_index(
        "orders_undone",
        "orders",
        ["contact_id", "undone_at"],
        sqlite_where=sa.text("undone_at > 0"),
        postgresql_where=sa.text("undone_at > 0"),
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("line_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("quantity", sa.Double(), nullable=False, server_default=sa.text("1.0")),
        sa.Column("amount", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "order_lines_by_contact",
        "order_lines",
        ["contact_id", "line_id", "ordered_at", "order_id", "amount"],
    )
    op.create_table(
        "product_pairs",
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("other_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product_counts",
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("properties", TEXT, nullable=False, server_default=sa.text("'{}'")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("events_by_contact", "events", ["contact_id", "name", "at"])
    op.create_table(
        "seen",
        sa.Column("source", TEXT, primary_key=True, nullable=False),
        sa.Column("key", TEXT, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_index("seen_by_time", "seen", ["at"])
    op.create_table(
        "agenda",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_index("agenda_by_time", "agenda", ["due_at"])
    op.create_table(
        "stages",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_index("stages_by_stage", "stages", ["stage", "line_id"])
    op.create_table(
        "transitions",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("line_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("from_stage", TEXT, nullable=False),
        sa.Column("to_stage", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("rule", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("cause", TEXT, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("superseded_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("transitions_by_contact", "transitions", ["contact_id", "line_id", "at"])
    op.create_index("transitions_by_time", "transitions", ["line_id", "at"])
    op.create_table(
        "order_facts",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("total", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("first_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("last_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("usual_gap_days", sa.Double(), nullable=False, server_default=sa.text("0.0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "versions",
        sa.Column("no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("templates", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("steps", TEXT, nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("first_applied_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("paused_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("skip_from", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("skip_to", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "campaign_steps",
        sa.Column("campaign_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_id", TEXT, nullable=False),
    )
    op.create_table(
        "occasions",
        sa.Column("campaign_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("reached", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("occasions_by_time", "occasions", ["due_at"])
    op.create_table(
        "winners",
        sa.Column("campaign_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("round", TEXT, primary_key=True, nullable=False),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("variants", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("final", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("why", TEXT, nullable=False, server_default=sa.text("''")),
    )
    op.create_table(
        "templates",
        sa.Column("hash", TEXT, primary_key=True, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("compiled", TEXT, nullable=False),
    )
    op.create_table(
        "enrollments",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("line_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("entry_key", TEXT, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("event", TEXT, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("slot", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("step_no", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("behind", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("since", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("goal_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("closed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("reason", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("saw", TEXT, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("held_out", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.UniqueConstraint(
            "campaign_id", "contact_id", "line_id", "entry_key", name="enrollments_once_per_entry"
        ),
    )
    op.create_index("enrollments_by_contact", "enrollments", ["contact_id"])
    op.create_index(
        "enrollments_due",
        "enrollments",
        ["due_at", "id"],
        sqlite_where=sa.text("closed_at = 0"),
        postgresql_where=sa.text("closed_at = 0"),
    )
    op.create_index(
        "enrollments_one_open",
        "enrollments",
        ["campaign_id", "contact_id", "line_id", "slot"],
        unique=True,
        sqlite_where=sa.text("closed_at = 0"),
        postgresql_where=sa.text("closed_at = 0"),
    )
    op.create_table(
        "messages",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("line_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("template_hash", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("offer", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("stage", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("planned_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("done_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("outcome", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("reason", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("saw", TEXT, nullable=False, server_default=sa.text("'{}'")),
        postgresql_partition_by="RANGE (enrollment_id)",
    )
    op.create_index("messages_by_campaign", "messages", ["campaign_id", "done_at"])
    op.create_index("messages_by_contact", "messages", ["contact_id", "done_at"])
    op.create_index("messages_by_time", "messages", ["done_at"])
    op.create_index(
        "messages_unknown",
        "messages",
        ["done_at"],
        sqlite_where=sa.text("outcome = 'unknown'"),
        postgresql_where=sa.text("outcome = 'unknown'"),
    )
    op.create_table(
        "outbox",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("lane", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("priority", sa.SmallInteger(), nullable=False, server_default=sa.text("5")),
        sa.Column("state", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("stale_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("sender", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("first_tried_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("last_reply", TEXT, nullable=False, server_default=sa.text("''")),
    )
    op.create_index("outbox_by_contact", "outbox", ["contact_id"])
    op.create_index(
        "outbox_by_sender",
        "outbox",
        ["sender"],
        sqlite_where=sa.text("sender <> 0"),
        postgresql_where=sa.text("sender <> 0"),
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["lane", "priority", "campaign_id", "due_at"],
        sqlite_where=sa.text("state IN (0, 3)"),
        postgresql_where=sa.text("state IN (0, 3)"),
    )
    op.create_index(
        "outbox_one_in_hand",
        "outbox",
        ["contact_id"],
        unique=True,
        sqlite_where=sa.text("state IN (1, 2, 4)"),
        postgresql_where=sa.text("state IN (1, 2, 4)"),
    )
    op.create_table(
        "codes",
        sa.Column("offer", TEXT, primary_key=True, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("handed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("codes_by_contact", "codes", ["contact_id"])
    op.create_index(
        "codes_once",
        "codes",
        ["code"],
        unique=True,
        sqlite_where=sa.text("own"),
        postgresql_where=sa.text("own"),
    )
    op.create_table(
        "shown",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("why", TEXT, nullable=False, server_default=sa.text("''")),
    )
    op.create_table(
        "notices",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("planned_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("first_tried_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("outcome", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("last_reply", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("done_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("notices_by_contact", "notices", ["contact_id"])
    op.create_index(
        "notices_due",
        "notices",
        ["due_at"],
        sqlite_where=sa.text("state < 2"),
        postgresql_where=sa.text("state < 2"),
    )
    op.create_table(
        "hits",
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("step_no", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("link_no", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("method", TEXT, nullable=False, server_default=sa.text("'GET'")),
        sa.Column("agent", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("ip", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("verdict", TEXT, nullable=False, server_default=sa.text("'unknown'")),
        sa.Column("reasons", TEXT, nullable=False, server_default=sa.text("'[]'")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("hits_by_message", "hits", ["enrollment_id", "step_no"])
    op.create_table(
        "signs",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, primary_key=True, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_index("signs_by_contact", "signs", ["contact_id", "at"])
    op.create_table(
        "destinations",
        sa.Column("key", TEXT, primary_key=True, nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("slow_until", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("slow_per_minute", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("stopped", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("reply", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("resumed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "destination_days",
        sa.Column("key", TEXT, primary_key=True, nullable=False),
        sa.Column("day", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("sender", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "soft_bounces",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("score", sa.Double(), nullable=False, server_default=sa.text("0.0")),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "senders",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("host", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("pid", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("started_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("ended_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "marks",
        sa.Column("name", TEXT, primary_key=True, nullable=False),
        sa.Column("value", TEXT, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("enrollment_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("inbox_by_recipient", "inbox", ["recipient", "at"])
    op.create_index("inbox_by_time", "inbox", ["at"])
    op.create_table(
        "domains",
        sa.Column("domain", TEXT, primary_key=True, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("lane", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("hosts", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("looked_up_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("domains_by_time", "domains", ["looked_up_at"])
