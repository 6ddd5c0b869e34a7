"""One's own account: where one is signed in, password, authenticator, codes on paper."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.db.together import at_once
from server.edge import sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import local_path, page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit import clock
from server.kit.text import N_
from server.people import queries, service, staff_account
from server.people.errors import ProofNeeded
from server.people.passwords import LONGEST, SHORTEST
from server.people.scopes import grants_of
from server.people.totp import new_secret, offer, picture_of, taken
from server.people.words import ROLE_NAMES

Req = Request[Any, Any, Any]
COLLEAGUE = allow(Audience.COLLEAGUE)
URL = "/staff/account"
DONE = {"password": N_("密码改好了，别处的登录都退出了。"), "ended": N_("已经退出登录。")}


class ProveForm(msgspec.Struct):
    password: Annotated[str, Meta(max_length=LONGEST, extra={"missing": N_("请填密码。")})]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": N_("请填动态码。")})]
    next: Annotated[str, Meta(max_length=200)] = ""


class PasswordForm(msgspec.Struct):
    password: Annotated[str, Meta(max_length=LONGEST, extra={"missing": N_("请想一个密码。")})]


class AuthenticatorForm(msgspec.Struct):
    key: Annotated[str, Meta(max_length=400)]
    totp: Annotated[str, Meta(max_length=20, extra={"missing": N_("请填验证器里的 6 位数字。")})]


@get(URL, opt=COLLEAGUE, include_in_schema=False)
async def show_account(request: Req) -> Response[Any]:
    done = request.query_params.get("done", "")
    actor = request.user
    account, sessions, grants = await at_once(
        staff_account.own_account(actor), queries.sessions_of(actor, clock.now()), grants_of([actor.id])
    )
    return page(
        request,
        "people/staff_account.html",
        account=account,
        sessions=sessions,
        roles=[(_(ROLE_NAMES[role.role]), role.name) for role in grants[actor.id]],
        done=_(DONE[done]) if done in DONE else "",
    )


@post(f"{URL}/sessions/{{session_id:str}}/end", opt=COLLEAGUE, include_in_schema=False)
async def end_session(request: Req, session_id: FromPath[str]) -> Response[Any]:
    await service.end_session(request.user, session_id)
    return redirect(request, f"{URL}?done=ended")


@get(f"{URL}/prove", opt=COLLEAGUE, include_in_schema=False)
async def ask_proof(request: Req) -> Response[Any]:
    return _prove_page(request, request.query_params.get("next", ""), [])


@post(f"{URL}/prove", opt=COLLEAGUE, include_in_schema=False)
async def prove(request: Req) -> Response[Any]:
    form = await read_form(request, ProveForm)
    if form.value is None:
        return _prove_page(request, form.raw["next"], form.errors)
    try:
        await staff_account.prove(actor=request.user, password=form.value.password, totp=form.value.totp)
    except AppError as error:
        return _prove_page(
            request, form.value.next, [FieldError("password", _(error.text, **error.params))], error.status
        )
    return redirect(request, local_path(form.value.next, URL))


def _prove_page(request: Req, go_on: str, errors: list[FieldError], status: int = 422) -> Response[Any]:
    return page(
        request,
        "people/staff_prove.html",
        status=status if errors else 200,
        errors=errors,
        error_of=_by_field(errors, "password", "totp"),
        next=local_path(go_on, URL),
    )


@get(f"{URL}/password", opt=COLLEAGUE, include_in_schema=False)
async def ask_password(request: Req) -> Response[Any]:
    return await _asked(request, _password_page(request, []))


@post(f"{URL}/password", opt=COLLEAGUE, include_in_schema=False)
async def change_password(request: Req) -> Response[Any]:
    form = await read_form(request, PasswordForm)
    if form.value is None:
        return await _asked(request, _password_page(request, form.errors))
    try:
        await staff_account.change_password(actor=request.user, password=form.value.password)
    except ProofNeeded:
        return _to_prove(request)
    except AppError as error:
        return await _password_page(request, [FieldError(error.field, _(error.text, **error.params))])
    return redirect(request, f"{URL}?done=password")


async def _password_page(request: Req, errors: list[FieldError]) -> Response[Any]:
    return page(
        request,
        "people/staff_password.html",
        status=422 if errors else 200,
        errors=errors,
        error_of=_by_field(errors, "password"),
        shortest=SHORTEST,
    )


@get(f"{URL}/authenticator", opt=COLLEAGUE, include_in_schema=False)
async def ask_authenticator(request: Req) -> Response[Any]:
    return await _asked(request, _authenticator_page(request, new_secret(), []))


@post(f"{URL}/authenticator", opt=COLLEAGUE, include_in_schema=False, status_code=200)
async def change_authenticator(request: Req) -> Response[Any]:
    form = await read_form(request, AuthenticatorForm)
    secret = new_secret()  # where the offered one cannot be read any more
    try:
        secret = taken(str(form.raw["key"]), request.user.id)
        if form.value is None:
            return await _asked(request, _authenticator_page(request, secret, form.errors))
        codes, token = await staff_account.change_authenticator(actor=request.user, secret=secret, totp=form.value.totp)
    except ProofNeeded:
        return _to_prove(request)
    except AppError as error:
        mistake = FieldError(error.field, _(error.text, **error.params))
        return await _asked(request, _authenticator_page(request, secret, [mistake]))
    response = _codes_page(request, codes)
    sessions.begin(response, token, request.app.state.settings)
    return response


async def _authenticator_page(request: Req, secret: str, errors: list[FieldError]) -> Response[Any]:
    account = await staff_account.own_account(request.user)
    return page(
        request,
        "people/staff_authenticator.html",
        status=422 if errors else 200,
        errors=errors,
        error_of=_by_field(errors, "totp"),
        key=offer(secret, request.user.id),
        secret=secret,
        picture=picture_of(secret, account.login),
    )


@get(f"{URL}/codes", opt=COLLEAGUE, include_in_schema=False)
async def ask_codes(request: Req) -> Response[Any]:
    return await _asked(request, _ask_codes_page(request))


async def _ask_codes_page(request: Req) -> Response[Any]:
    return page(request, "people/staff_new_codes.html")


@post(f"{URL}/codes", opt=COLLEAGUE, include_in_schema=False, status_code=200)
async def change_codes(request: Req) -> Response[Any]:
    try:
        codes = await staff_account.change_recovery_codes(actor=request.user)
    except ProofNeeded:
        return _to_prove(request)
    return _codes_page(request, codes)


def _codes_page(request: Req, codes: list[str]) -> Response[Any]:
    return page(request, "people/staff_codes.html", codes=codes, waits=False, go_on=URL, first=False)


async def _asked(request: Req, shown: Awaitable[Response[Any]]) -> Response[Any]:
    """The page, for whoever has proved a moment ago; the others prove first and come back."""
    response = await shown
    account = await staff_account.own_account(request.user)
    return response if account.proved else _to_prove(request)


def _to_prove(request: Req) -> Response[Any]:
    return redirect(request, f"{URL}/prove?next={request.url.path}")


def _by_field(errors: list[FieldError], *names: str) -> dict[str, str]:
    return {name: next((error.message for error in errors if error.field == name), "") for name in names}


handlers = [
    show_account,
    end_session,
    ask_proof,
    prove,
    ask_password,
    change_password,
    ask_authenticator,
    change_authenticator,
    ask_codes,
    change_codes,
]
