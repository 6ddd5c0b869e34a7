"""Workers sign in, see their account and choose how pages look."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.edge import i18n, sessions
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import TEXT_SIZE_COOKIE, local_path, page, redirect
from server.edge.i18n import _
from server.errors import AppError, Invalid
from server.kit import clock
from server.kit.phone import read_phone
from server.kit.text import N_
from server.people import queries, service
from server.people.errors import PhoneWrong

Req = Request[Any, Any, Any]
YEAR = 365 * 86_400
IPV6 = 6
NEXT = Annotated[str, Meta(max_length=500)]
PHONE = Annotated[str, Meta(max_length=40, extra={"missing": N_("请填手机号。"), "invalid": PhoneWrong.message})]
AGAIN = Annotated[str, Meta(max_length=1)]
SHOWN_CODE = Annotated[str, Meta(max_length=6)]
CODE = Annotated[str, Meta(max_length=20, extra={"missing": N_("请填短信里的 6 位数字。")})]


class PhoneForm(msgspec.Struct):
    """`again` is filled where a code was sent before."""

    phone: PHONE
    next: NEXT = "/"
    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class CodeForm(msgspec.Struct):
    phone: PHONE
    code: CODE
    next: NEXT = "/"
    shown_code: SHOWN_CODE = ""


class NameForm(msgspec.Struct):
    name: Annotated[str, Meta(max_length=60, extra={"invalid": N_("名字太长了，请短一点。")})] = ""


class SettingsForm(msgspec.Struct):
    text_size: Literal["normal", "large"] = "normal"
    language: Annotated[str, Meta(max_length=10)] = ""
    next: NEXT = "/"


def address_of(request: Req) -> str:
    """Where a request comes from, for limits only; one subscriber holds a whole /64 of IPv6."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if address.version == IPV6 else host


def device_of(request: Req) -> str:
    """A phone's or browser's rough name, so that people recognise their own sessions."""
    agent = request.headers.get("user-agent", "")
    names = {"MicroMessenger": "微信", "iPhone": "iPhone", "HUAWEI": "华为", "Android": "Android", "Windows": "Windows"}
    return " · ".join(name for mark, name in names.items() if mark in agent)


@get("/sign-in", opt=allow(Audience.VISITOR), include_in_schema=False)
async def ask_phone(request: Req) -> Response[Any]:
    go_on = local_path(request.query_params.get("next", "/"))
    if request.user.kind == "worker":
        return redirect(request, go_on)
    return _sign_in_page(request, {"next": go_on})


@post("/sign-in/code", opt=allow(Audience.VISITOR), include_in_schema=False, status_code=200)
async def send_code(request: Req) -> Response[Any]:
    form = await read_form(request, PhoneForm)
    sending = await try_sending(request, form)
    raw = form.raw | {"shown_code": sending.shown_code}
    return _sign_in_page(request, raw, errors=sending.errors, asked_code=sending.asked_code)


class Sending(NamedTuple):
    """What became of sending a code: whether to ask for it now, the code where the demo shows it, what went wrong."""

    asked_code: bool
    shown_code: str = ""
    errors: Sequence[FieldError] = ()


async def try_sending(request: Req, form: Form[Any]) -> Sending:
    """Send a code to the form's phone. Where another one cannot be sent, the one before may still be typed."""
    if form.value is None:
        return Sending(asked_code=False, errors=form.errors)
    phone = read_phone(form.value.phone)
    if phone is None:
        return Sending(asked_code=False, errors=[FieldError("phone", _(PhoneWrong.message))])
    try:
        shown = await service.request_code(phone=phone, address=address_of(request))
    except AppError as error:
        said = _(error.text, **error.params)
        if form.value.again:
            return Sending(asked_code=True, shown_code=form.value.shown_code, errors=[FieldError("code", said)])
        return Sending(asked_code=False, errors=[FieldError("phone", said)])
    return Sending(asked_code=True, shown_code=shown or "")


@post("/sign-in", opt=allow(Audience.VISITOR), include_in_schema=False)
async def sign_in(request: Req) -> Response[Any]:
    form = await read_form(request, CodeForm)
    signed_in, errors = await try_signing_in(request, form)
    if signed_in is None:
        return _sign_in_page(request, form.raw, errors=errors, asked_code=True)
    response = redirect(request, local_path(str(form.raw["next"] or "/")))
    await begin_session(request, response, signed_in)
    return response


async def try_signing_in(request: Req, form: Form[Any]) -> tuple[service.SignedIn | None, list[FieldError]]:
    """The session that the form's phone and code begin, or what is wrong with them."""
    phone = read_phone(str(form.raw.get("phone", "")))
    if form.value is None or phone is None:
        return None, form.errors or [FieldError("phone", _(PhoneWrong.message))]
    try:
        made = await service.sign_in(
            phone=phone, code=str(form.raw["code"]), device=device_of(request), locale=i18n.locale()
        )
    except Invalid as error:
        return None, [FieldError("code", _(error.text, **error.params))]
    return made, []


async def begin_session(request: Req, response: Response[Any], signed_in: service.SignedIn) -> None:
    """The browser's new session; the one it came with ends."""
    if request.user.kind != "visitor":
        await service.sign_out(request.user)
    sessions.begin(response, signed_in.token, request.app.state.settings, days=sessions.WORKER_DAYS)


def _sign_in_page(request: Req, raw: dict[str, Any], **given: Any) -> Response[Any]:
    errors: Sequence[FieldError] = given.pop("errors", ())
    context = {"asked_code": False, "phone": raw.get("phone", ""), "shown_code": raw.get("shown_code", "")} | given
    return page(
        request,
        "people/sign_in.html",
        status=422 if errors else 200,
        errors=errors,
        error_of={name: next((e.message for e in errors if e.field == name), "") for name in ("phone", "code")},
        next=local_path(str(raw.get("next") or "/")),
        **context,
    )


@get("/me", opt=allow(Audience.WORKER), include_in_schema=False)
async def show_me(request: Req) -> Response[Any]:
    return await _me(request, saved="saved" in request.query_params)


@post("/me/name", opt=allow(Audience.WORKER), include_in_schema=False)
async def save_name(request: Req) -> Response[Any]:
    form = await read_form(request, NameForm)
    if form.value is None:
        return await _me(request, form=form)
    await service.set_name(request.user, form.value.name)
    return redirect(request, "/me?saved=1")


async def _me(request: Req, *, form: Form[Any] | None = None, saved: bool = False) -> Response[Any]:
    account = await queries.account_of(request.user)
    return page(
        request,
        "people/me.html",
        status=422 if form else 200,
        account=account,
        name=form.raw["name"] if form else account.name,
        error=form.error("name") if form else "",
        errors=form.errors if form else [],
        sessions=await queries.sessions_of(request.user, clock.now()),
        saved=saved,
    )


@post("/me/sessions/{session_id:str}/end", opt=allow(Audience.WORKER), include_in_schema=False)
async def end_session(request: Req, session_id: FromPath[str]) -> Response[Any]:
    await service.end_session(request.user, session_id)
    return redirect(request, "/me")


@post("/sign-out", opt=allow(Audience.WORKER), include_in_schema=False)
async def sign_out(request: Req) -> Response[Any]:
    await service.sign_out(request.user)
    return _gone(request)


@post("/sign-out/everywhere", opt=allow(Audience.WORKER), include_in_schema=False)
async def sign_out_everywhere(request: Req) -> Response[Any]:
    await service.sign_out_everywhere(request.user)
    return _gone(request)


def _gone(request: Req) -> Response[Any]:
    response = redirect(request, "/")
    sessions.end(response)
    return response


@get("/settings", opt=allow(Audience.VISITOR), include_in_schema=False)
async def show_settings(request: Req) -> Response[Any]:
    return page(request, "people/settings.html", next=local_path(request.query_params.get("next", "/")))


@post("/settings", opt=allow(Audience.VISITOR), include_in_schema=False)
async def save_settings(request: Req) -> Response[Any]:
    """Language and text size live in cookies; a worker's messages follow the language."""
    form = await read_form(request, SettingsForm)
    wished = form.value or SettingsForm()
    response = redirect(request, local_path(wished.next))
    secure = request.app.state.settings.secure_cookies
    response.set_cookie(TEXT_SIZE_COOKIE, wished.text_size, max_age=YEAR, secure=secure, samesite="lax")
    if wished.language in i18n.languages():
        response.set_cookie(i18n.COOKIE, wished.language, max_age=YEAR, secure=secure, samesite="lax")
        if request.user.kind == "worker":
            await service.set_locale(request.user, wished.language)
    return response


handlers = [
    ask_phone,
    send_code,
    sign_in,
    show_me,
    save_name,
    end_session,
    sign_out,
    sign_out_everywhere,
    show_settings,
    save_settings,
]
