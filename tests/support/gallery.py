"""Draws the sample's pictures and takes the gallery's, by day and night, on a desk and on a phone.

    PYTHONPATH=tests .venv/bin/python -m support.gallery

writes templates/images/*.png (from the drawings beside this file), docs/images/gallery/*.webp, docs/gallery.md and
docs/images/message.png.
Names of messages behind it: only these are taken anew.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, Route

from nurture.journeys.campaign import Campaign
from nurture.journeys.steps.send import SendStep
from support.browsers import chromium
from support.sample_letters import FILES, LETTERS, LIBRARY, ROOT, ann, book, render

DRAWINGS = Path(__file__).parent / "drawings"
IMAGES = ROOT / "templates/images"
PICTURES = ROOT / "docs/images/gallery"
DESK, PHONE = 700, 375
QUALITY = 78
STAGES = {
    "prospect": "People who have bought nothing yet",
    "customer": "Customers",
    "client": "Regulars",
    "lapsed": "Those who stay away",
    "": "About an address",
}


def intro() -> str:
    """The first lines of docs/gallery.md."""
    return f"""\
# The gallery

The {len(LIBRARY.names())} messages that come along with every new workspace, as people see them: on a desk and on a
phone, by day and in dark mode. Each is a file in [`templates/email/`](../templates/email), ready to be sent once you
have put your own colours and logo into `[brand]` of `nurture.toml`, and your own words in the place of ours.
[Templates](templates.md) tells how.

They are made of a few pieces, which every message can use without an import:

| write | to get |
|---|---|
| `{{{{ button("Start a basket", "https://…") }}}}` | the one thing that the message asks for |
| `{{{{ choice("Yes, show me", "https://…") }}}}` | one of several ways to go, over the full width |
| `{{{{ coupon(offer) }}}}` | what is offered, the code and its last day; nothing where nobody is offered anything |
| `{{{{ products(recommend(3)) }}}}` | up to three products with picture and price; nothing where there are none |
| `{{{{ product_card(product) }}}}` | one of them |
| `{{{{ survey(question("how-was-it")) }}}}` | a question's answers to tap on, in words or as a scale |
| `{{{{ point("images/list.png", "Choose", "Fill a basket.") }}}}` | a step or a reason, with a small picture |
| `{{{{ quote("…", "who said it") }}}}` | a sentence that stands out |
| `{{{{ divider() }}}}` | a line with air above and below |
| `{{{{ signature("Thank you,") }}}}` | the end of a letter |
| `{{{{ hero("images/basket.png") }}}}` | a picture over the whole sheet, in `{{% block hero %}}` |

They live in [`templates/email/macros/`](../templates/email/macros): change one, and every message has it.

The pictures in the messages are drawn for this kit and may be used freely. The products are made up.
"""


def page_of() -> str:
    """What stands below: every message, by stage and campaign."""
    told: list[str] = []
    for folder, title in STAGES.items():
        told.append(f"\n## {title}\n")
        for campaign, names in _campaigns(folder):
            if campaign is not None:
                told.append(f"\n**{campaign.name}**\n")
            told += [_entry(name, locale) for name, locale in LETTERS if name in names]
    return "".join(told)


def _campaigns(folder: str) -> list[tuple[Campaign | None, tuple[str, ...]]]:
    if not folder:
        sent = {name for it in book().campaigns.values() for name in _sent(it)}
        return [(None, tuple(name for name in LIBRARY.names() if name not in sent))]
    inside = [Path(path).stem for path in FILES if path.startswith(f"campaigns/{folder}/")]
    return [(book().campaigns[key], tuple(_sent(book().campaigns[key]))) for key in inside]


def _sent(campaign: Campaign) -> Iterator[str]:
    for node in campaign.program.nodes.values():
        if isinstance(node.step, SendStep):
            yield from node.step.templates


def _entry(name: str, locale: str) -> str:
    subject = render(name, locale, ann(name, locale)).subject
    file = _file(name, locale)
    source = LIBRARY.source(name, locale).path
    return (
        f"\n{subject} · [`{source}`](../templates/email/{source})\n\n"
        f"[![{subject}](images/gallery/{file})](images/gallery/{file})\n"
    )


def _file(name: str, locale: str) -> str:
    return f"{name}.{locale}.webp" if locale else f"{name}.webp"


def draw(browser: Browser) -> None:
    """The pictures in the messages, from their drawings."""
    for drawing in sorted(DRAWINGS.glob("*.svg")):
        svg = drawing.read_text()
        size = re.search(r'width="(\d+)" height="(\d+)"', svg)
        assert size, drawing
        page = browser.new_page(viewport={"width": int(size[1]), "height": int(size[2])})
        page.set_content(f"<body style='margin:0;line-height:0'>{svg}</body>")
        page.screenshot(path=IMAGES / f"{drawing.stem}.png", omit_background=True)
        page.close()


def _give_image(route: Route) -> None:
    """The server's /images/NAME.HASH.png from the folder; nothing else is there."""
    match = re.search(r"/images/([a-z-]+)\.[0-9a-f]+\.png$", route.request.url)
    if match:
        route.fulfill(path=IMAGES / f"{match[1]}.png")
    else:
        route.abort()


def shoot(browser: Browser, html: str, width: int, *, dark: bool) -> bytes:
    """The whole message as PNG."""
    page = browser.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": width, "height": 300}
    ).new_page()
    page.route("http*://**/*", _give_image)
    page.set_content(html, wait_until="load")
    shot = page.screenshot(full_page=True)
    page.context.close()
    return shot


def four_views(browser: Browser, html: str) -> bytes:
    """Desk and phone by day, desk and phone by night, side by side, as WebP."""
    shots = [shoot(browser, html, width, dark=dark) for dark in (False, True) for width in (DESK, PHONE)]
    page = browser.new_page(viewport={"width": 2 * (DESK + PHONE) + 5 * 28, "height": 300})
    page.set_content(_side_by_side(shots))
    found = webp(page)
    page.close()
    return found


def for_the_readme(browser: Browser) -> bytes:
    """One message by day on a desk and by night on a phone, as PNG."""
    html = render("first-order", "", ann("first-order", "")).html
    shots = (shoot(browser, html, 680, dark=False), shoot(browser, html, PHONE, dark=True))
    page = browser.new_page(viewport={"width": 680 + PHONE + 3 * 28, "height": 300})
    page.set_content(_side_by_side(shots))
    found = page.locator("#all").screenshot()
    page.close()
    return found


def _side_by_side(shots: Sequence[bytes]) -> str:
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(it).decode()}" style="border-radius:12px">'
        for it in shots
    )
    return (
        f'<body style="margin:0"><div id="all" style="display:flex;gap:28px;padding:28px;background:#bdbab2;'
        f'align-items:flex-start">{images}</div></body>'
    )


def webp(page: Page) -> bytes:
    """The whole page; playwright itself knows no WebP."""
    box = page.locator("#all").bounding_box()
    assert box
    clip = {**box, "scale": 1}
    session = page.context.new_cdp_session(page)
    shot = session.send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True},
    )
    return base64.b64decode(shot["data"])


def main(wanted: list[str]) -> None:
    """Make all of it anew, or the pictures of some messages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        if not wanted:
            draw(browser)
            for old in PICTURES.iterdir():
                old.unlink()
        for name, locale in LETTERS:
            if not wanted or name in wanted:
                html = render(name, locale, ann(name, locale)).html
                (PICTURES / _file(name, locale)).write_bytes(four_views(browser, html))
        (ROOT / "docs/images/message.png").write_bytes(for_the_readme(browser))
    (ROOT / "docs/gallery.md").write_text(intro() + page_of())


if __name__ == "__main__":
    main(sys.argv[1:])
