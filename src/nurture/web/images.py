"""The workspace's pictures, served to whoever reads a message."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.runner.images import HASH_DIGITS, IMAGES, LARGEST
from nurture.settings.brand import IMAGE_NAME

_SERVED = re.compile(
    rf"(?P<stem>[A-Za-z0-9_/-]+)(?:\.(?P<hash>[0-9a-f]{{{HASH_DIGITS}}}))?\.(?P<ending>[A-Za-z]+)"
)
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
_STARTS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_KEPT_BYTES = 32_000_000
_FOR_EVER = "public, max-age=31536000, immutable"
_A_MINUTE = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class _Picture:
    content: bytes
    hash: str
    kind: str
    stamp: tuple[int, int]


class Images:
    """Answers /images/NAME.HASH.ENDING from templates/images/. Those asked for last are kept in memory."""

    def __init__(self, workspace: Path) -> None:
        self._root = workspace / IMAGES
        self._kept: OrderedDict[str, _Picture] = OrderedDict()
        self._lock = Lock()

    def routes(self) -> list[Route]:
        """Where they are asked for."""
        return [Route("/images/{name:path}", self.image, methods=["GET", "HEAD"])]

    async def image(self, request: Request) -> Response:
        """One picture. An old hash gives what the file holds now: better than a hole in an old message."""
        match = _SERVED.fullmatch(request.path_params["name"])
        name = f"{match['stem']}.{match['ending']}" if match else ""
        found = await run_in_threadpool(self._find, name) if match and IMAGE_NAME.fullmatch(name) else None
        if match is None or found is None:
            return Response(status_code=404, headers={"cache-control": _A_MINUTE})
        same = match["hash"] == found.hash
        headers = {
            "cache-control": _FOR_EVER if same else _A_MINUTE,
            "etag": f'"{found.hash}"',
            "x-content-type-options": "nosniff",
            # Webmail shows it from pages of its own.
            "cross-origin-resource-policy": "cross-origin",
        }
        if request.headers.get("if-none-match") == f'"{found.hash}"':
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.kind, headers=headers)

    def _find(self, name: str) -> _Picture | None:
        path = self._root / name
        try:
            # No link, nor a folder that is one, may lead out of the workspace's pictures.
            if path.resolve() != self._root.resolve() / name or not path.is_file():
                return None
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            with self._lock:
                kept = self._kept.get(name)
                if kept is not None and kept.stamp == stamp:
                    self._kept.move_to_end(name)
                    return kept
            if stat.st_size > LARGEST:
                return None
            content = path.read_bytes()
        except (OSError, ValueError):
            return None
        kind = _TYPES[name.rpartition(".")[2].lower()]
        if not content.startswith(_STARTS[kind]):
            return None
        found = _Picture(content, hashlib.sha256(content).hexdigest()[:HASH_DIGITS], kind, stamp)
        self._keep(name, found)
        return found

    def _keep(self, name: str, found: _Picture) -> None:
        with self._lock:
            self._kept[name] = found
            self._kept.move_to_end(name)
            while sum(len(it.content) for it in self._kept.values()) > _KEPT_BYTES:
                self._kept.popitem(last=False)
