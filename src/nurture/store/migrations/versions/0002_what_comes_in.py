"""What comes in from outside, what goes out to other systems, and more of what people said and did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
EMPTY = sa.text("''")
ZERO = sa.text("0")


def upgrade() -> None:
    # What stands for messages outside of campaigns, so that they have a name where campaigns have one.
    op.execute(
        "INSERT INTO campaigns (id, key, name, first_applied_at, active, paused_at, skip_from, skip_to)"
        " VALUES (1000000, '(direct)', 'Direct messages', 0, false, 0, 0, 0)"
    )
    op.execute("INSERT INTO campaign_steps (campaign_id, no, step_id) VALUES (1000000, 1, 'message')")
    op.add_column(
        "contacts", sa.Column("last_engaged_at", sa.BigInteger(), nullable=False, server_default=ZERO)
    )
    for name in ("wording", "source", "ip"):
        op.add_column("consents", sa.Column(name, TEXT, nullable=False, server_default=EMPTY))
    op.add_column("hits", sa.Column("extra", TEXT, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("hits", sa.Column("score", sa.Float(), nullable=False, server_default=ZERO))
    op.add_column("hits", sa.Column("rules", sa.SmallInteger(), nullable=False, server_default=ZERO))
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("kind", TEXT, nullable=False, server_default=sa.text("'topics'")),
        sa.Column("fresh", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("moves_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("was_suppressed", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("form", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("topics", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("wording", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("source", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("ip", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("asked_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("reminded_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_index("sign_ups_by_contact", "sign_ups", ["contact_id"])
    op.create_index("sign_ups_by_time", "sign_ups", ["due_at"])
    op.create_index(
        "sign_ups_by_mover",
        "sign_ups",
        ["moves_id"],
        sqlite_where=sa.text("moves_id > 0"),
        postgresql_where=sa.text("moves_id > 0"),
    )
    op.create_table(
        "quiet",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("why", TEXT, primary_key=True, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_table(
        "arrivals",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("severity", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("step_no", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("recipient", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("reason", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("said", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("arrivals_by_contact", "arrivals", ["contact_id", "at"])
    op.create_index("arrivals_by_time", "arrivals", ["at"])
    op.create_table(
        "replies",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("step_no", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("subject", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("owner", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("answered_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("answered_by", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("held_until", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_index("replies_by_contact", "replies", ["contact_id", "at"])
    op.create_index(
        "replies_open",
        "replies",
        ["at"],
        sqlite_where=sa.text("answered_at = 0"),
        postgresql_where=sa.text("answered_at = 0"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("publishable", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("used_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("revoked_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "idempotent",
        sa.Column("key_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, primary_key=True, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False, server_default=ZERO),
        sa.Column("answer", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_index("idempotent_by_time", "idempotent", ["at"])
    op.create_table(
        "feed",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("told", TEXT, nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_index("feed_by_contact", "feed", ["contact_id"])
    op.create_index("feed_by_time", "feed", ["at"])
    op.create_table(
        "feed_deliveries",
        sa.Column("feed_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("subscriber", TEXT, primary_key=True, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("state", sa.SmallInteger(), nullable=False, server_default=ZERO),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default=ZERO),
        sa.Column("first_tried_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("outcome", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("last_reply", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("done_at", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_index("feed_deliveries_by_subscriber", "feed_deliveries", ["subscriber", "done_at"])
    op.create_index(
        "feed_deliveries_due",
        "feed_deliveries",
        ["subscriber", "due_at", "feed_id"],
        sqlite_where=sa.text("state < 2"),
        postgresql_where=sa.text("state < 2"),
    )
    op.create_index(
        "feed_deliveries_failed",
        "feed_deliveries",
        ["subscriber", "done_at"],
        sqlite_where=sa.text("state = 2 AND outcome <> 'sent'"),
        postgresql_where=sa.text("state = 2 AND outcome <> 'sent'"),
    )
    op.create_table(
        "subscribers",
        sa.Column("name", TEXT, primary_key=True, nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("failing_since", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("paused_until", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("told_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("gone_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("last_reply", TEXT, nullable=False, server_default=EMPTY),
    )
