"""Whom newly applied files may move: put on the agenda, so that they are reviewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import ColumnElement

