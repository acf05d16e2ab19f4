"""The doctor's look at those who may tell us something."""

from __future__ import annotations

from nurture.reports.doctor.sources import sources
from nurture.settings.sources import Sources
from support.told import SECRET

HERE = "https://mail.shop.example"


def test_each_source_that_is_spoken_of_is_believed_or_not_and_why() -> None:
    given = Sources.model_validate(
        {"mailgun": {"secret": SECRET}, "shopify": {"consent": ["news"]}, "ses": {}, "sendgrid": {}}
    )
    assert [(it.level, it.what, it.remedy) for it in sources(given, HERE)] == [
        ("missing", "nobody is believed to be ses", "Write topics below [sources.ses]."),
        ("missing", "nobody is believed to be sendgrid", "Write public_key below [sources.sendgrid]."),
        ("ok", "mailgun is believed at https://mail.shop.example/in/mailgun", ""),
        (
            "missing",
            "nobody is believed to be shopify",
            "Set NURTURE_SOURCES_SHOPIFY_SECRET in the environment.",
        ),
    ]


def test_nothing_is_said_of_sources_that_nobody_spoke_of() -> None:
    assert sources(Sources(), HERE) == []
