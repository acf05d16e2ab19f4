"""Prints docs/findings.md: `python -m nurture.campaigns.codes > docs/findings.md`."""

from nurture.campaigns.codes.page import page

print(page(), end="")
