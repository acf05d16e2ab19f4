"""Pictures of the workspace are served, and nothing else of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nurture.runner.images import addresses, others
from support.site import HERE, Site

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "

REFUSED = [
    "nothing.png", "../../nurture.toml", "%2e%2e/%2e%2e/nurture.toml", "..%2f..%2fsecret.png", "linked.png",
    "out/secret.png", "page.html", "logo.svg", "script.png", "inner", "inner/", ".hidden.png", "logo.png/",
    "logo.png%00", "a" * 300 + ".png", "a%0ab.png", "big.png", "", "logo.0123456789ab.0123456789ab.png",
]  # fmt: skip


@pytest.fixture
def images(site: Site) -> Path:
    folder = site.deps.settings.workspace / "templates" / "images"
    (folder / "inner").mkdir(parents=True)
    (folder / "logo.png").write_bytes(PNG)
    (folder / "inner" / "a-b.webp").write_bytes(WEBP)
    return folder


def test_a_picture_is_served_under_the_address_that_messages_name(site: Site, images: Path) -> None:
    served = addresses(site.deps.settings.workspace, HERE)
    assert sorted(served) == ["inner/a-b.webp", "logo.png"]
    answer = site.client.get(served["logo.png"])
    assert (answer.status_code, answer.content) == (200, PNG)
    assert (
        answer.headers["content-type"] == "image/png"
        and answer.headers["x-content-type-options"] == "nosniff"
    )
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = site.client.get(served["logo.png"], headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = site.client.head(served["inner/a-b.webp"])
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "image/webp")


def test_an_old_message_shows_what_the_file_holds_now_and_a_new_one_another_address(
    site: Site, images: Path
) -> None:
    old = addresses(site.deps.settings.workspace, HERE)["logo.png"]
    assert site.client.get(old).content == PNG
    (images / "logo.png").write_bytes(PNG + b"new")
    new = addresses(site.deps.settings.workspace, HERE)["logo.png"]
    answer = site.client.get(old)
    assert new != old and answer.content == PNG + b"new"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert "immutable" in site.client.get(new).headers["cache-control"]


def test_nothing_else_is_served(site: Site, images: Path) -> None:
    workspace = site.deps.settings.workspace
    (workspace / "nurture.toml").write_bytes(PNG)
    (workspace / "secret.png").write_bytes(PNG)
    (images / "page.html").write_text("<script>alert(1)</script>")
    (images / "logo.svg").write_text("<svg onload='alert(1)'/>")
    (images / "script.png").write_text("<script>alert(1)</script>")
    (images / ".hidden.png").write_bytes(PNG)
    with (images / "big.png").open("wb") as file:
        file.write(PNG)
        os.truncate(file.fileno(), 5_000_001)
    (images / "linked.png").symlink_to(workspace / "secret.png")
    (images / "out").symlink_to(workspace)
    for name in REFUSED:
        answer = site.client.get(f"{HERE}/images/{name}")
        assert answer.status_code == 404 and b"PNG" not in answer.content, name
    assert sorted(addresses(workspace, HERE)) == ["inner/a-b.webp", "logo.png", "script.png"]


def test_files_that_are_not_served_are_named_with_the_reason(site: Site, images: Path) -> None:
    (images / "logo.svg").write_text("<svg/>")
    (images / "our logo.png").write_bytes(PNG)
    (images / ".DS_Store").write_bytes(b"")
    assert [name for name, _ in others(site.deps.settings.workspace)] == ["logo.svg", "our logo.png"]
