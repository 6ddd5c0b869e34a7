"""Static files under names that carry their content's hash: cached for ever, compressed once when first asked for."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import brotli
from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from server.config import WEB
from server.edge.access import Audience, allow
from server.errors import NotFound

COMPRESSIBLE = {
    "text/css",
    "text/javascript",
    "image/svg+xml",
    "application/json",
    "application/manifest+json",
}
FOR_EVER = "public, max-age=31536000, immutable"
# One request instead of several on a network where each costs half a second.
BUNDLES = {
    "js/htmx.js": ("vendor/htmx.min.js", "vendor/hx-csp.min.js"),
    "js/page.js": ("js/app.js", "js/lines.js", "js/offline.js", "js/outbox.js"),
}
# What only its readers need travels to nobody.
COMMENT_LINES = re.compile(rb"(?m)^\s*//.*\n")
# What other sites may show: the picture beside a shared link.
FOR_OTHERS = "share/"


def without_comments(script: bytes) -> bytes:
    """A script of ours as it travels: without the lines that are comments."""
    return COMMENT_LINES.sub(b"", script)


@dataclass
class Asset:
    """A file's bytes, and its bytes by content coding, the best first."""

    media_type: str
    content: bytes

    @cached_property
    def encoded(self) -> dict[str, bytes]:
        """Compressing all files would take the greater part of a second of a process's start."""
        if self.media_type not in COMPRESSIBLE:
            return {}
        return {"br": brotli.compress(self.content), "gzip": gzip.compress(self.content, mtime=0)}

    def best_for(self, accepted: str) -> tuple[str, bytes]:
        """(coding, bytes) for an Accept-Encoding header; old WebViews know only gzip, others nothing at all."""
        known = {part.partition(";")[0].strip() for part in accepted.lower().split(",") if "q=0" not in part}
        return next(((coding, body) for coding, body in self.encoded.items() if coding in known), ("", self.content))


class Assets:
    """All files below a folder, by the name that the browser asks for."""

    def __init__(self, folder: Path) -> None:
        self.by_name: dict[str, Asset] = {}
        self.names: dict[str, str] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._add(path.relative_to(folder).as_posix(), path.read_bytes())
        for name, parts in BUNDLES.items():
            self._add(name, without_comments(b"\n".join((folder / part).read_bytes() for part in parts)))

    def _add(self, name: str, content: bytes) -> None:
        stem, dot, suffix = name.rpartition(".")
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{suffix}"
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.names[name] = hashed
        self.by_name[hashed] = Asset(media_type, content)

    def url(self, name: str) -> str:
        """The address of `css/app.css` with its hash in it. Raises KeyError for a file that is not there."""
        return f"/static/{self.names[name]}"


assets = Assets(WEB / "static")


@get("/static/{name:path}", opt=allow(Audience.VISITOR) | {"exclude_from_auth": True}, include_in_schema=False)
async def show_asset(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
    wanted = name.as_posix().lstrip("/")
    asset = assets.by_name.get(wanted)
    if asset is None:
        raise NotFound
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if wanted.startswith(FOR_OTHERS):
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    # Compressing takes long enough to keep others waiting, once per file.
    coding, body = await asyncio.to_thread(asset.best_for, request.headers.get("accept-encoding", ""))
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=asset.media_type, headers=headers)
