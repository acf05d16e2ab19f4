"""[replies]: who answers what people write, and how soon they promise to."""

from __future__ import annotations

from pydantic import Field

from nurture.settings.parts import Part


class Replies(Part):
    """Prompt answers: what counts as working time, and what is promised in it."""

    hours: str = "mon-fri 09:00-17:00"
    """When people work, in the workspace's zone; `no holidays` at its end leaves out those of `country`."""
    country: str = Field(default="", pattern="^([A-Z]{2})?$")
    """Whose public holidays are kept: ISO 3166."""
    answer_within: int = Field(default=4, ge=1, le=200)
    """Working hours after which a mail nobody has answered is listed by `nurture replies --open`."""
    hold_days: int = Field(default=4, ge=0, le=60)
    """Working days for which marketing waits for an answer."""
