"""[[webhooks]] as it is written, and what is said of mistakes in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import load
from nurture.settings.webhooks import KINDS, Subscriber

OWN = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'
CRM = '[[webhooks]]\nname = "crm"\nurl = "https://crm.example/in"\nevents = "all"\n'
SECRET = "whsec_" + "A" * 44


def read(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[Subscriber, ...]:
    (folder / "nurture.toml").write_text(OWN + text)
    return load(folder, environ or {}).webhooks


def refused(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        read(folder, text, environ)
    return str(caught.value)


def test_a_subscriber_is_told_of_what_it_names(tmp_path: Path) -> None:
    crm, data = read(
        tmp_path,
        CRM + '[[webhooks]]\nname = "data"\nurl = "https://x.example"\nevents = ["sent", "clicked"]\n'
        'campaigns = "win-back-*"\n',
    )
    assert crm.events == KINDS
    assert crm.wants("anything") and crm.wants("")
    assert data.events == ("sent", "clicked")
    assert data.wants("win-back-2")
    assert not data.wants("welcome") and not data.wants("")


def test_a_secret_comes_from_the_environment_by_the_name(tmp_path: Path) -> None:
    two = CRM + CRM.replace('"crm"', '"crm-2"')
    first, second = read(tmp_path, two, {"NURTURE_WEBHOOKS_CRM_2_SECRET": SECRET})
    assert (first.secret, second.secret) == ("", SECRET)
    assert second.variable == "NURTURE_WEBHOOKS_CRM_2_SECRET"
    assert SECRET not in repr(second)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CRM.replace('"all"', '["bounce"]'), 'did you mean "bounced"?'),
        (CRM.replace('"all"', '["goal_reached"]'), 'did you mean "goal-reached"?'),
        (CRM.replace('"all"', '["zzz"]'), "there are: enrolled, sent"),
        (CRM.replace('"all"', "[]"), 'write a list, such as ["sent", "bounced"], or "all"'),
        (CRM.replace("https", "http"), 'write an address that begins with "https://"'),
        (CRM.replace('"crm"', '"My CRM"'), "write small letters, digits and dashes"),
        (CRM.replace("events", "event"), 'did you mean "events"?'),
        (CRM + CRM, "has two called 'crm'"),
        (CRM.replace("[[", "[").replace("]]", "]"), "write each below a line [[webhooks]]"),
        (CRM + f'secret = "{SECRET}"\n', "it is a secret"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_secret_that_is_none_or_nobodys_is_named(tmp_path: Path) -> None:
    assert "make one: echo whsec_" in refused(tmp_path, CRM, {"NURTURE_WEBHOOKS_CRM_SECRET": "hunter2"})
    assert "NURTURE_WEBHOOKS_SHOP_SECRET" in refused(tmp_path, CRM, {"NURTURE_WEBHOOKS_SHOP_SECRET": SECRET})
