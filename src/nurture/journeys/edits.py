"""What an edit of a campaign means for those under way: which step of the new sequence is which of the old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby

from nurture.audience.expressions import Expression
from nurture.journeys.program import Node, Program, is_derived


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

    A step with a name of its own (its id, or its template) is the one that has that name. Any other is found
    among those behind the same named step: first by what it says, then by its kind and order. Who stands at a
    step that is gone goes where `moved` says, else to the next step that is still there.
    """
    same = {id_: id_ for id_ in old.nodes if id_ in new.nodes and not is_derived(id_)}
    now_behind = _behind(new)
    for anchor, steps in _behind(old).items():
        same |= _align(steps, now_behind.get(anchor, []))
    lost = [id_ for id_ in old.nodes if id_ not in same]
    return Edit(
        same=same,
        gone={id_: _goes_on(id_, old, same, new, moved) for id_ in lost},
        unnamed=frozenset(id_ for id_ in lost if id_ not in moved),
        changed=frozenset(id_ for id_, now in same.items() if says(old.nodes[id_]) != says(new.nodes[now])),
    )


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


def _behind(program: Program) -> dict[str, list[Node]]:
    """The steps without a name of their own, by the named one that they are called after."""
    unnamed = [node for node in program.nodes.values() if is_derived(node.id)]
    return {
        anchor: list(nodes) for anchor, nodes in groupby(unnamed, key=lambda it: it.id.rpartition("+")[0])
    }


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
    named = moved.get(id_, "")
    for _ in range(len(moved)):
        if named in new.nodes or not named:
            break
        named = moved.get(named, "")
    if named in new.nodes:
        return named
    at = id_
    while at and at not in same:
        at = old.nodes[at].next
    return same.get(at, "")
