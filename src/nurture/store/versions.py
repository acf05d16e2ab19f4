"""What was applied: versions of the files, the campaigns in them, and the numbers that their steps bear for ever."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, select, update

from nurture.clock import Moment
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.statements import table, upsert
from nurture.store.tables import CampaignRow, CampaignStepRow, VersionRow

_campaigns = table(CampaignRow)
_steps = table(CampaignStepRow)
_versions = table(VersionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """The steps of one campaign in one version."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    """Id to number."""
    aliases: Mapping[int, str] = field(default_factory=dict)
    """Numbers of steps that are gone, each with the id of the one that stands for it; empty: the end."""
    changed: Mapping[int, Moment] = field(default_factory=dict)
    """When what a step says last changed; left out where it never did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFiles:
    """One version: path below campaigns/ and templates/ to text."""

    no: int
    applied_at: Moment
    files: Mapping[str, str]
    templates: tuple[str, ...]
    """Hashes of the compiled templates."""
    steps: Mapping[str, Numbering]
    """By the key of the campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord:
    """A campaign that was ever applied."""

    id: int
    key: str
    name: str
    first_applied_at: Moment
    active: bool
    paused_at: Moment = 0
    """0: it is not."""
    step_ids: Mapping[int, str] = field(default_factory=dict)
    """Every step it ever had, by number, as it was called last."""


_NEWEST = select(_versions).order_by(_versions.c.no.desc()).limit(1)
_ONE = select(_versions).where(_versions.c.no == bindparam("no"))


def applied(tx: Tx, no: int = 0) -> AppliedFiles | None:
    """That version, else the one in force; None before the first apply, or where there is no such version."""
    found = tx.execute(_ONE, {"no": no}) if no else tx.execute(_NEWEST)
    row = found.mappings().first()
    if row is None:
        return None
    return AppliedFiles(
        no=row["no"],
        applied_at=row["applied_at"],
        files=json.loads(row["files"]),
        templates=tuple(json.loads(row["templates"])),
        steps={key: _numbering(raw) for key, raw in json.loads(row["steps"]).items()},
    )


def _numbering(raw: Mapping[str, Any]) -> Numbering:
    return Numbering(
        numbers=raw["numbers"],
        aliases={int(no): step for no, step in raw["aliases"].items()},
        changed={int(no): at for no, at in raw["changed"].items()},
    )


_NEWEST_NO = select(func.max(_versions.c.no))


def newest_version(tx: Tx) -> int:
    """The number of the version in force; 0 before the first apply."""
    return int(tx.execute(_NEWEST_NO).scalar() or 0)


def put_into_force(
    tx: Tx,
    files: Mapping[str, str],
    templates: Sequence[str],
    names: Mapping[str, str],
    steps: Mapping[str, Numbering],
    ids: Ids,
    now: Moment,
) -> int:
    """Put `files` into force as a new version; returns its number.

    `templates` are the hashes of the compiled ones; `names` and `steps` go by the keys of the campaigns.
    """
    no = newest_version(tx) + 1
    tx.execute(
        _versions.insert().values(
            no=no,
            applied_at=now,
            files=json.dumps(dict(files), ensure_ascii=False),
            templates=json.dumps(list(templates)),
            steps=json.dumps({key: _as_json(it) for key, it in steps.items()}),
        )
    )
    tx.execute(update(_campaigns).values(active=False))
    new_ids = ids.take(len(names), now) if names else []
    upsert(
        tx,
        _campaigns,
        [
            {"id": id_, "key": key, "name": name, "first_applied_at": now, "active": True}
            for id_, (key, name) in zip(new_ids, names.items(), strict=True)
        ],
        key=("key",),
        update=("name", "active"),
    )
    _keep_steps(tx, steps)
    return no


def _as_json(it: Numbering) -> dict[str, Any]:
    return {"numbers": dict(it.numbers), "aliases": dict(it.aliases), "changed": dict(it.changed)}


def _keep_steps(tx: Tx, steps: Mapping[str, Numbering]) -> None:
    ids = {key: id_ for id_, key in tx.execute(select(_campaigns.c.id, _campaigns.c.key))}
    rows = [
        {"campaign_id": ids[key], "no": no, "step_id": step}
        for key, it in steps.items()
        for step, no in it.numbers.items()
    ]
    upsert(tx, _steps, rows, key=("campaign_id", "no"), update=("step_id",))


def records(tx: Tx) -> dict[str, CampaignRecord]:
    """Every campaign that was ever applied, by key."""
    step_ids: dict[int, dict[int, str]] = defaultdict(dict)
    for campaign, no, step in tx.execute(select(_steps.c.campaign_id, _steps.c.no, _steps.c.step_id)):
        step_ids[campaign][no] = step
    return {
        row.key: CampaignRecord(
            id=row.id,
            key=row.key,
            name=row.name,
            first_applied_at=row.first_applied_at,
            active=row.active,
            paused_at=row.paused_at,
            step_ids=step_ids[row.id],
        )
        for row in tx.execute(select(_campaigns))
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds a campaign up."""

    paused_at: Moment = 0
    """0: it is not paused."""
    skip_from: Moment = 0
    skip_to: Moment = 0
    """Messages wanted from then to then are left out: it was paused meanwhile."""


_STATES = select(_campaigns.c.id, _campaigns.c.paused_at, _campaigns.c.skip_from, _campaigns.c.skip_to)


def states(tx: Tx) -> dict[int, State]:
    """The state of every campaign, read anew by whoever is about to act, so that a pause holds at once."""
    return {
        id_: State(paused_at=paused_at, skip_from=skip_from, skip_to=skip_to)
        for id_, paused_at, skip_from, skip_to in tx.execute(_STATES).all()
    }
