"""Whoever forgot the password chooses another: with a code from a colleague and the own authenticator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.response import Response
from msgspec import Meta

from server.edge import sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit.text import N_
from server.people import enrolling, inviting, service
from server.people.inviting import Invited
from server.people.pages import address_of, device_of
from server.people.passwords import LONGEST, SHORTEST

Req = Request[Any, Any, Any]
FIELDS = ("password", "totp")


class ChooseForm(msgspec.Struct):
    code: Annotated[str, Meta(max_length=40)]
    password: Annotated[str, Meta(max_length=LONGEST, extra={"missing": N_("请想一个密码。")})]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": N_("请填验证器里的 6 位数字。")})]


@post("/staff/invitation/password", opt=allow(Audience.VISITOR), include_in_schema=False)
async def choose(request: Req) -> Response[Any]:
    """The new password, and signed in; a code that works no more goes back to where codes are typed."""
    form = await read_form(request, ChooseForm)
    code = str(form.raw["code"])
    try:
        invited = await inviting.read_invitation(code=code, address=address_of(request))
    except AppError:
        return redirect(request, f"/staff/invitation?code={code}" if code.isascii() and code.isprintable() else "/")
    if form.value is None:
        return choose_page(request, invited, code, form.errors)
    try:
        token = await enrolling.choose_password(
            invited=invited, password=form.value.password, totp=form.value.totp, device=device_of(request)
        )
    except AppError as error:
        return choose_page(request, invited, code, [FieldError(error.field, _(error.text, **error.params))])
    if request.user.kind != "visitor":
        await service.sign_out(request.user)
    response = redirect(request, "/staff/account")
    sessions.begin(response, token, request.app.state.settings)
    return response


def choose_page(request: Req, invited: Invited, code: str, errors: Sequence[FieldError] = ()) -> Response[Any]:
    """What is to be filled in."""
    return page(
        request,
        "people/staff_choose_password.html",
        status=422 if errors else 200,
        errors=list(errors),
        error_of={name: next((e.message for e in errors if e.field == name), "") for name in FIELDS},
        login=invited.login,
        code=code,
        shortest=SHORTEST,
    )
