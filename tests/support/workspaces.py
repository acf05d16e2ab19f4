"""Fixtures: a workspace as `nurture init` makes it, and a small shop's with people, goods and orders in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.cli import Nurture, copy_of

CONTACTS = """\
email,first_name,created_at
ann@example.test,Ann,2017-01-02
bob@example.test,Bob,2017-01-03
cleo@example.test,Cleo,2017-01-04
"""
PRODUCTS = """\
sku,name,line,price
R-1,Roses,FLORAL,10
R-2,Tulips,FLORAL,6
S-1,Salmon,SEAFOOD,15
"""
ORDERS = """\
order_id,email,ordered_at,sku,quantity,amount
o1,ann@example.test,2017-01-10 10:00,R-1,1,10.00
o2,ann@example.test,2017-01-20 10:00,S-1,1,15.00
o3,bob@example.test,2017-01-15 10:00,R-2,2,12.00
"""
EVENTS = """\
id,email,name,at
e1,cleo@example.test,viewed_product,2017-01-05 12:00
"""
LINES = (
    "lines: [PRODUCE, MEAT, DELI, PASTRY, SEAFOOD, SALAD BAR, NUTRITION, FLORAL, COSMETICS, GARDEN CENTER]"
)


@pytest.fixture(scope="session", autouse=True)
def _nothing_said_from_outside() -> None:
    """Variables of the person who runs the tests are no part of them."""
    for name in [name for name in os.environ if name.startswith("NURTURE_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `nurture init` makes, once, and with its templates compiled, as after any command; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    Nurture(folder).ok("init", "workspace")
    Nurture(folder / "workspace").ok("check")
    return folder / "workspace"


@pytest.fixture(scope="session")
def shop(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three contacts, their orders and January 2017 replayed; not to be changed."""
    nurture = copy_of(made, tmp_path_factory.mktemp("shop") / "workspace")
    nurture.edit("campaigns/customer/cross-sell.yaml", LINES, "lines: each")
    for kind, text in (
        ("contacts", CONTACTS),
        ("products", PRODUCTS),
        ("orders", ORDERS),
        ("events", EVENTS),
    ):
        file = nurture.file(f"{kind}.csv", text)
        nurture.ok("import", kind, file, *(("--consent", "loyalty card") if kind == "contacts" else ()))
    nurture.ok("replay", "--from", "2017-01-01", "--to", "2017-02-01", "--step", "6")
    return nurture.workspace


@pytest.fixture
def nurture(made: Path, tmp_path: Path) -> Nurture:
    """The command line in a new workspace with the sample campaigns, without a contact."""
    return copy_of(made, tmp_path / "workspace")


@pytest.fixture
def in_shop(shop: Path, tmp_path: Path) -> Nurture:
    """The command line in the small shop's workspace."""
    return copy_of(shop, tmp_path / "shop")
