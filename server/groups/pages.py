"""The foreman books for many: how many or who, on which day; then where everybody fits; then all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.bookings.book_pages import KEY, day_asked, names
from server.bookings.schemas import DayStrip
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, Form, read_fields, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, Invalid, NotFound
from server.groups import lists, queries, rules, service
from server.groups.errors import ListUnusable, ListWrongSize
from server.groups.lists import Guest
from server.kit.ids import new_id
from server.kit.text import N_, half_width
from server.stations.import_cells import CellUnusableError

Req = Request[Any, Any, Any]
Id = FromPath[UUID]
WORKER = allow(Audience.WORKER)
NEW = "/groups/new/{offering_id:uuid}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROOM_FOR_FORM = 100_000
HOW_MANY = N_("请写一共几个人：2 到 200 个。")
CHOOSE = N_("请勾一个地方，或者点“只约”那一个。")
NOT_FORM = N_("请重新填一次。")


class AskForm(msgspec.Struct):
    """How many people, or who (from a file before), and when."""

    day: date
    people: Annotated[int, Meta(ge=rules.LEAST, le=rules.MOST, extra={"missing": HOW_MANY, "invalid": HOW_MANY})]
    person: list[str] = []


class BookForm(msgspec.Struct):
    """What was shown and chosen: `places` at the day asked for, `offer` for the rest, or `only` the first."""

    day: date
    people: Annotated[int, Meta(ge=rules.LEAST, le=rules.MOST)]
    person: list[str] = []
    places: str = ""
    offer: list[str] = []
    only: bool = False
    told: bool = False
    request_key: KEY = ""


@get(NEW, opt=WORKER, include_in_schema=False)
async def ask(request: Req, offering_id: Id) -> Response[str]:
    strip = await queries.days_for(offering_id, day_asked(request))
    return _ask_page(request, strip, Form(None, [], {"day": strip.day, "people": ""}))


@post(NEW, opt=WORKER, include_in_schema=False, status_code=200, request_max_body_size=lists.MOST_BYTES + ROOM_FOR_FORM)
async def look(request: Req, offering_id: Id) -> Response[str]:
    """Where everybody would fit; nothing is kept yet. A file's people count, else the number."""
    sent = await request.form()
    typed = {name: [half_width(v) if name == "people" else v for v in sent.getall(name)] for name in sent}
    file = sent.get("file")
    guests: list[Guest] = []
    if isinstance(file, UploadFile) and file.filename:
        try:
            guests = await asyncio.to_thread(lists.read_file, await file.read())
        except Invalid as error:
            form = read_fields({**typed, "people": [str(rules.LEAST)]}, AskForm)
            return await _wrong_list(request, offering_id, form.raw | {"people": ""}, error)
        typed |= {"people": [str(len(guests))], "person": lists.written(guests)}
    form = read_fields(typed, AskForm)
    if form.value is None:
        strip = await queries.days_for(offering_id)
        return _ask_page(request, strip, form)
    asked = BookForm(day=form.value.day, people=form.value.people, person=form.value.person)
    return await _look_page(request, offering_id, asked)


@post(f"{NEW}/book", opt=WORKER, include_in_schema=False)
async def book(request: Req, offering_id: Id) -> Response[Any]:
    """Take all that was chosen, or show what is left."""
    form = await read_form(request, BookForm)
    if form.value is None:
        strip = await queries.days_for(offering_id)
        return _ask_page(request, strip, Form(None, [FieldError("", _(NOT_FORM))], {"day": strip.day, "people": ""}))
    asked = form.value
    try:
        guests = _guests(asked.people, asked.person)
        first = rules.read_places(asked.places)
        chosen = [] if asked.only else [rules.read_places(text) for text in asked.offer]
    except (ValueError, CellUnusableError):
        raise Invalid from None
    if not asked.only and not chosen and sum(first.values()) < len(guests):
        return await _look_page(request, offering_id, asked, _(CHOOSE), Invalid.status)
    try:
        group_id = await service.book_group(
            actor=request.user,
            guests=guests,
            places=rules.together(len(guests), [first, *chosen]),
            request_key=asked.request_key or new_id().hex,
            told=asked.told,
        )
    except NotFound:
        raise
    except AppError as error:
        return await _look_page(request, offering_id, asked, _(error.text, **error.params), error.status)
    return redirect(request, f"/groups/{group_id}?new=1")


@get("/groups/template.xlsx", opt=WORKER, include_in_schema=False)
async def show_template() -> Response[bytes]:
    headers = {"Content-Disposition": 'attachment; filename="people.xlsx"', "Cache-Control": "private, no-store"}
    return Response(lists.template_xlsx(), media_type=XLSX, headers=headers)


def _guests(people: int, persons: Sequence[str]) -> list[Guest]:
    """The people of a form: those of its list, else so many without a name. Raises CellUnusableError."""
    return lists.read_written(persons) or [Guest()] * people


async def _wrong_list(request: Req, offering_id: UUID, raw: dict[str, Any], error: Invalid) -> Response[str]:
    params = error.params if isinstance(error, ListUnusable | ListWrongSize) else {}
    mistakes = error.mistakes if isinstance(error, ListUnusable) else []
    strip = await queries.days_for(offering_id)
    return _ask_page(
        request,
        strip,
        Form(None, [FieldError("file", _(error.text, **params))], raw),
        [(m.line, _(m.column), _(m.message, **m.params)) for m in mistakes],
    )


def _ask_page(
    request: Req, strip: DayStrip, form: Form[Any], mistakes: Sequence[tuple[int, str, str]] = ()
) -> Response[str]:
    return page(
        request,
        "groups/new.html",
        status=Invalid.status if form.errors else 200,
        offering=strip.offering,
        days=[day for day in strip.days if day.free],
        chosen=str(form.raw.get("day") or strip.day or ""),
        people=form.raw.get("people", ""),
        errors=form.errors,
        error_of={name: form.error(name) for name in ("people", "day", "file")},
        mistakes=mistakes,
        least=rules.LEAST,
        most=rules.MOST,
        back=f"/book/{strip.offering.id}",
        **names(),
    )


async def _look_page(
    request: Req, offering_id: UUID, asked: BookForm, said: str = "", status: int = 200
) -> Response[str]:
    try:
        guests = _guests(asked.people, asked.person)
    except CellUnusableError:
        raise Invalid from None
    return page(
        request,
        "groups/look.html",
        status=status,
        plan=await queries.plan(offering_id, asked.day, len(guests)),
        persons=asked.person,
        phones=sum(bool(guest.phone) for guest in guests),
        request_key=asked.request_key or new_id().hex,
        refusal=said,
        told=asked.told,
        written=rules.written,
        back=f"/groups/new/{offering_id}?day={asked.day.isoformat()}",
        **names(),
    )


handlers: list[Any] = [ask, look, book, show_template]
