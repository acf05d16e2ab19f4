"""[sources.NAME] and their variables: what is taken, what is refused, and what is said then."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import Settings, load
from support.told import SECRET, TOPIC, WHSEC, sendgrid_public

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n[topics]\nnews = "News"\n'


def loaded(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(LEAST + text, encoding="utf-8")
    return load(folder, environ)


def refused(folder: Path, text: str = "", **environ: str) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(folder, text, **environ)
    return str(error.value)


def test_nothing_is_set_up_where_nothing_is_said(tmp_path: Path) -> None:
    sources = loaded(tmp_path, "[sources.shopify]\n").sources
    assert {sources.secrets(name) for name in ("ses", "sendgrid", "mailgun", "shopify", "generic")} == {()}


def test_secrets_come_from_the_environment_several_between_commas(tmp_path: Path) -> None:
    sources = loaded(
        tmp_path,
        NURTURE_SOURCES_MAILGUN_SECRET=f"{SECRET}, {SECRET[::-1]}",
        NURTURE_SOURCES_GENERIC_SECRET=WHSEC,
        NURTURE_SOURCES_SES_TOPICS=f"{TOPIC},{TOPIC}-more",
    ).sources
    assert sources.secrets("mailgun") == (SECRET, SECRET[::-1])
    assert sources.secrets("generic") == (WHSEC,)
    assert sources.secrets("ses") == (TOPIC, f"{TOPIC}-more")


def test_what_is_no_secret_stands_in_the_file(tmp_path: Path) -> None:
    sources = loaded(
        tmp_path,
        f'[sources.ses]\ntopics = ["{TOPIC}"]\n[sources.sendgrid]\npublic_key = "{sendgrid_public()}"\n'
        '[sources.shopify]\nconsent = "news"\n',
        NURTURE_SOURCES_SHOPIFY_SECRET=SECRET,
    ).sources
    assert sources.secrets("ses") == (TOPIC,)
    assert sources.secrets("sendgrid") == (sendgrid_public(),)
    assert (sources.consent("shopify"), sources.secrets("shopify")) == (("news",), (SECRET,))
    assert sources.consent("mailgun") == ()


@pytest.mark.parametrize("name", ["mailgun", "postmark", "generic", "shopify", "stripe", "woocommerce"])
def test_a_secret_in_the_file_is_refused_with_the_name_of_its_variable(tmp_path: Path, name: str) -> None:
    said = refused(tmp_path, f'[sources.{name}]\nsecret = "{WHSEC}"\n')
    assert f"NURTURE_SOURCES_{name.upper()}_SECRET" in said


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        ("", {"NURTURE_SOURCES_STRIPE_SECRET": "short"}, "16 characters"),
        ("", {"NURTURE_SOURCES_STRIPE_SECRET": f"{SECRET},short"}, "16 characters"),
        ("", {"NURTURE_SOURCES_STRIPE_SECRET": "ä" * 20}, "ASCII"),
        ("", {"NURTURE_SOURCES_GENERIC_SECRET": SECRET}, "openssl rand"),
        ("", {"NURTURE_SOURCES_MAILGUM_SECRET": SECRET}, "is not a setting"),
        ("[sources.mailgum]\n", {}, 'did you mean "mailgun"?'),
        ('[sources.shopify]\nconsens = "news"\n', {}, 'did you mean "consent"?'),
        ('[sources.shopify]\nconsent = "offers"\n', {}, "there are: news"),
        ('[sources.ses]\ntopics = "ses-events"\n', {}, "arn:aws:sns:REGION:ACCOUNT:NAME"),
        ('[sources.sendgrid]\npublic_key = "MFkw"\n', {}, "Verification Key"),
        ("sources = 7\n", {}, "sources"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(
    tmp_path: Path, text: str, environ: dict[str, str], says: str
) -> None:
    if text.startswith("sources"):
        (tmp_path / "nurture.toml").write_text(text + LEAST, encoding="utf-8")
        with pytest.raises(SettingsError, match=says):
            load(tmp_path, environ)
        return
    assert says in refused(tmp_path, text, **environ)
