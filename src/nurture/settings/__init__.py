"""nurture.toml and the NURTURE_ variables, read once into frozen values."""

from nurture.settings.parts import Limits, Notify, Sender, Topic, Web
from nurture.settings.reading import FILE_NAME, SECRET_FILE, find_workspace, load
from nurture.settings.relays import Relay
from nurture.settings.whole import PROVIDERS, Settings

__all__ = [
    "FILE_NAME", "PROVIDERS", "SECRET_FILE", "Limits", "Notify", "Relay", "Sender", "Settings", "Topic", "Web",
    "find_workspace", "load",
]  # fmt: skip
