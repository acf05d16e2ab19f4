"""[forms.NAME] in nurture.toml: what may stand there, and what `nurture check` says of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY
from nurture.errors import SettingsError
from nurture.runner.checking import check
from nurture.runner.forms import forms_of
from nurture.settings import load
from support.corner import files
from support.signing_up import TEMPLATES

TOML = """\
[sender]
from = "Shop <hello@shop.test>"
address = "1 Main Street"
[topics]
offers = "Offers"
service = {{says = "Orders", always = true}}
[forms.{name}]
{form}
"""
GOOD = 'topics = "offers"\nsays = "Yes."\n'


def written(folder: Path, form: str, name: str = "news") -> Path:
    (folder / "nurture.toml").write_text(TOML.format(form=form, name=name))
    (folder / "secret.key").write_text("secret")
    return folder


def test_a_form_needs_topics_and_words_and_has_the_rest_by_itself(tmp_path: Path) -> None:
    form = forms_of(load(written(tmp_path, GOOD), {}))["news"]
    assert (form.remind_after, form.expires_after) == (2 * DAY, 7 * DAY)
    assert (form.form.topics, form.form.confirm) == (("offers",), "confirm-sign-up")


@pytest.mark.parametrize(
    ("form", "name", "said"),
    [
        ('topics = "offers"\n', "news", "forms.news.says is missing"),
        (GOOD + 'embed_in = "shop.example"', "news", 'write a site as "https://shop.example"'),
        (GOOD + 'embed_in = "https://shop.example; script-src *"', "news", "write a site as"),
        (GOOD + 'thanks = "javascript:alert(1)"', "news", "write a page as"),
        (GOOD + 'titel = "x"', "news", 'did you mean "title"?'),
        (GOOD, '"../x"', "write small letters, digits and hyphens"),
    ],
)
def test_what_cannot_stand_there_is_told(tmp_path: Path, form: str, name: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(written(tmp_path, form, name), {})
    assert said in str(error.value)


def test_check_finds_unknown_topics_templates_and_lengths_each_at_its_line(tmp_path: Path) -> None:
    form = 'topics = ["ofers", "service"]\nsays = "Yes."\nremind = "confirm-remainder"\nexpires_after = "1 month"\n'
    settings = load(written(tmp_path, form), {})
    found = {it.message: (it.line, it.hint) for it in check(None, settings, files({}, TEMPLATES)).errors}
    assert found == {
        'there is no topic "ofers"': (8, 'did you mean "offers"?'),
        'nobody has to agree to the topic "service": it is always on': (8, "take it out of the form"),
        'there is no template "confirm-remainder", which the form "news" sends': (
            10,
            'did you mean "confirm-reminder"?',
        ),
        '"1 month" is not a length of time': (11, "months differ in length; write days, such as 30 days"),
    }


def test_check_says_nothing_of_a_form_that_is_in_order(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD), {})
    assert check(None, settings, files({}, TEMPLATES)).errors == ()
