"""[mail_in] and [mail_in.imap]."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import Settings, load

SENDER = '[sender]\nfrom = "Corner Shop <hello@shop.example>"\naddress = "1 Main Street"\n'
IMAP = '[mail_in.imap]\nhost = "imap.shop.example"\nuser = "bounces@shop.example"\n'


def read(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(SENDER + text)
    return load(folder, environ)


def test_nothing_comes_in_unless_it_is_asked_for(tmp_path: Path) -> None:
    settings = read(tmp_path, '[bounces]\ndomain = "bounces.shop.example"\n')
    assert not settings.mail_in.is_set_up and not settings.mail_is_read


@pytest.mark.parametrize("text", ['[mail_in]\nlisten = "127.0.0.1:2526"\n', IMAP])
def test_with_a_domain_for_bounces_mail_to_it_may_be_asked_for(tmp_path: Path, text: str) -> None:
    assert not read(tmp_path, text).mail_is_read
    assert read(tmp_path, '[bounces]\ndomain = "bounces.shop.example"\n' + text).mail_is_read


def test_the_password_comes_from_the_environment_alone(tmp_path: Path) -> None:
    imap = read(
        tmp_path, IMAP, NURTURE_MAIL_IN_IMAP_PASSWORD="secret", NURTURE_MAIL_IN_IMAP_EVERY="2 minutes"
    ).mail_in.imap
    assert imap is not None
    assert (imap.password, imap.seconds, imap.at_port, imap.done) == ("secret", 120, 993, "nurture/done")
    assert "secret" not in repr(imap)
    with pytest.raises(SettingsError, match="NURTURE_MAIL_IN_IMAP_PASSWORD"):
        read(tmp_path, IMAP + 'password = "secret"\n')


def test_a_variable_may_hold_what_the_file_leaves_out(tmp_path: Path) -> None:
    mail_in = read(
        tmp_path,
        "",
        NURTURE_MAIL_IN_LISTEN="[::1]:2526",
        NURTURE_MAIL_IN_ADDRESSES="Help@shop.example, a@b.example",
    ).mail_in
    assert mail_in.host_and_port == ("::1", 2526)
    assert mail_in.addresses == ("help@shop.example", "a@b.example")


def test_the_mailbox_that_is_polled_is_known(tmp_path: Path) -> None:
    settings = read(tmp_path, '[mail_in]\naddresses = ["help@shop.example"]\n' + IMAP)
    assert settings.reads_mailbox_of("Bounces@shop.example") and settings.reads_mailbox_of(
        "help@shop.example"
    )
    assert not settings.reads_mailbox_of("hello@shop.example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[mail_in]\nlisten = "2526"\n', "write HOST:PORT, such as 127.0.0.1:2526"),
        ('[mail_in]\nprotocol = "imap"\n', "lmtp"),
        ('[mail_in]\naddresses = ["help"]\n', "write addresses, such as help@shop.example"),
        (IMAP + 'every = "often"\n', 'write it as "30 seconds"'),
        ('[mail_in.imap]\nhost = "imap.shop.example"\n', "mail_in.imap.user is missing"),
        ("[mail_in]\nlisen = 1\n", "listen"),
    ],
)
def test_a_mistake_is_said_with_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
