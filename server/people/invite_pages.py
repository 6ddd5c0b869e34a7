"""Inviting somebody, and what somebody who was invited does: account, authenticator, codes on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge import sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden
from server.kit.text import N_
from server.people import enrolling, inviting, password_pages, service
from server.people.inviting import Invited
from server.people.models import InvitationKind, Role
from server.people.pages import address_of, device_of
from server.people.passwords import LONGEST, SHORTEST
from server.people.scopes import find_place
from server.people.staff_admin_pages import PEOPLE, URL, own_place, role_choices
from server.people.totp import new_secret, offer, picture_of, taken
from server.people.words import ROLE_NAMES

Req = Request[Any, Any, Any]
VISITOR = allow(Audience.VISITOR)
NEEDED = N_("请填验证器里的 6 位数字。")


class InviteForm(msgspec.Struct):
    name: Annotated[str, Meta(max_length=60, extra={"missing": N_("请写怎么称呼他。")})]
    role: Annotated[Role, Meta(extra={"missing": N_("请选一个角色。"), "invalid": N_("请选一个角色。")})]
    place: Annotated[str, Meta(max_length=120, extra={"missing": N_("请写在哪里。")})]


class CodeForm(msgspec.Struct):
    code: Annotated[str, Meta(max_length=40, extra={"missing": N_("请填邀请码。")})]


class JoinForm(msgspec.Struct):
    code: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(max_length=400)]
    login: Annotated[str, Meta(max_length=60, extra={"missing": N_("请起一个账号名。")})]
    name: Annotated[str, Meta(max_length=60, extra={"missing": N_("请写怎么称呼您。")})]
    password: Annotated[str, Meta(max_length=LONGEST, extra={"missing": N_("请想一个密码。")})]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": NEEDED})]


class AgainForm(msgspec.Struct):
    code: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(max_length=400)]
    password: Annotated[str, Meta(max_length=LONGEST, extra={"missing": N_("请填密码。")})]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": NEEDED})]


@get(f"{URL}/invite", opt=PEOPLE, include_in_schema=False)
async def ask_whom(request: Req) -> Response[Any]:
    return await _invite_page(request, {"name": "", "role": "", "place": await own_place(request.user)}, [])


@post(f"{URL}/invite", opt=PEOPLE, include_in_schema=False)
async def invite(request: Req) -> Response[Any]:
    """Show the code, this once."""
    form = await read_form(request, InviteForm)
    if form.value is None:
        return await _invite_page(request, form.raw, form.errors)
    try:
        role = await find_place(request.user, form.value.role, form.value.place)
        code = await inviting.invite(actor=request.user, display_name=form.value.name, role=role)
    except Forbidden:
        raise
    except AppError as error:
        return await _invite_page(request, form.raw, [FieldError(error.field, _(error.text, **error.params))])
    return page(
        request,
        "people/staff_invited.html",
        code=code,
        link=f"{request.app.state.settings.base_url}/staff/invitation?code={code}",
        name=form.value.name,
        role=role,
        role_name=_(ROLE_NAMES[role.role]),
    )


async def _invite_page(request: Req, raw: dict[str, Any], errors: list[FieldError]) -> Response[Any]:
    return page(
        request,
        "people/staff_invite.html",
        status=422 if errors else 200,
        errors=errors,
        error_of={name: _error(errors, name) for name in ("name", "role", "place")},
        raw=raw,
        role_choices=role_choices(request.user),
        role_names={role: _(name) for role, name in ROLE_NAMES.items()},
        waiting=await inviting.own_invitations(request.user),
    )


@post(f"{URL}/invitations/{{invitation_id:uuid}}/withdraw", opt=PEOPLE, include_in_schema=False)
async def withdraw(request: Req, invitation_id: FromPath[UUID]) -> Response[Any]:
    await inviting.withdraw_invitation(actor=request.user, invitation_id=invitation_id)
    return redirect(request, f"{URL}?done=invitation-withdrawn")


@get("/staff/invitation", opt=VISITOR, include_in_schema=False)
async def ask_code(request: Req) -> Response[Any]:
    """The code is typed, or came with the link; looking at the page uses nothing."""
    return _code_page(request, request.query_params.get("code", "")[:40], [])


@post("/staff/invitation", opt=VISITOR, include_in_schema=False, status_code=200)
async def open_invitation(request: Req) -> Response[Any]:
    """What is to be filled in, with a fresh secret to scan."""
    form = await read_form(request, CodeForm)
    if form.value is None:
        return _code_page(request, form.raw["code"], form.errors)
    try:
        invited = await inviting.read_invitation(code=form.value.code, address=address_of(request))
    except AppError as error:
        return _code_page(request, form.raw["code"], [_mistake(error)], error.status)
    if invited.kind is InvitationKind.FORGOTTEN:
        return password_pages.choose_page(request, invited, form.value.code)
    return _enrol_page(request, invited, new_secret(), code=form.value.code)


@post("/staff/invitation/accept", opt=VISITOR, include_in_schema=False, status_code=200)
async def accept(request: Req) -> Response[Any]:
    """Everything at once: then the codes on paper, shown this once, and signed in."""
    code = str((await request.form()).get("code", ""))[:40]
    try:
        invited = await inviting.read_invitation(code=code, address=address_of(request))
    except AppError as error:
        return _code_page(request, code, [_mistake(error)], error.status)
    joins = invited.kind is InvitationKind.JOIN
    form: Form[Any] = await read_form(request, JoinForm if joins else AgainForm)
    try:
        secret = taken(form.raw["key"], invited.id)
    except AppError as error:
        return _enrol_page(request, invited, new_secret(), code=code, raw=form.raw, errors=[_mistake(error)])
    if form.value is None:
        return _enrol_page(request, invited, secret, code=code, raw=form.raw, errors=form.errors)
    try:
        made = await (_join if joins else _again)(request, invited, form.value, secret)
    except AppError as error:
        if error.field == "code":
            return _code_page(request, code, [_mistake(error)], error.status)
        return _enrol_page(request, invited, secret, code=code, raw=form.raw, errors=[_mistake(error)])
    if request.user.kind != "visitor":
        await service.sign_out(request.user)
    response = page(
        request, "people/staff_codes.html", codes=made.codes, waits=made.waits, go_on="/staff/account", first=joins
    )
    sessions.begin(response, made.token, request.app.state.settings)
    return response


async def _join(request: Req, invited: Invited, form: JoinForm, secret: str) -> enrolling.Enrolled:
    return await enrolling.join(
        invited=invited,
        login=form.login,
        display_name=form.name,
        password=form.password,
        secret=secret,
        totp=form.totp,
        device=device_of(request),
    )


async def _again(request: Req, invited: Invited, form: AgainForm, secret: str) -> enrolling.Enrolled:
    return await enrolling.set_up_again(
        invited=invited, password=form.password, secret=secret, totp=form.totp, device=device_of(request)
    )


def _code_page(request: Req, code: str, errors: list[FieldError], status: int = 422) -> Response[Any]:
    return page(
        request,
        "people/staff_invitation.html",
        status=status if errors else 200,
        errors=errors,
        code_error=_error(errors, "code"),
        code=code,
    )


def _enrol_page(
    request: Req,
    invited: Invited,
    secret: str,
    *,
    code: str,
    raw: dict[str, Any] | None = None,
    errors: Sequence[FieldError] = (),
) -> Response[Any]:
    label, raw = invited.login or invited.display_name, raw or {}
    return page(
        request,
        "people/staff_enrol.html",
        status=422 if errors else 200,
        errors=errors,
        error_of={name: _error(errors, name) for name in ("login", "name", "password", "totp")},
        invited=invited,
        joins=invited.kind is InvitationKind.JOIN,
        role_name=_(ROLE_NAMES[invited.role.role]) if invited.role else "",
        code=code,
        key=offer(secret, invited.id),
        secret=secret,
        picture=picture_of(secret, label),
        login=raw.get("login", ""),
        name=raw.get("name", invited.display_name),
        shortest=SHORTEST,
    )


def _mistake(error: AppError) -> FieldError:
    return FieldError(error.field, _(error.text, **error.params))


def _error(errors: Sequence[FieldError], name: str) -> str:
    return next((error.message for error in errors if error.field == name), "")


handlers = [ask_whom, invite, withdraw, ask_code, open_invitation, accept, password_pages.choose]
