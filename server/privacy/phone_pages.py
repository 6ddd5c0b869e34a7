"""Another phone number, in three short steps: a code to the old one, a code to the new one, done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.response import Response
from msgspec import Meta

from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError
from server.kit.phone import read_phone
from server.people import phones
from server.people.errors import PhoneWrong, ProofExpired
from server.people.pages import CODE, PHONE, address_of
from server.privacy import service

Req = Request[Any, Any, Any]
WORKER = allow(Audience.WORKER)
PROOF = Annotated[str, Meta(max_length=100)]
SHOWN_CODE = Annotated[str, Meta(max_length=6)]
AGAIN = Annotated[str, Meta(max_length=1)]
UNPROCESSABLE = 422


class AskForm(msgspec.Struct):
    """`again` is filled where a code was sent before."""

    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class OldCodeForm(msgspec.Struct):
    code: CODE
    shown_code: SHOWN_CODE = ""


class NewPhoneForm(msgspec.Struct):
    phone: PHONE
    proof: PROOF = ""
    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class NewCodeForm(msgspec.Struct):
    phone: PHONE
    code: CODE
    proof: PROOF = ""
    shown_code: SHOWN_CODE = ""


@get("/me/phone", opt=WORKER, include_in_schema=False)
async def ask(request: Req) -> Response[Any]:
    return await _page(request, "start")


@post("/me/phone/old", opt=WORKER, include_in_schema=False)
async def send_old_code(request: Req) -> Response[Any]:
    """A code to the number that holds until now."""
    form = await read_form(request, AskForm)
    again = bool(form.raw["again"])
    try:
        shown = await phones.send_own_code(actor=request.user, address=address_of(request))
    except AppError as error:
        errors = _errors(error, "code" if again else "")
        return await _page(request, "old" if again else "start", errors, form)
    return await _page(request, "old", shown_code=shown or "")


@post("/me/phone/old/check", opt=WORKER, include_in_schema=False)
async def check_old_code(request: Req) -> Response[Any]:
    form = await read_form(request, OldCodeForm)
    errors: Sequence[FieldError] = form.errors
    if form.value is not None:
        try:
            proof = await phones.prove_old_phone(actor=request.user, code=form.value.code)
        except AppError as error:
            errors = _errors(error)
        else:
            return await _page(request, "new", proof=proof)
    return await _page(request, "old", errors, form)


@post("/me/phone/new", opt=WORKER, include_in_schema=False)
async def send_new_code(request: Req) -> Response[Any]:
    """A code to the number that shall hold; nothing tells whether it is somebody's."""
    form = await read_form(request, NewPhoneForm)
    step = "check" if form.raw["again"] else "new"
    if form.value is None:
        return await _page(request, step, form.errors, form)
    phone = read_phone(form.value.phone)
    if phone is None:
        return await _page(request, step, [FieldError("phone", _(PhoneWrong.message))], form)
    try:
        shown = await phones.send_new_code(
            actor=request.user, proof=form.value.proof, phone=phone, address=address_of(request)
        )
    except AppError as error:
        return await _refused(request, step, error, form, "code" if form.value.again else "phone")
    return await _page(request, "check", form=form, shown_code=shown or "")


@post("/me/phone", opt=WORKER, include_in_schema=False)
async def change(request: Req) -> Response[Any]:
    form = await read_form(request, NewCodeForm)
    phone = read_phone(str(form.raw["phone"]))
    if form.value is None or phone is None:
        errors = form.errors or [FieldError("phone", _(PhoneWrong.message))]
        return await _page(request, "check", errors, form)
    try:
        await service.change_phone(actor=request.user, proof=form.value.proof, phone=phone, code=form.value.code)
    except AppError as error:
        return await _refused(request, "new" if error.field == "phone" else "check", error, form)
    return redirect(request, "/me/data?phone=1")


async def _refused(request: Req, step: str, error: AppError, form: Form[Any], field: str = "") -> Response[Any]:
    """The same step again; the first one where the old number must be proved anew."""
    if isinstance(error, ProofExpired):
        return await _page(request, "start", _errors(error))
    return await _page(request, step, _errors(error, field), form)


def _errors(error: AppError, field: str = "") -> list[FieldError]:
    return [FieldError(error.field or field, _(error.text, **error.params))]


async def _page(
    request: Req,
    step: str,
    errors: Sequence[FieldError] = (),
    form: Form[Any] | None = None,
    **given: Any,
) -> Response[Any]:
    typed = {"phone": "", "proof": "", "shown_code": ""} | (form.raw if form else {}) | given
    return page(
        request,
        "privacy/phone.html",
        status=UNPROCESSABLE if errors else 200,
        step=step,
        errors=errors,
        error_of={name: next((e.message for e in errors if e.field == name), "") for name in ("phone", "code")},
        tail=(await phones.own_phone(request.user))[-4:],
        phone=typed["phone"],
        proof=typed["proof"],
        shown_code=typed["shown_code"],
    )


handlers = [ask, send_old_code, check_old_code, send_new_code, change]
