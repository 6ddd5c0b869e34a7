"""Answers that need not be sent twice: an ETag over the body, 304 where the reader has it already."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Request
from litestar.response import Response

NOT_MODIFIED = 304


def with_etag(request: Request[Any, Any, Any], body: bytes, response: Response[Any]) -> Response[Any]:
    """`response`, or an empty 304 where the request names this very body, whatever nonce it was drawn with."""
    nonce = request.scope["state"].get("nonce", "").encode()
    tag = f'W/"{hashlib.sha256(body.replace(nonce, b"") if nonce else body).hexdigest()[:24]}"'
    known = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        headers = {name: value for name, value in response.headers.items() if name.lower() in ("vary", "cache-control")}
        response = Response(b"", status_code=NOT_MODIFIED, headers=headers)
    response.headers["ETag"] = tag
    return response
