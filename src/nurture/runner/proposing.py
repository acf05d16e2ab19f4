"""What applying checked files would do: what changes, whom it would leave standing, whom it would let go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from nurture.campaigns.book import FOLDER
from nurture.campaigns.questions_file import FILE
from nurture.clock import Moment
from nurture.errors import FilesError
from nurture.journeys.campaign import Campaign
from nurture.journeys.edits import END, Edit, compare
from nurture.journeys.enter import Enter
from nurture.journeys.program import Node, is_derived
from nurture.runner.advance import decide_all
from nurture.runner.checking import Checked, render
from nurture.runner.files import TEMPLATES
from nurture.runner.in_force import load
from nurture.runner.limits import limits_of
from nurture.runner.looking import Progress
from nurture.runner.world import Edition, Live, World, edition, letters_of
from nurture.settings import Settings
from nurture.store import journeys, standing, versions
from nurture.store.engine import Store, Tx
from nurture.store.versions import CampaignRecord, Numbering

BATCH = 1_000
LOOK = "the look of messages: [brand], [links] or pictures"
"""What stands in the place of a path where none of `campaigns/` and `templates/email/` tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Campaigns (by key) and other files that an apply would change."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    other: Mapping[str, Literal["new", "changed", "gone"]]
    """Lifecycle, offers and template files by their path; LOOK."""

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone or self.other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """People who stand at a step that would be gone, and whom `moved` does not name."""

    campaign: str
    step: str
    says: str
    people: int
    suggestion: str
    """The step behind it that is still there; empty: the end."""
    suggested: str = ""
    """What that step says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What applying these files would do."""

    difference: Difference
    steps: Mapping[str, Numbering] = field(default_factory=dict)
    stranded: tuple[Stranded, ...] = ()
    released: Mapping[str, int] = field(default_factory=dict)
    """How many people would go on at once, by campaign; those with none are left out."""
    touched: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """By campaign id, the numbers of the steps whose people are to be decided anew."""
    bound: Mapping[int, int] = field(default_factory=dict)
    """By campaign id, the version that people finish who followed up to now: the campaign says `pin` from here on."""

    retimed: frozenset[str] = frozenset()
    """The campaigns, by key, that are new, or that people enter at other times than before."""

    @property
    def release(self) -> int:
        """How many people would go on at once, in all."""
        return sum(self.released.values())


def propose(
    store: Store,
    settings: Settings,
    checked: Checked,
    files: Mapping[str, str],
    now: Moment,
    *,
    progress: Progress = lambda what, done, total: None,
) -> Proposal:
    """What would change. Reads the people at steps that are edited, and nobody else."""
    if checked.errors:
        raise FilesError(render(checked.errors), remedy="Nothing was changed.")
    with store.read() as tx:
        before = versions.applied(tx)
        records = versions.records(tx)
    found = _difference(before.files if before else {}, files, checked, records)
    world = _in_force(store, settings) if before else None
    was = before.steps if before else {}
    edits = {}
    steps = {}
    for key, campaign in checked.book.campaigns.items():
        old = _edition_before(world, records.get(key))
        edits[key] = compare(old.campaign.program, campaign.program, campaign.moved) if old else Edit()
        steps[key] = _number(campaign, old, edits[key], records.get(key), was.get(key, Numbering()), now)
    compiled = [*checked.templates.values(), *checked.reworded]
    if before is not None and not {it.hash for it in checked.templates.values()} <= set(before.templates):
        found = _with_look(found)
    stranded: list[Stranded] = []
    released: dict[str, int] = {}
    touched: dict[int, frozenset[int]] = {}
    bound: dict[int, int] = {}
    for key, campaign in checked.book.campaigns.items():
        record, old = records.get(key), _edition_before(world, records.get(key))
        if record is None or old is None or world is None:
            continue
        if campaign.on_edit == "pin":
            if old.campaign.on_edit == "follow":
                bound[record.id] = world.version
            continue
        with store.read() as tx:
            stranded += _stranded(tx, record, old, edits[key], campaign.program.nodes)
        # Who finished a version of their own until now may stand at any step that ever was.
        numbers = _edited(old, edits[key]) if old.campaign.on_edit == "follow" else frozenset(old.steps)
        if numbers:
            touched[record.id] = numbers
            new = edition(world.version + 1, campaign, steps[key], letters_of(checked.library, compiled))
            count = _release(store, _with(world, record, new), record, numbers, now, progress)
            if count:
                released[key] = count
    return Proposal(
        difference=found,
        steps=steps,
        stranded=tuple(stranded),
        released=released,
        touched=touched,
        bound=bound,
        retimed=frozenset(
            key
            for key, campaign in checked.book.campaigns.items()
            if _times(_edition_before(world, records.get(key))) != _times_of(campaign)
        ),
    )


def must_be_possible(proposal: Proposal) -> None:
    """Raises FilesError where people would be left standing at steps that are gone."""
    if proposal.stranded:
        said = "\n".join(_say_stranded(it) for it in proposal.stranded)
        raise FilesError(said, remedy="Nothing was changed.")


def _say_stranded(it: Stranded) -> str:
    people = "1 person stands" if it.people == 1 else f"{it.people:,} people stand"
    target = it.suggestion or END
    there = f" ({it.suggested})" if it.suggested else ""
    return (
        f'{it.campaign}: {people} at the step "{it.step}" ({it.says}), which is gone;'
        f" say where they go: `moved: {{{it.step}: {target}}}`{there}"
    )


def _difference(
    old: Mapping[str, str], files: Mapping[str, str], checked: Checked, records: Mapping[str, CampaignRecord]
) -> Difference:
    paths = {path for path in (*old, *files) if old.get(path) != files.get(path)}
    keys = {path: path.rpartition("/")[2].rpartition(".")[0] for path in paths}
    active = {key for key, record in records.items() if record.active}
    now = set(checked.book.campaigns)
    touched = {keys[path] for path in paths}
    return Difference(
        new=tuple(sorted(now - active)),
        changed=tuple(sorted(now & active & touched)),
        gone=tuple(sorted(active - now)),
        other={
            path: "new" if path not in old else "changed" if path in files else "gone"
            for path in sorted(paths)
            if keys[path] not in now | active
        },
    )


def _with_look(found: Difference) -> Difference:
    """What else messages are made of has changed, where their own files have not."""
    if any(path == f"{FOLDER}/{FILE}" or path.startswith(f"{TEMPLATES}/") for path in found.other):
        return found
    return replace(found, other={**found.other, LOOK: "changed"})


def _in_force(store: Store, settings: Settings) -> World | None:
    """None where the version in force cannot be read; then steps are told by their ids alone."""
    try:
        return load(store, settings)
    except FilesError:
        return None


def _edition_before(world: World | None, record: CampaignRecord | None) -> Edition | None:
    return world.live[record.id].edition if world and record and record.id in world.live else None


def _times(old: Edition | None) -> tuple[Enter, bool] | None:
    return _times_of(old.campaign) if old else None


def _times_of(campaign: Campaign) -> tuple[Enter, bool]:
    """What decides when people enter together."""
    return (campaign.enter, campaign.in_workspace_time)


def _number(
    campaign: Campaign,
    old: Edition | None,
    edit: Edit,
    record: CampaignRecord | None,
    was: Numbering,
    now: Moment,
) -> Numbering:
    """A step that is still there keeps its number; a new one gets a number that no other ever had."""
    had = record.step_ids if record else {}
    fresh = max(had, default=0) + 1
    named = {step: no for no, step in had.items() if not is_derived(step)}
    kept = {new: old.numbers[before] for before, new in edit.same.items()} if old else was.numbers
    numbers: dict[str, int] = {}
    for step in campaign.program.nodes:
        number = kept.get(step) or (None if is_derived(step) else named.get(step))
        if number is None:
            number, fresh = fresh, fresh + 1
        numbers[step] = number
    if old is None:
        return Numbering(numbers=numbers, aliases=was.aliases, changed=was.changed)
    goes_on = {**edit.same, **edit.gone}
    aliases = {no: goes_on.get(step, "") for no, step in old.steps.items() if no not in numbers.values()}
    changed = {no: at for no, at in old.changed.items() if no in aliases or no in numbers.values()}
    changed |= dict.fromkeys(_edited(old, edit), now)
    return Numbering(numbers=numbers, aliases=aliases, changed=changed)


def _edited(old: Edition, edit: Edit) -> frozenset[int]:
    """The numbers of the steps that say something else now, or are gone."""
    return frozenset(old.numbers[step] for step in (*edit.changed, *edit.gone))


def _with(world: World, record: CampaignRecord, new: Edition) -> World:
    """The world as it would be with this campaign edited."""
    live = {**world.live, record.id: Live(record=record, edition=new)}
    return World(
        settings=world.settings,
        version=new.version,
        lifecycle=world.lifecycle,
        offers=world.offers,
        live=live,
        letters=new.letters,
        limits=limits_of(world.settings),
    )


def _stranded(
    tx: Tx, record: CampaignRecord, old: Edition, edit: Edit, nodes: Mapping[str, Node]
) -> Iterator[Stranded]:
    here = standing.at_steps(tx, record.id)
    for step in old.campaign.program.nodes:
        at = here.get(old.numbers[step])
        # Whose message is on its way goes on behind the step, whatever becomes of it.
        people = at.people - at.on_their_way if at else 0
        if step in edit.unnamed and people:
            yield Stranded(
                campaign=record.key,
                step=step,
                says=old.campaign.program.nodes[step].step.describe(),
                people=people,
                suggestion=edit.gone[step],
                suggested=nodes[edit.gone[step]].step.describe() if edit.gone[step] else "",
            )


def _release(
    store: Store,
    world: World,
    record: CampaignRecord,
    numbers: frozenset[int],
    now: Moment,
    progress: Progress,
) -> int:
    """How many of those who wait at these steps would go on now, which they would not have without the edit."""
    with store.read() as tx:
        here = standing.at_steps(tx, record.id)
    total = sum(it.people - it.on_their_way for no, it in here.items() if no in numbers)
    done, count, after = 0, 0, 0
    while True:
        with store.read() as tx:
            waiting = journeys.waiting_at(tx, record.id, numbers, now, after, BATCH)
            if not waiting:
                return count
            decided = decide_all(tx, world, waiting, now)
            stay = {it.id for it in decided.moves if it.due_at > now and not it.behind}
            count += sum(it.id not in stay for it in waiting)
        done, after = done + len(waiting), waiting[-1].id
        progress(f"looking who goes on in {record.key}", done, max(done, total))
