"""A sequence laid out flat: each step with its id and where to go from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.journeys.steps.base import StepKind

Path: TypeAlias = tuple[int | str, ...]
"""Where a step stands in the sequence: (2, "then", 0) is the first step under `then:` of the third step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step in its place."""

    id: str
    """What the marketer called it, else derived: see `name_steps`."""
    step: StepKind
    next: str
    """The id of the step behind it; empty at the end."""
    branches: Mapping[str, str] = field(default_factory=dict)
    """`then` and `else` to the id of their first step; empty at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """All steps of a campaign by id, in the order of the file."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    first: str = ""
    """The id of the first step; empty where there is none."""


def walk(steps: Sequence[StepKind], path: Path = ()) -> Iterator[tuple[Path, StepKind]]:
    """Every step with its place, those inside others too, in the order of the file."""
    for number, step in enumerate(steps):
        here = (*path, number)
        yield here, step
        for key, inside in step.branches().items():
            yield from walk(inside, (*here, key))


def name_steps(steps: Sequence[StepKind]) -> dict[Path, str]:
    """The id of every step.

    That is the `id` it was given, for a message else the name of its template. Any other step is called
    after the last named one before it, with a number: `welcome+1`, and `start+1` before the first. So a
    step put in elsewhere renames nothing.
    """
    ids: dict[Path, str] = {}
    last, count = "start", 0
    for path, step in walk(steps):
        if step.name:
            last, count = step.name, 0
            ids[path] = step.name
        else:
            count += 1
            ids[path] = f"{last}+{count}"
    return ids


def is_derived(id_: str) -> bool:
    """Whether a step was given this id by its place, not by a name of its own."""
    return "+" in id_


def lay_out(steps: Sequence[StepKind]) -> Program:
    """Lay a sequence out.

    Branches join again behind their `if`. Raises ValueError where an id is given twice.
    """
    ids = name_steps(steps)
    if len(set(ids.values())) < len(ids):
        raise ValueError("two steps have the same id")
    nodes: dict[str, Node] = {}
    first = _lay(steps, (), "", ids, nodes)
    return Program(nodes=nodes, first=first)


def _lay(
    steps: Sequence[StepKind], path: Path, after: str, ids: Mapping[Path, str], nodes: dict[str, Node]
) -> str:
    """Put the nodes of `steps` into `nodes`; `after` is where the last of them leads.

    Returns where they begin.
    """
    for number, step in enumerate(steps):
        here = (*path, number)
        behind = ids.get((*path, number + 1), after)
        branches = {key: ids.get((*here, key, 0), behind) for key in step.nested}
        nodes[ids[here]] = Node(id=ids[here], step=step, next=behind, branches=branches)
        for key, inside in step.branches().items():
            _lay(inside, (*here, key), behind, ids, nodes)
    return ids.get((*path, 0), after)
