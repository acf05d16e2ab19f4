"""With `[links] utm = true` a click leads on with UTM parameters, whatever the link is made of."""

from __future__ import annotations

from pathlib import Path

from nurture.clock import HOUR
from nurture.delivery.outcome import MessageKey
from nurture.messages.urls import Urls
from nurture.store.engine import open_store
from support.corner import START, files, opened
from support.site import browser

CAMPAIGN = {
    "hello": "name: Hello\nstage: prospect\ntopic: offers\nwindow: any time\nsequence:\n  - send: one\n"
}
BODY = (
    "subject: one\n\n[a](https://shop.example/sale?x=1#top) [b](https://shop.example/{{ contact.country }})\n"
    '<a data-untracked href="https://shop.example/plain">c</a>\n'
)


def test_a_click_leads_on_with_the_campaign_and_the_message(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, now=0, durable=False)
    links = {"utm": True, "utm_source": "corner"}
    with opened(store, tmp_path, files(CAMPAIGN, {"one": BODY}), links=links) as corner:
        corner.contact("ann@example.test", country="DE")
        corner.until(START + HOUR)
        deps = corner.app.web(corner.world)
        ((entry, step),) = corner.rows("SELECT enrollment_id, step_no FROM messages")
        urls = Urls(deps.settings.web.public_url, deps.signer).of(MessageKey(entry, step))
        with browser(deps) as client:
            led = [client.get(urls.click(no)).headers["location"] for no in (1, 1, 2)]
            page = client.get(urls.view).text
    store.close()
    tags = "utm_source=corner&utm_medium=email&utm_campaign=hello&utm_content=one"
    assert led == [f"https://shop.example/sale?x=1&{tags}#top"] * 2 + [f"https://shop.example/DE?{tags}"]
    # The page is rendered by a helper process, from the facts of now.
    assert 'href="https://shop.example/plain' in page
