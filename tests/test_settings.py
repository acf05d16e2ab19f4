"""nurture.toml and its variables: what is taken, what is refused, and what is said then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nurture.errors import SettingsError, WorkspaceError
from nurture.settings import Settings, find_workspace, load

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'


def loaded(folder: Path, text: str = LEAST, **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(text, encoding="utf-8")
    return load(folder, environ)


def refused(folder: Path, text: str = LEAST, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text, **environ)
    assert caught.value.exit_status == 1
    return str(caught.value)


def test_a_sender_is_all_that_is_needed(tmp_path: Path) -> None:
    it = loaded(tmp_path)
    assert it.sender.from_ == "Shop <hello@shop.example>"
    assert (it.timezone, it.currency, it.provider) == ("UTC", "USD", "inbox")
    assert it.database_url == f"sqlite:///{tmp_path.resolve()}/nurture.db"
    assert it.web.host_and_port == ("127.0.0.1", 8025)
    assert it.topics == {}


def test_the_sample_file_and_the_documents_name_every_setting() -> None:
    root = Path(__file__).parents[1]
    overview = (root / "docs/operating.md").read_text().partition("## All settings")[2].partition("\n## ")[0]
    names = {it.alias or name for name, it in Settings.model_fields.items()} - {
        "workspace",
        "secret",
        "webhook_secret",
    }
    assert {it for it in names if not re.search(rf"`\[*{it}[\]`]", overview)} == set()
    sample = (root / "nurture.toml").read_text()
    assert {it for it in names if not re.search(rf"(?m)\[{it}[\].]|^{it} =|, {it} ", sample)} == set()


def test_the_sample_file_is_taken_as_it_is() -> None:
    it = load(Path(__file__).parents[1], {})
    assert it.zone.key == "America/New_York"
    assert it.marketing_topics == ("offers", "news")
    assert it.topics["service"].always


def test_each_key_can_be_set_in_the_environment(tmp_path: Path) -> None:
    it = loaded(
        tmp_path,
        NURTURE_DATABASE="postgresql://shop@db/shop",
        NURTURE_TIMEZONE="Europe/Berlin",
        NURTURE_RELAY_PORT="2525",
        NURTURE_RELAY_PASSWORD="geheim",
        NURTURE_WEB_PUBLIC_URL="https://mail.shop.example/",
        NURTURE_SENDER_REPLY_TO="help@shop.example",
        OTHER="x",
    )
    assert it.database_url == "postgresql://shop@db/shop"
    assert it.zone.key == "Europe/Berlin"
    assert (it.relay.port, it.relay.password) == (2525, "geheim")
    assert it.web.public_url == "https://mail.shop.example"
    assert it.sender.reply_to == "help@shop.example"


def test_a_secret_in_the_file_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, LEAST + '[relay]\npassword = "geheim"\n')
    assert "relay.password" in said and "secret" in said and "NURTURE_RELAY_PASSWORD" in said
    assert "geheim" not in said
    assert "NURTURE_SECRET" in refused(tmp_path, 'secret = "geheim"\n' + LEAST)


def test_the_secret_comes_from_the_environment_else_from_its_file(tmp_path: Path) -> None:
    assert loaded(tmp_path).secret == ""
    (tmp_path / "secret.key").write_text("from the file\n")
    assert loaded(tmp_path).secret == "from the file"
    assert loaded(tmp_path, NURTURE_SECRET="from outside").secret == "from outside"


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ('timezon = "UTC"\n' + LEAST, "timezon is not a setting", 'did you mean "timezone"?'),
        (LEAST + "[web]\nlissten = 'x:1'\n", "web.lissten is not a setting", 'did you mean "listen"?'),
        ("", "sender is missing", ""),
        ('[sender]\nfrom = "x@shop.example"\n', "sender.address is missing", ""),
        (LEAST.replace("hello@shop.example", "hello"), "sender.from", "<hello@shop.example>"),
        ('timezone = "Europe/Berln"\n' + LEAST, "timezone", 'did you mean "Europe/Berlin"?'),
        ('timezone = "../../etc/passwd"\n' + LEAST, "timezone", "no such time zone"),
        ('provider = "pigeon"\n' + LEAST, "provider", "smtp, inbox"),
        (LEAST + "[relay]\nport = 0\n", "relay.port", ""),
        (LEAST + '[relay]\nsecurity = "ssl"\n', "relay.security", "starttls"),
        (LEAST + '[web]\npublic_url = "shop.example"\n', "web.public_url", "https://"),
        (LEAST + '[web]\nlisten = "8025x"\n', "web.listen", "HOST:PORT"),
        (LEAST + '[notify]\nallow = ["10.0.0.1/8"]\n', "notify.allow cannot hold '10.0.0.1/8'", "10.0.0.0/8"),
        (LEAST + "[notify]\nallow = [10]\n", "notify.allow cannot hold 10", "10.0.0.0/8"),
        (LEAST + "[notify]\nallow = 10\n", "notify.allow", ""),
        (LEAST + "[notify]\nalow = []\n", "notify.alow is not a setting", 'did you mean "allow"?'),
        (LEAST + '[web]\nlisten = "127.0.0.1:99999"\n', "web.listen", "HOST:PORT"),
        ('currency = "dollars"\n' + LEAST, "currency", ""),
        ("timezone = \n", "this is not TOML", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, key: str, hint: str) -> None:
    found = refused(tmp_path, text)
    assert found.startswith("nurture.toml")
    assert key in found and hint in found


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, 'timezone = "Nowhere"\nprovidr = "inbox"\n')
    assert all(it in said for it in ("Nowhere", "providr", "sender is missing"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nurture.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(tmp_path, {})


def test_a_workspace_is_found_from_the_folders_below_it(tmp_path: Path) -> None:
    deep = tmp_path / "campaigns" / "prospect"
    deep.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=r"there is no nurture\.toml in"):
        find_workspace(deep)
    (tmp_path / "nurture.toml").write_text(LEAST)
    assert find_workspace(deep) == tmp_path.resolve()
    with pytest.raises(WorkspaceError, match=r"there is no nurture\.toml"):
        load(deep, {})


def test_a_relative_database_is_in_the_workspace_and_an_absolute_one_where_it_says(tmp_path: Path) -> None:
    inside = loaded(tmp_path, 'database = "sqlite:///data/shop.db"\n' + LEAST)
    assert inside.database_url == f"sqlite:///{tmp_path.resolve()}/data/shop.db"
    outside = loaded(tmp_path, 'database = "sqlite:////var/lib/shop.db"\n' + LEAST)
    assert outside.database_url == "sqlite:////var/lib/shop.db"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    it = loaded(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        it.timezone = "Europe/Berlin"  # type: ignore[misc]  # that is what is tried


def test_networks_for_webhooks_are_none_unless_they_are_named(tmp_path: Path) -> None:
    assert loaded(tmp_path).notify.allow == ()
    written = loaded(tmp_path, LEAST + '[notify]\nallow = ["10.0.0.0/8", "fd00::/8"]\n')
    assert written.notify.allow == ("10.0.0.0/8", "fd00::/8")
    assert loaded(tmp_path, NURTURE_NOTIFY_ALLOW="10.0.0.0/8, fd00::/8").notify.allow == written.notify.allow


def test_the_secret_of_webhooks_comes_from_the_environment_and_has_its_shape(tmp_path: Path) -> None:
    secret = "whsec_" + "A" * 32
    assert loaded(tmp_path).webhook_secret == ""
    both = f"{secret}, {secret}"
    assert loaded(tmp_path, NURTURE_WEBHOOK_SECRET=both).webhook_secret == both
    assert "NURTURE_WEBHOOK_SECRET" in refused(tmp_path, f'webhook_secret = "{secret}"\n' + LEAST)
    for bad in ("geheim", "whsec_", "whsec_" + "A" * 33, "whsec_" + "A" * 28, f"{secret},x"):
        said = refused(tmp_path, NURTURE_WEBHOOK_SECRET=bad)
        assert "openssl rand -base64 32" in said
        assert bad not in said.replace("whsec_$(", "")
