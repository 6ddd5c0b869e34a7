"""One's own data for programs: the same copy as the file."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, SignInNeeded
from server.privacy.copying import OwnData, own_data


@get(
    "/api/v1/me/data",
    opt=allow(Audience.WORKER),
    tags=["people"],
    operation_id="copyMyData",
    summary="Everything that is held about the worker who is signed in",
    responses=problems(SignInNeeded, Forbidden),
)
async def copy_my_data(request: Request[Any, Any, Any]) -> OwnData:
    return await own_data(request.user)


handlers = [copy_my_data]
