"""Lifecycle e-mail as files: who is where, what they hear next, sent once."""

__version__ = "0.1.0"
