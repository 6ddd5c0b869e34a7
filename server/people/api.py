"""Signing in for other programs: a phone, a code, then a bearer token."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.params import JSONBody
from msgspec import Meta

from server.edge import i18n
from server.edge.access import Audience, allow
from server.edge.openapi import problems
from server.errors import Forbidden, SignInNeeded
from server.kit.phone import read_phone
from server.people import queries, service
from server.people.errors import CodeExpired, CodesTooMany, CodeWrong, PhoneWrong
from server.people.pages import address_of, device_of

Req = Request[Any, Any, Any]
PHONE = Annotated[str, Meta(min_length=1, max_length=40, extra_json_schema={"examples": ["+86 138 0013 8000"]})]


class PhoneIn(msgspec.Struct):
    """A mobile number of the mainland, Hong Kong or Macau."""

    phone: PHONE


class CodeIn(msgspec.Struct):
    """The number and the code that was sent to it."""

    phone: PHONE
    code: Annotated[str, Meta(min_length=1, max_length=20, extra_json_schema={"examples": ["123456"]})]


class CodeSent(msgspec.Struct, frozen=True):
    """A code is on its way, good for so many seconds. `demo_code` is filled by the demonstration only."""

    valid_seconds: int
    demo_code: str | None


class SessionMade(msgspec.Struct, frozen=True):
    """Send `token` as `Authorization: Bearer …`; it is shown this once."""

    token: str
    is_new: bool


class Me(msgspec.Struct, frozen=True):
    """The worker who is signed in."""

    id: UUID
    phone_tail: str
    name: str
    is_member: bool


@post(
    "/api/v1/sign-in/codes",
    opt=allow(Audience.VISITOR),
    tags=["people"],
    operation_id="sendCode",
    summary="Send a six-digit code to a phone",
    description="The answer is the same for numbers that are known and numbers that are not.",
    status_code=202,
    responses=problems(PhoneWrong, CodesTooMany),
)
async def send_code(request: Req, data: JSONBody[PhoneIn]) -> CodeSent:
    phone = _phone(data.phone)
    shown = await service.request_code(phone=phone, address=address_of(request))
    return CodeSent(int(service.CODE_LIFE.total_seconds()), shown)


@post(
    "/api/v1/sessions",
    opt=allow(Audience.VISITOR),
    tags=["people"],
    operation_id="signIn",
    summary="Sign in with the code",
    responses=problems(PhoneWrong, CodeWrong, CodeExpired),
)
async def sign_in(request: Req, data: JSONBody[CodeIn]) -> SessionMade:
    made = await service.sign_in(
        phone=_phone(data.phone), code=data.code, device=device_of(request), locale=i18n.locale()
    )
    return SessionMade(made.token, made.is_new)


@delete(
    "/api/v1/sessions/current",
    opt=allow(Audience.WORKER),
    tags=["people"],
    operation_id="signOut",
    summary="End this session",
    responses=problems(SignInNeeded, Forbidden),
)
async def sign_out(request: Req) -> None:
    await service.sign_out(request.user)


@get("/api/v1/me", opt=allow(Audience.WORKER), tags=["people"], operation_id="showMe", responses=problems(SignInNeeded))
async def show_me(request: Req) -> Me:
    """The worker who is signed in."""
    account = await queries.account_of(request.user)
    return Me(request.user.id, account.phone_tail, account.name, request.user.is_member)


def _phone(typed: str) -> str:
    phone = read_phone(typed)
    if phone is None:
        raise PhoneWrong(field="phone")
    return phone


handlers = [send_code, sign_in, sign_out, show_me]
