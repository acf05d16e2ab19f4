"""Bad input ends in a clear error that says what, where and how to put it right, with nothing lost or half done."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from support.cli import PROGRAM, Nurture, Ran, environment
from support.lacking import lacking

PEOPLE = "email,first_name\nann@example.test,Ann\n"


def said(ran: Ran, *words: str, status: int = 1) -> None:
    """The error has these words, and neither a traceback nor anything on standard output."""
    assert ran.status == status, ran
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err, ran.err
    assert ran.err.startswith("error: ")
    assert ran.out == ""


def contacts(nurture: Nurture) -> list[str]:
    with sqlite3.connect(nurture.workspace / "nurture.db") as database:
        found = [row[0] for row in database.execute("SELECT email FROM contacts ORDER BY email")]
    database.close()
    return found


# files to import


def test_a_csv_with_a_wrong_header_names_the_column_that_is_missing_and_the_one_that_may_be_meant(
    nurture: Nurture,
) -> None:
    file = nurture.file("people.csv", "e_mail,first_name\nann@example.test,Ann\n")
    ran = nurture("import", "contacts", file)
    said(ran, f"{file}: a file of contacts needs email", "e_mail, first_name", "Nothing was imported")
    assert "Is 'e_mail' meant to be 'email'?" in ran.err
    assert contacts(nurture) == []


def test_rows_that_cannot_be_taken_are_listed_with_line_and_reason_and_the_others_go_in(
    nurture: Nurture,
) -> None:
    rows = [
        "email,first_name,created_at",
        "ann@example.test,Ann,2017-01-02",
        ",Nobody,2017-01-02",
        "not an address,Bob,2017-01-02",
        "cleo@example.test,Cleo,2999-01-01",
        "dora@example.test,Dora,last week",
    ]
    file = nurture.file("people.csv", "\n".join(rows))
    ran = nurture("import", "contacts", file, "--consent", "sign-up")
    assert ran.status == 1
    assert ran.out == "people.csv: 1 rows taken, 0 unchanged, 4 rejected\n"
    assert f"what was rejected, and why: {file}.rejects.csv" in ran.err
    rejected = Path(f"{file}.rejects.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in rejected[1:]] == ["3", "4", "5", "6"]
    assert "future" in rejected[3]
    assert contacts(nurture) == ["ann@example.test"]


def test_rejected_rows_that_were_put_right_go_in_from_the_same_file(nurture: Nurture) -> None:
    file = nurture.file("people.csv", PEOPLE + "bob,Bob\n")
    assert nurture("import", "contacts", file).status == 1
    rejects = Path(f"{file}.rejects.csv")
    rejects.write_text(rejects.read_text().replace("bob,Bob", "bob@example.test,Bob"))
    nurture.ok("import", "contacts", rejects)
    assert contacts(nurture) == ["ann@example.test", "bob@example.test"]


def test_a_broken_gzip_says_how_far_it_was_read_and_that_again_is_harmless(nurture: Nurture) -> None:
    rows = "".join(f"person{number}@example.test,P{number * 7919}\n" for number in range(20_000))
    packed = gzip.compress(("email,first_name\n" + rows).encode())
    file = nurture.file("people.csv.gz", packed[: len(packed) // 2])
    ran = nurture("import", "contacts", file)
    assert ran.status == 1
    assert "the compression breaks off soon after line" in ran.err
    assert "Importing it again is harmless" in ran.err
    assert "Traceback" not in ran.err
    nurture.file("people.csv.gz", packed)
    nurture.ok("import", "contacts", file)
    assert len(contacts(nurture)) == 20_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("people.xlsx", b"PK\x03\x04rest", "this is an Excel or zip file"),
        ("people.csv", "email,first_name\nann@example.test,Jos\xe9\n".encode("latin-1"), "is not UTF-8"),
        ("people.json", b"[1, 2]", "a file of contacts needs email"),
    ],
)
def test_a_file_of_another_kind_is_refused(nurture: Nurture, name: str, content: bytes, words: str) -> None:
    file = nurture.file(name, content)
    ran = nurture("import", "contacts", file)
    said(ran, words, str(file))
    assert contacts(nurture) == []


@pytest.mark.parametrize(
    ("path", "words"), [("missing.csv", "No such file"), ("campaigns", "Is a directory")]
)
def test_a_file_that_is_not_there_or_is_a_folder_is_named(nurture: Nurture, path: str, words: str) -> None:
    said(nurture("import", "contacts", path), path, words)


def test_of_several_files_one_that_is_missing_is_named_before_any_is_taken(nurture: Nurture) -> None:
    file = nurture.file("people.csv", PEOPLE)
    said(nurture("import", "contacts", file, "missing.csv"), "missing.csv: this file cannot be read")
    assert contacts(nurture) == []


def test_a_date_of_an_option_that_is_none_is_wrong_usage(nurture: Nurture) -> None:
    file = nurture.file("people.csv", PEOPLE)
    said(nurture("import", "contacts", file, "--since", "long ago"), "--since", "2026-03-02", status=2)
    assert contacts(nurture) == []


# campaigns and templates


def test_check_names_all_mistakes_of_all_files_in_one_run(nurture: Nurture) -> None:
    nurture.file(
        "campaigns/prospect/typo.yaml", "stage: prospect\ntopic: offers\nsequnce:\n  - send: welcome\n"
    )
    nurture.file(
        "campaigns/customer/loyalty.yaml", (nurture.workspace / "campaigns/client/loyalty.yaml").read_bytes()
    )
    nurture.file("templates/email/card.md", "subject: Hi {{ stage.nam }}\n\n{{ ordrs.count }} {{ stag }}\n")
    nurture.file("templates/email/latin.md", b"subject: Caf\xe9\n\nHello\n")
    nurture.file("templates/email/Old.htm", "<p>Hello</p>")
    nurture.edit("nurture.toml", "timezone", "timezne")
    ran = nurture("check", "--json")
    assert ran.status == 1
    found = [(it["path"], it["line"], it["code"], it["severity"]) for it in ran.document["findings"]]
    assert found == [
        ("campaigns/customer/loyalty.yaml", 0, "campaign-twice", "error"),
        ("campaigns/prospect/typo.yaml", 3, "unknown-key", "error"),
        ("nurture.toml", 2, "settings", "error"),
        ("templates/email/Old.htm", 0, "not-read", "warning"),
        ("templates/email/card.md", 1, "template", "error"),
        ("templates/email/card.md", 3, "template", "error"),
        ("templates/email/card.md", 3, "template", "error"),
        ("templates/email/latin.md", 1, "not-utf-8", "error"),
    ]


def test_a_fact_that_does_not_exist_is_shown_in_its_line_with_a_caret(nurture: Nurture) -> None:
    nurture.file("templates/email/card.md", "subject: Hi\n\nYou came {{ orders.cuont }} times\n")
    ran = nurture("check")
    assert ran.status == 1
    assert (
        'templates/email/card.md:3:20: "orders" has no "cuont"\n'
        "    3 | You came {{ orders.cuont }} times\n"
        '      |                    ^^^^^ did you mean "count"?\n'
    ) in ran.out


def test_an_attribute_that_no_contact_has_is_a_warning(nurture: Nurture) -> None:
    nurture.file("templates/email/card.md", "subject: Hi\n\nDear {{ contact.frist_name }}\n")
    assert (
        "templates/email/card.md:3:17: warning: no contact has a frist_name\n"
        "    3 | Dear {{ contact.frist_name }}\n"
        '      |                 ^^^^^^^^^^ did you mean "first_name"?\n'
    ) in nurture.ok("check").out


def test_with_mistakes_in_the_files_nothing_is_put_into_force(nurture: Nurture) -> None:
    nurture.edit("campaigns/prospect/introductory-offer.yaml", "topic:", "topik:")
    ran = nurture("apply", "--yes")
    said(ran, "introductory-offer.yaml", 'did you mean "topic"?', "Nothing was changed.")
    assert "nothing is in force yet" in nurture("stages").err


def test_warnings_do_not_fail(nurture: Nurture) -> None:
    nurture.file("campaigns/notes.txt", "buy milk")
    ran = nurture.ok("check")
    assert "campaigns/notes.txt: warning: nobody reads this file" in ran.out
    assert "no errors, 1 warning" in ran.err
    nurture.ok("apply", "--yes")


def test_two_campaigns_with_one_name_are_refused_and_both_are_named(nurture: Nurture) -> None:
    shutil.copy(
        nurture.workspace / "campaigns/client/loyalty.yaml",
        nurture.workspace / "campaigns/prospect/loyalty.yaml",
    )
    ran = nurture("check")
    assert ran.status == 1
    assert 'two campaigns are called "loyalty"' in ran.out
    assert "campaigns/client/loyalty.yaml" in ran.out
    assert "campaigns/prospect/loyalty.yaml" in ran.out


def test_a_workspace_without_campaigns_says_so(nurture: Nurture) -> None:
    shutil.rmtree(nurture.workspace / "campaigns")
    for command in (["check"], ["apply", "--yes"], ["preview"], ["preview", "welcome", "--text"]):
        said(nurture(*command), "there is no folder campaigns/", "nurture init")


def test_a_link_that_leads_out_of_the_workspace_is_not_read(nurture: Nurture, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.md"
    secret.write_text("subject: secret\n\nsecret\n")
    (nurture.workspace / "templates/email/link.md").symlink_to(secret)
    ran = nurture("check")
    assert ran.status == 1
    assert "link.md: this is a link that leads out of the workspace" in ran.out


def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(nurture: Nurture) -> None:
    os.mkfifo(nurture.workspace / "templates/email/pipe.md")
    ran = nurture("check")
    assert ran.status == 1
    assert "pipe.md: this is no file that can be read" in ran.out


# settings


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("currency", "curency", ["nurture.toml:3:1: curency is not a setting", 'did you mean "currency"?']),
        ("listen =", "lisen =", ["web.lisen is not a setting", 'did you mean "listen"?']),
        ("New_York", "New_Yrok", ["there is no such time zone", 'did you mean "America/New_York"?']),
        ('provider = "inbox"', 'provider = "imbox"', ["provider cannot be 'imbox'", 'did you mean "inbox"?']),
        ("port = 2525", "port = 99999", ["relay.port cannot be 99999", "less than or equal to 65535"]),
        ("127.0.0.1:8025\"\n\n", "8025:\"\n\n", ["web.listen cannot be", "127.0.0.1:8025"]),
        ("hello@shop.example", "hello", ["sender.from cannot be", "Corner Shop <hello@shop.example>"]),
        ("connections = 10", 'password = "hunter2"', ["does not belong into a file", "NURTURE_RELAY_PASSWORD"]),
        ('currency = "USD"', 'secret = "x"', ["does not belong into a file", "NURTURE_SECRET"]),
        ('currency = "USD"', "currency = USD", ["nurture.toml:3:12: this is not TOML", "name = \"value\""]),
        ("[sender]", "[sendr]", ["sender is missing", "sendr is not a setting"]),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_shown_where_it_stands(
    nurture: Nurture, old: str, new: str, words: list[str]
) -> None:
    shutil.rmtree(nurture.workspace / "templates")
    nurture.edit("nurture.toml", old, new)
    ran = nurture("check")
    assert ran.status == 1
    for word in words:
        assert word in ran.out
    assert "hunter2" not in nurture("stages").err
    assert nurture("stages").err.startswith("error: nurture.toml")


def test_a_variable_that_cannot_be_used_is_named_and_not_the_file(
    nurture: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NURTURE_RELAY_PORT", "many")
    said(nurture("stages"), "NURTURE_RELAY_PORT: relay.port cannot be 'many'")


def test_all_faults_of_the_settings_are_said_at_once(nurture: Nurture) -> None:
    nurture.edit("nurture.toml", "timezone", "timezne")
    nurture.edit("nurture.toml", "port = 2525", "port = 0")
    said(nurture("report"), "timezne is not a setting", "relay.port cannot be 0")


# the workspace and the machine


def test_where_no_workspace_is_it_says_how_to_get_one(tmp_path: Path) -> None:
    said(Nurture(tmp_path)("stages"), "there is no nurture.toml in", "nurture init DIR")


def test_a_workspace_made_by_a_newer_version_is_left_alone(nurture: Nurture) -> None:
    database = sqlite3.connect(nurture.workspace / "nurture.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.execute("UPDATE marks SET value = '99.0' WHERE name = 'version'")
    database.commit()
    database.close()
    before = (nurture.workspace / "nurture.db").read_bytes()
    for command in (["stages"], ["run"], ["check"], ["init", "."]):
        said(
            nurture(*command), "the database was made by nurture 99.0", "Install that version or a later one"
        )
    assert (nurture.workspace / "nurture.db").read_bytes() == before


def test_a_database_that_is_none_is_left_alone(nurture: Nurture) -> None:
    (nurture.workspace / "nurture.db").write_bytes(b"these are my holiday notes, not a database\n" * 100)
    before = (nurture.workspace / "nurture.db").read_bytes()
    for command in (["stages"], ["run"], ["init", "."]):
        said(nurture(*command), "nurture.db: this file is not a nurture database")
    assert (nurture.workspace / "nurture.db").read_bytes() == before


def test_a_database_that_is_missing_can_be_made_anew(nurture: Nurture) -> None:
    (nurture.workspace / "nurture.db").unlink()
    said(nurture("stages"), "there is no database here", "nurture init")
    assert "The database could not be asked" in nurture.ok("check").err
    nurture.ok("init", ".")
    nurture.ok("apply", "--yes")


def test_a_key_that_is_missing_must_be_brought_back_and_none_is_made_up(nurture: Nurture) -> None:
    (nurture.workspace / "secret.key").unlink()
    said(nurture("stages"), "there is no key in secret.key", "Bring back the file")
    said(nurture("init", "."), "there is a workspace here already")
    assert not (nurture.workspace / "secret.key").exists()


def test_init_writes_over_nothing(nurture: Nurture, tmp_path: Path) -> None:
    said(nurture("init", "."), "there is a workspace here already")
    mine = tmp_path / "mine" / "campaigns" / "lifecycle.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    said(nurture("init", tmp_path / "mine"), "something called campaigns here already")
    assert mine.read_text() == "mine"
    file = nurture.file("file", "x")
    said(nurture("init", file / "below"), "no workspace can be made here")


def test_an_init_that_fails_leaves_nothing_in_the_way_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nurture = Nurture(tmp_path)
    monkeypatch.setenv("NURTURE_DATABASE", "postgresql://nobody@127.0.0.1:1/none")
    said(nurture("init", "shop"), "the database server cannot be reached")
    monkeypatch.delenv("NURTURE_DATABASE")
    nurture.ok("init", "shop")


def test_a_port_in_use_is_named_before_anything_is_sent(nurture: Nurture) -> None:
    nurture.ok("apply", "--yes")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        nurture.edit("nurture.toml", 'listen = "127.0.0.1:8025"', f'listen = "127.0.0.1:{port}"')
        said(nurture("run"), f"127.0.0.1:{port}: this port is in use by another program", "[web] listen")


def test_run_with_nothing_in_force_says_what_to_do(nurture: Nurture) -> None:
    said(nurture("run"), "nothing is in force yet", "nurture apply")


def read_only(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run nurture where `folder` lies on a disk that is mounted read-only; skips where that cannot be had."""
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    command = ["sh", "-c", mount, "sh", str(folder), str(PROGRAM), *map(str, arguments)]
    unshare = shutil.which("unshare")
    if unshare is None:
        lacking("there is no unshare here to make a read-only disk with")
    spaces = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    tried = subprocess.run([unshare, *spaces, "true"], capture_output=True, check=False)
    if tried.returncode:
        lacking("this machine lets nobody make a read-only disk")
    return subprocess.run(
        [unshare, *spaces, *command],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=60,
    )


@pytest.mark.nightly
def test_on_a_read_only_disk_every_command_says_so(nurture: Nurture) -> None:
    nurture.ok("apply", "--yes")
    before = (nurture.workspace / "nurture.db").read_bytes()
    for command in (["run"], ["import", "contacts", "people.csv"], ["init", nurture.workspace / "new"]):
        nurture.file("people.csv", PEOPLE)
        ran = read_only(
            nurture.workspace, *command, *([] if command[0] == "init" else ["-w", nurture.workspace])
        )
        assert ran.returncode == 1
        assert ran.stderr.startswith("error: ")
        assert "Traceback" not in ran.stderr
        assert "cannot be opened" in ran.stderr or "Read-only file system" in ran.stderr
    assert (nurture.workspace / "nurture.db").read_bytes() == before
