"""nurture dkim new: a key that signs mail, and the DNS record that publishes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nurture.cli.console import Json, Workspace, print_json, say, tell
from nurture.errors import UsageError, WorkspaceError
from nurture.messages.dkim_record import in_strings, record_of
from nurture.settings import find_workspace, load
from nurture.settings.dkim_keys import PrivateKey
from nurture.settings.signing import domain_of, is_domain, is_selector

FOLDER = "keys"
_BITS = 2048
"""More does not fit into one UDP answer, and takes five times as long to sign."""

_dkim = typer.Typer(help="Keys that sign mail (DKIM).", no_args_is_help=True, rich_markup_mode=None)


@_dkim.command()
def new(
    selector: Annotated[
        str,
        typer.Option("--selector", metavar="S", help="The key's name in DNS; else n1, or e1 with --ed25519."),
    ] = "",
    domain: Annotated[
        str, typer.Option("--domain", metavar="D", help="The domain that signs; else that of [sender] from.")
    ] = "",
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="A second key, to sign with beside the RSA key.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Make a key that signs mail, and show the DNS record to publish.

    The key goes to keys/ of the workspace, readable by its owner alone. No file is written over, and nurture.toml is
    not changed: the lines for it are shown.
    """
    folder = workspace if workspace is not None else find_workspace(Path.cwd())
    settings = load(folder)
    own = settings.dkim.domain or domain_of(settings.sender.from_)
    domain = (domain or own).lower()
    selector = (selector or ("e1" if ed25519 else "n1")).lower()
    if not is_domain(domain):
        raise UsageError(f"{domain!r} is no domain", where="--domain", remedy="Write it as shop.example")
    if not is_selector(selector):
        raise UsageError(
            f"{selector!r} is no selector",
            where="--selector",
            remedy="Write letters, digits and hyphens, such as n2",
        )
    key: PrivateKey = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, _BITS)
    name = f"{FOLDER}/{selector}.{domain}.pem"
    _write(folder / name, key)
    record_name, record = f"{selector}._domainkey.{domain}", record_of(key)
    lines = _lines("" if domain == own else domain, selector, name, ed25519=ed25519)
    if as_json:
        print_json(
            {
                "domain": domain,
                "selector": selector,
                "file": str(folder / name),
                "record": {
                    "name": record_name,
                    "type": "TXT",
                    "value": record,
                    "strings": in_strings(record),
                },
                "settings": "\n".join(lines),
            }
        )
        return
    tell(f"Made {name}, readable by its owner alone.\n\nPublish this record:")
    say(f"{record_name}. TXT {in_strings(record)}")
    tell("\nand write in nurture.toml:")
    say("\n".join(lines))
    tell("\nWhen the record can be seen everywhere (nurture doctor looks), start nurture again.")


def _write(path: Path, key: PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WorkspaceError(
            "there is a key already, and it is not written over",
            where=str(path),
            remedy="Give the new one another name: --selector n2",
        ) from None
    except OSError as error:
        raise WorkspaceError(f"no key can be written: {error.strerror}", where=str(path)) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def _lines(section: str, selector: str, file: str, *, ed25519: bool) -> list[str]:
    prefix = "ed25519_" if ed25519 else ""
    return [
        f'[dkim."{section}"]' if section else "[dkim]",
        f'{prefix}selector = "{selector}"',
        f'{prefix}key_file = "{file}"',
    ]


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.add_typer(_dkim, name="dkim")
