from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.audience.expressions import parse
from nurture.clock import DAY
from nurture.journeys.program import Program, lay_out, name_steps, walk
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.branch import BranchStep
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait import WaitStep

CLICKED = parse("engagement.clicks >= 1")


def send(template: str, step_id: str = "") -> SendStep:
    return SendStep.model_construct(template=template, id=step_id)


def wait(step_id: str = "") -> WaitStep:
    return WaitStep.model_construct(length=DAY, id=step_id, when=None)


def branch(then: list[StepKind], otherwise: list[StepKind], step_id: str = "") -> BranchStep:
    return BranchStep.model_construct(
        condition=CLICKED, then=tuple(then), otherwise=tuple(otherwise), id=step_id, when=None
    )


def end() -> EndStep:
    return EndStep.model_construct(reason="enough", id="", when=None)


def ids(*steps: StepKind) -> list[str]:
    return list(name_steps(steps).values())


def test_a_message_is_called_after_its_template_and_other_steps_after_the_last_named_one() -> None:
    assert ids(wait(), send("welcome"), wait(), wait(), send("more", "second"), wait()) == [
        "start+1",
        "welcome",
        "welcome+1",
        "welcome+2",
        "second",
        "second+1",
    ]


def test_a_step_put_in_elsewhere_renames_nothing() -> None:
    before = ids(send("welcome"), wait(), send("more"), wait(), end())
    after = ids(send("welcome"), wait(), wait(), send("more"), wait(), end())
    assert set(before) < set(after)
    assert after[-2:] == before[-2:] == ["more+1", "more+2"]


def test_steps_inside_branches_are_counted_in_the_order_of_the_file() -> None:
    steps = (send("welcome"), branch([send("how"), wait()], [wait()]), wait())
    assert ids(*steps) == ["welcome", "welcome+1", "how", "how+1", "how+2", "how+3"]
    assert [path for path, _ in walk(steps)][2:5] == [(1, "then", 0), (1, "then", 1), (1, "else", 0)]


def test_branches_join_again_behind_the_if() -> None:
    program = lay_out([send("welcome"), branch([send("how")], [send("again"), wait()]), send("last")])
    assert program.first == "welcome"
    assert program.nodes["welcome"].next == "welcome+1"
    assert program.nodes["welcome+1"].branches == {"then": "how", "else": "again"}
    assert program.nodes["welcome+1"].next == "last"
    assert program.nodes["how"].next == "last"
    assert program.nodes["again"].next == "again+1"
    assert program.nodes["again+1"].next == "last"
    assert program.nodes["last"].next == ""


def test_a_branch_that_is_left_out_leads_behind_the_if() -> None:
    program = lay_out([send("welcome"), branch([send("how")], [])])
    assert program.nodes["welcome+1"].branches == {"then": "how", "else": ""}


def test_nested_branches_join_where_the_outer_one_does() -> None:
    program = lay_out([branch([branch([send("a")], [send("b")])], [send("c")]), send("d")])
    assert {program.nodes[name].next for name in ("a", "b", "c", "start+2")} == {"d"}


def test_two_steps_with_one_id_cannot_be_laid_out() -> None:
    with pytest.raises(ValueError, match="same id"):
        lay_out([send("welcome"), send("welcome")])


def test_an_empty_sequence_is_an_empty_program() -> None:
    assert lay_out([]) == Program()


def sequences() -> st.SearchStrategy[list[StepKind]]:
    def inside(steps: st.SearchStrategy[list[StepKind]]) -> st.SearchStrategy[list[StepKind]]:
        one = st.one_of(st.builds(wait), st.builds(end), st.builds(branch, steps, steps))
        return st.lists(one, max_size=4)

    return st.recursive(st.lists(st.builds(wait), max_size=3), inside, max_leaves=12)


@given(sequences())
def test_every_way_through_a_program_ends(steps: list[StepKind]) -> None:
    program = lay_out(steps)
    assert len(program.nodes) == len(list(walk(steps)))
    order = {name: number for number, name in enumerate(program.nodes)}
    for name, node in program.nodes.items():
        for to in (node.next, *node.branches.values()):
            assert to == "" or order[to] > order[name]
