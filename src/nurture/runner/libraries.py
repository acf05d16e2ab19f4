"""The templates of a workspace with all that goes into them: brand, pictures, questions."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.questions_file import questions_in
from nurture.messages.headers import read_mailbox
from nurture.messages.library import Library
from nurture.messages.utm import Tags
from nurture.runner.files import TEMPLATES, part
from nurture.runner.images import addresses
from nurture.settings import Settings
from nurture.settings.brand import Brand

# Nothing is empty of which a template may make a link: nurture.toml has mistakes of its own then.
_ANYBODY = Brand(name="A shop", url="https://shop.example/").words(address="1 Main Street")


def tags_of(settings: Settings) -> Tags | None:
    """What is added to links; None: nothing."""
    it = settings.links
    return Tags(source=it.utm_source, ours=settings.web.public_url) if it.utm else None


def library_of(settings: Settings | None, files: Mapping[str, str]) -> Library:
    """What messages are compiled from; `files` are those of the workspace. Without settings: anybody's brand."""
    sources, questions = part(files, TEMPLATES), questions_in(files)
    if settings is None:
        return Library(sources, questions, brand=_ANYBODY)
    images = addresses(settings.workspace, settings.web.public_url)
    name, email = read_mailbox(settings.sender.from_)
    brand = settings.brand.words(name or email, settings.sender.address, images)
    return Library(sources, questions, brand=brand, images=images, tags_links=settings.links.utm)
