"""What an edit of a campaign means for those under way: which step of the new sequence is which of the old one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from nurture.audience.expressions import Expression
from nurture.journeys.program import Node, Program, is_derived

END = "end"
"""In `moved`, where no step is called so: those who stand there are through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """How an old sequence became a new one; steps by their ids."""

    same: Mapping[str, str] = field(default_factory=dict)
    """Each old step that is still there, and what it is called now."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """Each old step that is not, and where those who stand at it go on; empty: at the end."""
    unnamed: frozenset[str] = frozenset()
    """Those of `gone` that `moved` does not name."""
    changed: frozenset[str] = frozenset()
    """Old steps that are there and say something else now."""


def compare(old: Program, new: Program, moved: Mapping[str, str]) -> Edit:
    """Hold two versions of a sequence against each other.

    A step with a name of its own (its id, or its template) is the one that has that name, or that `moved` gives
    it: one step of old becomes one that is new, and of the same kind. Any other is found among those behind the
    same named step, not counting named ones that come or go: first by what it says, then by its kind and order.
    Who stands at a step that is gone goes where `moved` says, else to the next step that is still there.
    """
    same = {id_: id_ for id_ in old.nodes if id_ in new.nodes and not is_derived(id_)}
    same |= _renamed(old, new, moved)
    named = {"": "", **same}
    now_behind = _behind(new, set(named.values()))
    for anchor, steps in _behind(old, set(named)).items():
        same |= _align(steps, now_behind.get(named[anchor], []))
    lost = [id_ for id_ in old.nodes if id_ not in same]
    return Edit(
        same=same,
        gone={id_: _goes_on(id_, old, same, new, moved) for id_ in lost},
        unnamed=frozenset(id_ for id_ in lost if id_ not in moved),
        changed=frozenset(id_ for id_, now in same.items() if says(old.nodes[id_]) != says(new.nodes[now])),
    )


def _renamed(old: Program, new: Program, moved: Mapping[str, str]) -> dict[str, str]:
    """The named steps that are called something else now, by `moved`."""
    goals = {id_: _named(id_, new, moved) for id_ in old.nodes if id_ not in new.nodes and id_ in moved}
    count = Counter(goals.values())
    return {
        id_: goal
        for id_, goal in goals.items()
        if goal in new.nodes
        and goal not in old.nodes
        and count[goal] == 1
        and not is_derived(id_)
        and not is_derived(goal)
        and type(old.nodes[id_].step) is type(new.nodes[goal].step)
    }


def _named(id_: str, new: Program, moved: Mapping[str, str]) -> str:
    """Where `moved` leads from a step: to one that is there, or to END."""
    named = id_
    for _ in range(len(moved)):
        named = moved.get(named, named)
        if named in new.nodes:
            break
    return named


def says(node: Node) -> str:
    """All that a step says, without its id and the steps inside it."""
    step = node.step
    fields = {
        name: getattr(step, name)
        for name in type(step).model_fields
        if name != "id" and name not in ("then", "otherwise")
    }
    told = {name: it.text if isinstance(it, Expression) else repr(it) for name, it in fields.items()}
    return f"{type(step).__name__} {told}"


def _behind(program: Program, kept: Collection[str]) -> dict[str, list[Node]]:
    """The steps without a name of their own, by the last of `kept` that stands before them; empty: none does."""
    found: dict[str, list[Node]] = defaultdict(list)
    anchor = ""
    for node in program.nodes.values():
        if node.id in kept:
            anchor = node.id
        elif is_derived(node.id):
            found[anchor].append(node)
    return found


def _align(old: Sequence[Node], new: Sequence[Node]) -> dict[str, str]:
    """By what they say, in order; what lies between two that were found so, by kind."""
    found: dict[str, str] = {}
    told = SequenceMatcher(a=[says(it) for it in old], b=[says(it) for it in new], autojunk=False)
    for op, i, j, k, m in told.get_opcodes():
        if op == "equal":
            found |= {one.id: other.id for one, other in zip(old[i:j], new[k:m], strict=True)}
        elif op == "replace":
            found |= _by_kind(old[i:j], new[k:m])
    return found


def _by_kind(old: Sequence[Node], new: Sequence[Node]) -> dict[str, str]:
    found: dict[str, str] = {}
    left = list(new)
    for node in old:
        for number, other in enumerate(left):
            if type(other.step) is type(node.step):
                found[node.id] = other.id
                left = left[number + 1 :]
                break
    return found


def _goes_on(id_: str, old: Program, same: Mapping[str, str], new: Program, moved: Mapping[str, str]) -> str:
    """Where those go on who stand at a step that is gone."""
    if id_ in moved:
        named = _named(id_, new, moved)
        if named in new.nodes:
            return named
        if named == END:
            return ""
    at = id_
    while at and at not in same:
        at = old.nodes[at].next
    return same.get(at, "")
