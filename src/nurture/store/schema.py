"""The tables as this version of nurture needs them: made where there are none, changed where they are old."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, inspect, text, update

from nurture import __version__
from nurture.clock import Moment, format_iso
from nurture.errors import StoreError, WorkspaceError
from nurture.store.nodes import MARK as NODES_MARK
from nurture.store.nodes import NOBODY
from nurture.store.statements import table
from nurture.store.tables import MarkRow

REVISIONS = ("0001", "0002", "0003")
"""All revisions in `migrations/versions`, oldest first."""

HEAD = REVISIONS[-1]

_LOCK = 0x6E757274
"""Advisory lock held while tables are made: "nurt"."""

_marks = table(MarkRow)

_Opening = Callable[[], AbstractContextManager[Connection]]


def bring_up_to_date(write: _Opening, read: _Opening, *, where: str, now: Moment, create: bool) -> None:
    """Make or migrate the tables. Any number of processes may do it at once.

    Raises WorkspaceError where there are none and `create` is False, or where a newer version of nurture made
    them.
    """
    with read() as tx:
        if _revision(tx) == HEAD:
            return
    with write() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        revision = _revision(tx)
        if revision == HEAD:
            return
        if revision is None:
            _check_free(tx, where, create)
        elif revision not in REVISIONS:
            raise WorkspaceError(
                f"the database was made by nurture {_made_by(tx)} (tables {revision}); "
                f"this is nurture {__version__} (tables {HEAD})",
                where=where,
                remedy="Install that version or a later one; an older one cannot read what it does not know.",
            )
        _migrate(tx)
        _sign(tx, now, first=revision is None)


def _revision(tx: Connection) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_free(tx: Connection, where: str, create: bool) -> None:
    if not create:
        raise WorkspaceError(
            "this database has no tables yet", where=where, remedy="Make them: nurture init DIR"
        )
    taken = sorted(set(inspect(tx).get_table_names()) & set(MarkRow.metadata.tables))
    if taken:
        raise StoreError(
            f"there are tables of another program here ({', '.join(taken[:5])})",
            where=where,
            remedy="Give nurture a database of its own.",
        )


def _made_by(tx: Connection) -> str:
    version: str | None = tx.execute(text("SELECT value FROM marks WHERE name = 'version'")).scalar()
    return version or "in a later version"


def _migrate(tx: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _sign(tx: Connection, now: Moment, *, first: bool) -> None:
    """Keep which version of nurture the tables are of, so that an older one can say so."""
    if first:
        made = {"version": __version__, "made_at": format_iso(now), NODES_MARK: NOBODY}
        tx.execute(insert(_marks), [{"name": name, "value": value} for name, value in made.items()])
    else:
        tx.execute(update(_marks).where(_marks.c.name == "version").values(value=__version__))
