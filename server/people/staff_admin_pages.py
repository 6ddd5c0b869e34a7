"""Who may do what where: the staff of one's scope, what waits for a second officer, and everything done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.db.together import at_once
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Forbidden, NotFound
from server.kit.text import N_, clean
from server.people import staff_admin, two_officers
from server.people.actors import Actor
from server.people.models import RequestKind, Role
from server.people.scopes import GIVES, find_place, grants_of, may_give, may_manage
from server.people.staff_queries import open_requests, sessions_of_staff, staff_of
from server.people.two_officers import Done
from server.people.words import ROLE_DUTIES, ROLE_NAMES

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
PEOPLE = allow(Audience.MANAGER, Audience.REVIEWER, Audience.OFFICER)
OFFICERS = allow(Audience.OFFICER)
URL = "/staff/people"
ONE = f"{URL}/{{staff_id:uuid}}"
LONGEST_QUERY = 60
DONE = {
    "granted": N_("角色给了，马上能用。"),
    "asked": N_("提上去了。要另一位管理员同意，7 天内有效。"),
    "withdrawn": N_("角色收回了。"),
    "disabled": N_("停用了，正在用的页面也退出了。"),
    "enabled": N_("又能登录了。"),
    "ended": N_("已经退出登录。"),
    "approved": N_("同意了，马上生效。"),
    "refused": N_("没同意，已经记下。"),
    "taken-back": N_("撤回了。"),
    "invitation-withdrawn": N_("邀请码作废了。"),
}


class RoleForm(msgspec.Struct):
    role: Annotated[Role, Meta(extra={"missing": N_("请选一个角色。"), "invalid": N_("请选一个角色。")})]
    place: Annotated[str, Meta(max_length=120, extra={"missing": N_("请写在哪里。")})]


class WithdrawForm(msgspec.Struct):
    grant: UUID
    knowing: bool = False


class KnowingForm(msgspec.Struct):
    knowing: bool = False


class SessionForm(msgspec.Struct):
    session: Annotated[str, Meta(max_length=64)] = ""


@get(URL, opt=PEOPLE, include_in_schema=False)
async def list_staff(request: Req) -> Response[Any]:
    """The newest first, with what waits for a second officer on top."""
    return await _list_page(request)


async def _list_page(request: Req, refused: AppError | None = None) -> Response[Any]:
    typed = clean(request.query_params.get("q", ""))[:LONGEST_QUERY]
    (rows, more), requests = await at_once(staff_of(request.user, typed, _after(request)), open_requests(request.user))
    return page(
        request,
        "people/staff_list.html",
        status=refused.status if refused else 200,
        refused=_(refused.text, **refused.params) if refused else "",
        rows=rows,
        more=rows[-1].id if more else None,
        typed=typed,
        requests=requests if not typed else [],
        done=_done(request),
        role_names=_role_names(),
    )


def _after(request: Req) -> UUID | None:
    try:
        return UUID(request.query_params["after"])
    except (KeyError, ValueError):
        return None


def _done(request: Req) -> str:
    key = request.query_params.get("done", "")
    return _(DONE[key]) if key in DONE else ""


def _role_names() -> dict[Role, str]:
    return {role: _(name) for role, name in ROLE_NAMES.items()}


@get(ONE, opt=PEOPLE, include_in_schema=False)
async def show_one(request: Req, staff_id: Id) -> Response[Any]:
    return await show_colleague(request, staff_id)


async def show_colleague(
    request: Req,
    staff_id: UUID,
    *,
    refused: AppError | None = None,
    errors: list[FieldError] | None = None,
    raw: dict[str, Any] | None = None,
    made: Done | None = None,
) -> Response[Any]:
    """One's page; with what was refused, or the code to hand over."""
    actor: Actor = request.user
    who = await staff_admin.colleague(actor, staff_id)
    manages = may_manage(actor, who.roles, who.region_code) and who.id != actor.id
    status = refused.status if refused else 422 if errors else 200
    code = made.code if made else ""
    return page(
        request,
        "people/staff_one.html",
        status=status,
        who=who,
        withdrawable={role.id for role in who.roles if who.id != actor.id and may_give(actor, role)},
        manages=manages,
        myself=who.id == actor.id,
        sessions=await sessions_of_staff(staff_id) if manages else [],
        refused=_(refused.text, **refused.params) if refused else "",
        may_know=refused is not None and refused.field == "knowing",
        errors=errors or [],
        raw=raw or {"role": "", "place": await own_place(actor)},
        code=code,
        for_password=made is not None and made.kind is RequestKind.FORGOTTEN,
        link=f"{request.app.state.settings.base_url}/staff/invitation?code={code}" if code else "",
        role_choices=role_choices(actor),
        role_names=_role_names(),
        done=_done(request),
    )


def role_choices(actor: Actor) -> list[tuple[str, str]]:
    """The roles that the actor gives somewhere, with what they are for."""
    given = {role for held in actor.grants for role in GIVES.get(held.role, ())}
    return [(role.value, f"{_(ROLE_NAMES[role])}：{_(ROLE_DUTIES[role])}") for role in Role if role in given]


async def own_place(actor: Actor) -> str:
    """Where somebody with one place to look after most likely means."""
    if actor.id is None:
        return ""
    places = {role.name for role in (await grants_of([actor.id]))[actor.id] if role.region_code is None}
    return places.pop() if len(places) == 1 else ""


@post(f"{ONE}/grant", opt=PEOPLE, include_in_schema=False)
async def grant(request: Req, staff_id: Id) -> Response[Any]:
    form = await read_form(request, RoleForm)
    if form.value is None:
        return await show_colleague(request, staff_id, errors=form.errors, raw=form.raw)
    try:
        role = await find_place(request.user, form.value.role, form.value.place)
        done = await two_officers.grant_role(actor=request.user, staff_id=staff_id, role=role)
    except (Forbidden, NotFound):
        raise
    except AppError as refused:
        errors = [FieldError(refused.field or "role", _(refused.text, **refused.params))]
        return await show_colleague(request, staff_id, errors=errors, raw=form.raw)
    return redirect(request, f"{URL}/{staff_id}?done={'asked' if done.asked else 'granted'}")


@post(f"{ONE}/withdraw", opt=PEOPLE, include_in_schema=False)
async def withdraw(request: Req, staff_id: Id) -> Response[Any]:
    form = (await read_form(request, WithdrawForm)).value
    if form is None:
        raise NotFound
    return await _act(
        request,
        staff_id,
        "withdrawn",
        staff_admin.withdraw_role(actor=request.user, staff_id=staff_id, grant_id=form.grant, knowing=form.knowing),
    )


@post(f"{ONE}/disable", opt=PEOPLE, include_in_schema=False)
async def disable(request: Req, staff_id: Id) -> Response[Any]:
    form = (await read_form(request, KnowingForm)).value or KnowingForm()
    act = staff_admin.disable(actor=request.user, staff_id=staff_id, knowing=form.knowing)
    return await _act(request, staff_id, "disabled", act)


@post(f"{ONE}/enable", opt=PEOPLE, include_in_schema=False)
async def enable(request: Req, staff_id: Id) -> Response[Any]:
    return await _act(request, staff_id, "enabled", staff_admin.enable(actor=request.user, staff_id=staff_id))


@post(f"{ONE}/end-sessions", opt=PEOPLE, include_in_schema=False)
async def end_sessions(request: Req, staff_id: Id) -> Response[Any]:
    """One of them, or all where none is named."""
    form = (await read_form(request, SessionForm)).value or SessionForm()
    act = staff_admin.end_sessions(actor=request.user, staff_id=staff_id, session_id=form.session)
    return await _act(request, staff_id, "ended", act)


@post(f"{ONE}/reset", opt=PEOPLE, include_in_schema=False)
async def reset(request: Req, staff_id: Id) -> Response[Any]:
    """A code to hand over, or a question to a second officer."""
    return await _hand_over(request, staff_id, two_officers.reset_second_factor)


@post(f"{ONE}/forgotten-password", opt=PEOPLE, include_in_schema=False)
async def reset_password(request: Req, staff_id: Id) -> Response[Any]:
    """A code to hand over, or a question to a second officer."""
    return await _hand_over(request, staff_id, two_officers.reset_password)


async def _hand_over(request: Req, staff_id: UUID, verb: Callable[..., Awaitable[Done]]) -> Response[Any]:
    try:
        done = await verb(actor=request.user, staff_id=staff_id)
    except (Forbidden, NotFound):
        raise
    except AppError as refused:
        return await show_colleague(request, staff_id, refused=refused)
    if done.asked:
        return redirect(request, f"{URL}/{staff_id}?done=asked")
    return await show_colleague(request, staff_id, made=done)


async def _act(request: Req, staff_id: UUID, done: str, act: Awaitable[None]) -> Response[Any]:
    """Do it and come back, or say why not."""
    try:
        await act
    except (Forbidden, NotFound):
        raise
    except AppError as refused:
        return await show_colleague(request, staff_id, refused=refused)
    return redirect(request, f"{URL}/{staff_id}?done={done}")


REQUEST = "/staff/requests/{request_id:uuid}"


@post(f"{REQUEST}/approve", opt=OFFICERS, include_in_schema=False)
async def approve(request: Req, request_id: Id) -> Response[Any]:
    return await _answer(request, "approved", two_officers.approve, request_id)


@post(f"{REQUEST}/refuse", opt=OFFICERS, include_in_schema=False)
async def refuse(request: Req, request_id: Id) -> Response[Any]:
    return await _answer(request, "refused", two_officers.refuse, request_id)


@post(f"{REQUEST}/take-back", opt=PEOPLE, include_in_schema=False)
async def take_back(request: Req, request_id: Id) -> Response[Any]:
    return await _answer(request, "taken-back", two_officers.take_back, request_id)


async def _answer(
    request: Req, done: str, verb: Callable[..., Awaitable[Done | None]], request_id: UUID
) -> Response[Any]:
    """Answer what waits; a reset that was agreed to shows its code, once."""
    try:
        made = await verb(actor=request.user, request_id=request_id)
    except (Forbidden, NotFound):
        raise
    except AppError as refused:
        return await _list_page(request, refused)
    if made and made.code:
        return await show_colleague(request, made.staff_id, made=made)
    return redirect(request, f"{URL}?done={done}")


handlers = [
    list_staff,
    show_one,
    grant,
    withdraw,
    disable,
    enable,
    end_sessions,
    reset,
    reset_password,
    approve,
    refuse,
    take_back,
]
