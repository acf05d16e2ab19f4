"""`moved:`: where those go on who stand at a step that is gone."""

from __future__ import annotations

from nurture.campaigns.campaign_file import CampaignShape, Draft
from nurture.campaigns.steps_file import Unread
from nurture.campaigns.wording import Complaint
from nurture.journeys.edits import END
from nurture.journeys.program import is_derived, name_steps, walk
from nurture.journeys.spelling import near, quoted


def check_moved(draft: Draft, shape: CampaignShape) -> None:
    """Refuse circles and ways that lead nowhere; warn of a step that is still there."""
    if any(isinstance(step, Unread) for _, step in walk(draft.steps)):
        return
    steps = set(name_steps(draft.steps).values())
    there = {*steps, END}
    told: set[str] = set()
    for step, goal in shape.moved.items():
        loc = ("moved", step)
        if step in steps and not is_derived(step):
            message = f"{quoted(step)} is still a step of this campaign, so nobody is moved"
            complaint = Complaint("moved-still-there", message, "take it out of `moved:`", on_key=True)
            draft.source.complain(complaint, loc, "warning")
            continue
        way = [step]
        while goal not in there and goal in shape.moved and goal not in way:
            way.append(goal)
            goal = shape.moved[goal]
        if goal in there or told & {*way, goal}:
            continue
        told |= {*way, goal}
        if goal in way:
            said = " → ".join([*way, goal])
            complaint = Complaint("moved-circle", f"this goes round in a circle: {said}", "lead it to a step")
            draft.source.complain(complaint, loc)
        else:
            hint = near(goal, there) or "name a step of the sequence, by its id or its template"
            complaint = Complaint("moved-nowhere", f"there is no step {quoted(goal)}", hint)
            draft.source.complain(complaint, ("moved", way[-1]))
