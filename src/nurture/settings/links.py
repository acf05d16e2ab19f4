"""The section [links]: what is added to the links in messages."""

from __future__ import annotations

from pydantic import Field

from nurture.settings.parts import Part


class Links(Part):
    """UTM parameters, by which the statistics of a web site tell where its visitors came from."""

    utm: bool = False
    """Whether links to the web get utm_source, utm_medium=email, utm_campaign and utm_content."""
    utm_source: str = Field(default="nurture", min_length=1, max_length=100)
