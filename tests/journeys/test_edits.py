"""Which step of a sequence is which, after an edit."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY
from nurture.journeys.edits import compare, says
from nurture.journeys.program import Program, is_derived, lay_out
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.split import SplitStep
from nurture.journeys.steps.wait import WaitStep


def send(name: str, id_: str = "") -> StepKind:
    return SendStep.model_construct(id=id_, template=name)


def wait(days: int) -> StepKind:
    return WaitStep.model_construct(length=days * DAY)


def split(*then: StepKind) -> StepKind:
    return SplitStep.model_construct(share=0.5, then=tuple(then), otherwise=())


def plan(*steps: StepKind) -> Program:
    return lay_out(steps)


BEFORE = plan(send("a"), wait(1), send("b"), wait(2), wait(3), send("c"))


def test_the_same_sequence_is_no_edit() -> None:
    edit = compare(BEFORE, BEFORE, {})
    assert edit.same == {id_: id_ for id_ in BEFORE.nodes}
    assert not (edit.gone or edit.unnamed or edit.changed)


def test_a_wait_of_another_length_is_the_same_wait() -> None:
    edit = compare(BEFORE, plan(send("a"), wait(4), send("b"), wait(2), wait(3), send("c")), {})
    assert edit.changed == {"a+1"}
    assert not edit.gone


def test_the_waits_that_say_the_same_are_found_before_those_of_the_same_kind() -> None:
    edit = compare(BEFORE, plan(send("a"), wait(1), send("b"), wait(3), send("c")), {})
    assert edit.same["b+2"] == "b+1"
    assert edit.gone == {"b+1": "b+1"}
    assert edit.unnamed == {"b+1"}


def test_a_step_in_front_of_a_wait_leaves_the_wait_what_it_was() -> None:
    edit = compare(
        BEFORE,
        plan(send("a"), EndStep.model_construct(reason="x"), wait(1), send("b"), wait(2), wait(3), send("c")),
        {},
    )
    assert edit.same["a+1"] == "a+2"
    assert not edit.gone


def test_those_at_a_step_that_is_gone_go_on_behind_it() -> None:
    edit = compare(BEFORE, plan(send("a"), wait(1), send("c")), {})
    assert edit.gone == {"b": "c", "b+1": "c", "b+2": "c"}


def test_a_message_that_comes_or_goes_leaves_the_waits_around_it_what_they_were() -> None:
    edit = compare(BEFORE, plan(send("a"), send("x"), wait(1), wait(2), wait(3), send("c")), {})
    assert edit.gone == {"b": "x+2"}
    assert edit.same == {"a": "a", "c": "c", "a+1": "x+1", "b+1": "x+2", "b+2": "x+3"}


def test_they_go_where_moved_says_also_by_two_moves() -> None:
    edit = compare(BEFORE, plan(send("a"), wait(1), send("c")), {"b": "x", "x": "a", "b+1": "end"})
    assert edit.gone == {"b": "a", "b+1": "", "b+2": "c"}
    assert edit.unnamed == {"b+2"}


def test_a_step_with_a_new_name_is_the_same_step_and_the_waits_behind_it_stay_behind_it() -> None:
    after = plan(send("a"), wait(1), send("b", "new"), wait(2), wait(3), send("c"))
    edit = compare(BEFORE, after, {"b": "new"})
    assert edit.same == {**{id_: id_ for id_ in BEFORE.nodes}, "b": "new", "b+1": "new+1", "b+2": "new+2"}
    assert not edit.gone


def test_two_steps_moved_to_one_are_not_that_one() -> None:
    edit = compare(BEFORE, plan(send("a"), wait(1), send("new")), {"b": "new", "c": "new"})
    assert edit.gone["b"] == edit.gone["c"] == "new"


steps = st.recursive(
    st.one_of(
        st.sampled_from("abcdef").map(send),
        st.integers(1, 3).map(wait),
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda them: split(*them)),
    max_leaves=8,
)


def once(sequence: Sequence[StepKind], told: set[str]) -> list[StepKind]:
    """The sequence without messages that were named before."""
    kept: list[StepKind] = []
    for step in sequence:
        if isinstance(step, SplitStep):
            inside = once(step.then, told)
            kept += [split(*inside)] if inside else []
        elif not step.name or step.name not in told:
            told.add(step.name)
            kept.append(step)
    return kept


programs = st.lists(steps, min_size=1, max_size=6).map(lambda them: plan(*once(them, set())))
names = st.sampled_from([*"abcdef", "end", "start+1", "a+1", "b+1", "c+2"])


@given(old=programs, new=programs, moved=st.dictionaries(names, names, max_size=4))
def test_every_step_is_there_or_gone_and_no_two_become_one(
    old: Program, new: Program, moved: dict[str, str]
) -> None:
    edit = compare(old, new, moved)
    assert set(edit.same) | set(edit.gone) == set(old.nodes)
    assert not set(edit.same) & set(edit.gone)
    assert len(set(edit.same.values())) == len(edit.same)
    assert set(edit.same.values()) <= set(new.nodes)
    assert set(edit.gone.values()) <= {*new.nodes, ""}
    assert edit.unnamed <= set(edit.gone)
    assert edit.changed == {
        it for it, now in edit.same.items() if says(old.nodes[it]) != says(new.nodes[now])
    }
    for id_ in set(old.nodes) & set(new.nodes):
        assert is_derived(id_) or edit.same[id_] == id_
    for id_, now in edit.same.items():
        assert type(old.nodes[id_].step) is type(new.nodes[now].step)


@given(old=programs)
def test_no_edit_changes_nothing(old: Program) -> None:
    edit = compare(old, old, {})
    assert edit.same == {id_: id_ for id_ in old.nodes}
    assert not (edit.gone or edit.changed)
