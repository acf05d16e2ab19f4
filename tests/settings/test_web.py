"""[web] of nurture.toml: who may read the figures besides this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import Settings, load

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'


def loaded(folder: Path, web: str, **variables: str) -> Settings:
    (folder / "nurture.toml").write_text(f"{LEAST}[web]\n{web}\n")
    return load(folder, {"NURTURE_SECRET": "for a test", **variables})


def test_nobody_else_may_unless_a_network_is_named(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").web.metrics_from == ()
    assert loaded(tmp_path, 'metrics_from = ["10.0.0.0/8"]').web.metrics_from == ("10.0.0.0/8",)
    several = loaded(tmp_path, "", NURTURE_WEB_METRICS_FROM="10.0.0.0/8, fd00::/8")
    assert several.web.metrics_from == ("10.0.0.0/8", "fd00::/8")


def test_what_is_no_network_is_named_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'"10\.0\.0\.0/8"') as caught:
        loaded(tmp_path, 'metrics_from = ["prometheus.shop.example"]')
    assert "metrics_from" in str(caught.value)
    assert "prometheus.shop.example" in str(caught.value)
