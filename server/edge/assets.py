"""Static files under names that carry their content's hash: cached for ever, compressed once."""

from __future__ import annotations

import hashlib
import mimetypes
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


@dataclass
class Asset:
    path: Path
    content: bytes

    @property
    def media_type(self) -> str:
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    @cached_property
    def brotli(self) -> bytes:
        compressed: bytes = brotli.compress(self.content)
        return compressed


class Assets:
    """All files below a folder, by the name that the browser asks for."""

    def __init__(self, folder: Path) -> None:
        self.by_name: dict[str, Asset] = {}
        self.names: dict[str, str] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._add(path, path.relative_to(folder).as_posix())

    def _add(self, path: Path, name: str) -> None:
        content = path.read_bytes()
        stem, dot, suffix = name.rpartition(".")
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{suffix}"
        self.names[name] = hashed
        self.by_name[hashed] = Asset(path, content)

    def url(self, name: str) -> str:
        """The address of `css/app.css` with its hash in it. Raises KeyError for a file that is not there."""
        return f"/static/{self.names[name]}"


assets = Assets(WEB / "static")


@get("/static/{name:path}", opt=allow(Audience.VISITOR) | {"exclude_from_auth": True}, include_in_schema=False)
async def show_asset(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
    asset = assets.by_name.get(name.as_posix().lstrip("/"))
    if asset is None:
        raise NotFound
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    body = asset.content
    if asset.media_type in COMPRESSIBLE and "br" in request.headers.get("accept-encoding", ""):
        body = asset.brotli
        headers["Content-Encoding"] = "br"
    return Response(body, media_type=asset.media_type, headers=headers)
