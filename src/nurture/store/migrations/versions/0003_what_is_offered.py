"""Codes with a life of their own, what became of them, and what goes with what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nurture.offers.codes import canonical
from nurture.store.ids import first_id_at

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
EMPTY = sa.text("''")
ZERO = sa.text("0")

_TOGETHER = 10_000
"""Codes that are moved at once."""


def upgrade() -> None:
    _codes()
    _redemptions()
    _goods()
    _answers()


def _codes() -> None:
    """A code has a life of its own: made, free, issued. Those there are keep their contact."""
    op.create_table(
        "codes_new",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("offer", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("canonical", TEXT, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("made_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("issued_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("handed_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("known_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("stands_for", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("for_others", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="codes_pkey_new"),
    )
    _move_codes()
    op.drop_table("codes")
    op.rename_table("codes_new", "codes")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE codes RENAME CONSTRAINT codes_pkey_new TO codes_pkey")
        # Where a million codes are free and hardly any given, a sample says that there is just one contact, and the
        # planner reads the whole table for what a hundred of them hold.
        op.execute("ALTER TABLE codes ALTER COLUMN contact_id SET (n_distinct = -0.5)")
    for name, columns, unique, where in (
        ("codes_once", ["canonical"], True, "own"),
        ("codes_for_all", ["canonical", "contact_id"], False, "NOT own"),
        ("codes_free", ["offer", "known_at", "id"], False, "contact_id + 0 = 0"),
        ("codes_new", ["offer", "id"], False, "own AND known_at = 0"),
        ("codes_by_contact", ["contact_id", "offer", "issued_at"], False, "contact_id > 0"),
        ("codes_given", ["offer", "id"], False, "contact_id + 0 <> 0"),
    ):
        op.create_index(
            name,
            "codes",
            columns,
            unique=unique,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "offer_draws",
        sa.Column("offer", TEXT, primary_key=True, nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("counted_at", sa.BigInteger(), nullable=False, server_default=ZERO),
    )


def _move_codes() -> None:
    """In chunks: a code gets its canonical spelling, and an id of the moment at which it was issued."""
    bind = op.get_bind()
    found = bind.execute(
        sa.text(
            "SELECT offer, code, own, contact_id, issued_at, handed_at, expires_at, redeemed_at"
            " FROM codes ORDER BY issued_at, offer, contact_id"
        ).execution_options(yield_per=_TOGETHER)
    )
    columns = (
        "id",
        "offer",
        "code",
        "canonical",
        "own",
        "contact_id",
        "made_at",
        "issued_at",
        "handed_at",
        "expires_at",
        "redeemed_at",
    )
    into = sa.table("codes_new", *(sa.column(name) for name in columns))
    last = 0
    for some in found.partitions():
        rows = []
        for it in some:
            last = max(first_id_at(it.issued_at), last + 1)
            rows.append(
                {
                    "id": last,
                    "offer": it.offer,
                    "code": it.code,
                    "canonical": canonical(it.code),
                    "own": bool(it.own),
                    "contact_id": it.contact_id,
                    "made_at": it.issued_at,
                    "issued_at": it.issued_at,
                    "handed_at": it.handed_at,
                    "expires_at": it.expires_at,
                    "redeemed_at": it.redeemed_at,
                }
            )
        bind.execute(into.insert(), rows)


def _redemptions() -> None:
    """Codes on orders; what a code is for stays with it."""
    op.add_column("codes", sa.Column("discount", TEXT, nullable=False, server_default=EMPTY))
    op.create_table(
        "redemptions",
        sa.Column("order_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("canonical", TEXT, primary_key=True, nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("offer", TEXT, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("paid", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("is_known", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.create_index("redemptions_by_contact", "redemptions", ["contact_id"])
    op.create_index("redemptions_by_code", "redemptions", ["canonical", "contact_id"])
    op.create_index("redemptions_by_offer", "redemptions", ["offer", "at"])
    op.create_table(
        "offer_sums",
        sa.Column("offer", TEXT, primary_key=True, nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False, server_default=ZERO),
    )


def _goods() -> None:
    """What goes with what is counted anew in the first night; what was shown stays, in no order as before."""
    op.drop_table("product_pairs")
    op.create_table(
        "product_pairs",
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("other_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("by_people", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("lift", sa.Float(), nullable=False, server_default=ZERO),
        sa.Column("strength", sa.Float(), nullable=False, server_default=ZERO),
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM product_counts")
    for name in ("paid", "place", "place_on_line"):
        op.add_column("product_counts", sa.Column(name, sa.BigInteger(), nullable=False, server_default=ZERO))
    op.create_table(
        "product_steps",
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("other_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False, server_default=ZERO),
        sa.Column("ratio", sa.Float(), nullable=False, server_default=ZERO),
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM marks WHERE name IN ('pairs counted to', 'orders counted for pairs')")
    op.create_table(
        "due_again",
        sa.Column("contact_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("due_at", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("gap_days", sa.Float(), nullable=False, server_default=ZERO),
        sa.Column("own", sa.Boolean(), nullable=False, server_default=sa.false()),
        sqlite_with_rowid=False,
    )
    op.create_index("due_again_by_time", "due_again", ["due_at"])
    op.create_table(
        "shown_new",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False, server_default=EMPTY),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False, server_default=ZERO),
        sa.Column("seen", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("because_id", sa.BigInteger(), nullable=False, server_default=ZERO),
        sa.Column("why", TEXT, nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("enrollment_id", "step_no", "kind", "product_id", name="shown_pkey_new"),
    )
    op.execute(
        "INSERT INTO shown_new (enrollment_id, step_no, product_id, place, why)"
        " SELECT enrollment_id, step_no, product_id, row_number() OVER"
        " (PARTITION BY enrollment_id, step_no ORDER BY product_id) - 1, why FROM shown"
    )
    op.drop_table("shown")
    op.rename_table("shown_new", "shown")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE shown RENAME CONSTRAINT shown_pkey_new TO shown_pkey")


def _answers() -> None:
    """What people answered is looked up among all events."""
    where = sa.text("name = 'answered'")
    op.create_index("events_answered", "events", ["at"], sqlite_where=where, postgresql_where=where)
