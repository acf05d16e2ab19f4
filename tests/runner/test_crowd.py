"""The made-up people of a replay: by chance, and always the same."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR
from nurture.runner.crowd import CLICKS, OPENS, SCANNER, Crowd
from support.corner import START

PEOPLE = [f"c{number}@example.test" for number in range(2_000)]


@given(seed=st.integers(), email=st.text(), message=st.text(), links=st.integers(0, 30))
def test_what_people_do_comes_after_the_message_in_order_and_touches_links_that_are_there(
    seed: int, email: str, message: str, links: int
) -> None:
    acts = Crowd(seed).reaction(email, message, START, links)
    assert acts == Crowd(seed).reaction(email, message, START, links)
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert all(START < act.at < START + 7 * DAY for act in acts)
    for act in acts:
        assert (1 <= act.link_no <= links) if act.deed == "click" else act.link_no == 0


def test_the_order_of_asking_changes_nothing() -> None:
    one, other = Crowd(7), Crowd(7)
    forth = {email: one.reaction(email, "hello", START, 3) for email in PEOPLE[:50]}
    back = {email: other.reaction(email, "hello", START, 3) for email in reversed(PEOPLE[:50])}
    assert forth == back
    assert forth != {email: Crowd(8).reaction(email, "hello", START, 3) for email in PEOPLE[:50]}


def test_each_person_keeps_their_leaning_and_their_mail_program() -> None:
    crowd = Crowd(1)
    for email in PEOPLE[:200]:
        agents = [
            {act.agent for act in crowd.reaction(email, str(number), START, 2)} & {SCANNER}
            for number in range(5)
        ]
        assert all(it == agents[0] for it in agents)


def test_opens_and_clicks_are_near_what_is_assumed() -> None:
    crowd = Crowd(1)
    deeds: Counter[str] = Counter()
    for email in PEOPLE:
        acts = [
            act for act in crowd.reaction(email, "hello", START, 3) if act.agent.endswith("Safari/537.36")
        ]
        deeds.update({act.deed for act in acts})
    opened, clicked = deeds["open"] / len(PEOPLE), deeds["click"] / deeds["open"]
    assert abs(opened - sum(OPENS) / 2) < 0.05
    assert sum(CLICKS) / 2 < clicked < CLICKS[1], "who opens more clicks more"
    assert 0 < deeds["unsubscribe"] < 0.02 * len(PEOPLE)


def test_who_opens_may_click_and_unsubscribe_but_not_before() -> None:
    crowd = Crowd(3)
    for email in PEOPLE:
        acts = [
            act for act in crowd.reaction(email, "hello", START, 3) if act.agent.endswith("Safari/537.36")
        ]
        assert [act.deed for act in acts][:1] in ([], ["open"])


def test_visitors_are_spread_over_the_time_and_numbered_by_it() -> None:
    visitors = Crowd(1).visitors(100, START, START + HOUR)
    assert [it.email for it in visitors] == [f"visitor-{number}@example.test" for number in range(1, 101)]
    assert [it.created_at for it in visitors] == sorted(it.created_at for it in visitors)
    assert all(START <= it.created_at < START + HOUR for it in visitors)
    assert Crowd(1).visitors(0, START, START + HOUR) == []
