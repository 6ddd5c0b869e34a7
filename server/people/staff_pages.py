"""Staff sign in with three things on one page, and out again."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.response import Response
from msgspec import Meta

from server.edge import sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import local_path, page, redirect
from server.edge.i18n import _
from server.kit.text import N_
from server.people import service
from server.people.errors import StaffSignInTooMany, StaffSignInWrong
from server.people.pages import address_of, device_of
from server.people.staff import sign_in_staff

Req = Request[Any, Any, Any]
FIELDS = ("login", "password", "totp")


class StaffForm(msgspec.Struct):
    login: Annotated[str, Meta(max_length=60, extra={"missing": N_("请填账号。")})]
    password: Annotated[str, Meta(max_length=200, extra={"missing": N_("请填密码。")})]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": N_("请填动态码。")})]
    next: Annotated[str, Meta(max_length=500)] = ""


@get("/staff/sign-in", opt=allow(Audience.VISITOR), include_in_schema=False)
async def ask_staff(request: Req) -> Response[Any]:
    go_on = request.query_params.get("next", "")
    if request.user.kind == "staff":
        return redirect(request, local_path(go_on, request.user.home))
    return _page(request, {"next": go_on}, [])


@post("/staff/sign-in", opt=allow(Audience.VISITOR), include_in_schema=False)
async def sign_in(request: Req) -> Response[Any]:
    form = await read_form(request, StaffForm)
    if form.value is None:
        return _page(request, form.raw, form.errors)
    try:
        made = await sign_in_staff(
            login=form.value.login,
            password=form.value.password,
            totp=form.value.totp,
            address=address_of(request),
            device=device_of(request),
        )
    except (StaffSignInWrong, StaffSignInTooMany) as error:
        return _page(request, form.raw, [FieldError("login", _(error.text, **error.params))], error.status)
    if request.user.kind != "visitor":
        await service.sign_out(request.user)
    response = redirect(request, local_path(form.value.next, made.actor.home))
    sessions.begin(response, made.token, request.app.state.settings)
    return response


@post("/staff/sign-out", opt=allow(Audience.COLLEAGUE), include_in_schema=False)
async def sign_out(request: Req) -> Response[Any]:
    await service.sign_out(request.user)
    response = redirect(request, "/staff/sign-in")
    sessions.end(response)
    return response


def _page(request: Req, raw: dict[str, Any], errors: list[FieldError], status: int = 422) -> Response[Any]:
    return page(
        request,
        "people/staff_sign_in.html",
        status=status if errors else 200,
        errors=errors,
        error_of={name: next((e.message for e in errors if e.field == name), "") for name in FIELDS},
        login=raw.get("login", ""),
        next=local_path(str(raw.get("next") or ""), ""),
    )


handlers = [ask_staff, sign_in, sign_out]
