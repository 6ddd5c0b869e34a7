"""Booking as a worker sees it: service, day, time, phone, code, ticket."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from server.bookings import queries, service
from server.bookings.errors import OneAtATime, OverlappingBooking
from server.bookings.no_show_limits import second_refused
from server.bookings.no_show_queries import Standing, limit_of
from server.bookings.schemas import DayStrip, OfferingView, SlotChoice, SlotView
from server.bookings.service import LONGEST_KEY
from server.bookings.words import ELIGIBILITY_NAMES, SERVICE_NAMES
from server.edge.access import Audience, allow
from server.edge.forms import FieldError, read_form
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import AppError, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import Actor
from server.people.pages import AGAIN, CODE, PHONE, SHOWN_CODE, begin_session, try_sending, try_signing_in

Req = Request[Any, Any, Any]
NOON, EVENING = 12 * 60, 18 * 60
KEY = Annotated[str, Meta(max_length=64)]


class AskForm(msgspec.Struct):
    """The phone a first-time worker books with."""

    phone: PHONE
    request_key: KEY = ""
    again: AGAIN = ""
    shown_code: SHOWN_CODE = ""


class BookForm(msgspec.Struct):
    """Phone and code of a first-time worker, and the key that makes a retry harmless."""

    phone: PHONE
    code: CODE
    request_key: KEY = ""
    shown_code: SHOWN_CODE = ""


class KeyForm(msgspec.Struct):
    """What a worker who is signed in sends: one tap."""

    request_key: KEY = ""


def day_asked(request: Req) -> date | None:
    """The day in the address; None where it is none."""
    return clock.read_day(request.query_params.get("day", ""))


def parts_of_day(slots: list[SlotView]) -> list[tuple[str, list[SlotView]]]:
    """Times by morning, afternoon and evening; only what can be booked or is full."""
    shown = [s for s in slots if s.refused in ("", "slot-full")]
    spans = ((_("上午"), 0, NOON), (_("下午"), NOON, EVENING), (_("晚上"), EVENING, 1440))
    parts = [
        (name, [s for s in shown if first <= clock.minute_of_day(s.starts_at) < last]) for name, first, last in spans
    ]
    return [(name, here) for name, here in parts if here]


def names() -> dict[str, Any]:
    """Words that every booking page uses."""
    return {
        "service_names": {kind: _(text) for kind, text in SERVICE_NAMES.items()},
        "eligibility_names": {kind: _(text) for kind, text in ELIGIBILITY_NAMES.items()},
    }


@get("/book/{offering_id:uuid}", opt=allow(Audience.VISITOR), include_in_schema=False)
async def choose_time(request: Req, offering_id: FromPath[UUID]) -> Response[str]:
    strip = await queries.day_strip(offering_id, request.user, day_asked(request))
    return show_times(
        request,
        strip,
        title=_("约%(service)s", service=_(SERVICE_NAMES[strip.offering.service])),
        back=f"/stations/{strip.offering.station_id}",
        day_url=f"/book/{offering_id}",
        slot_url="/book/slots",
        limit=await _limit(request.user, strip.offering),
    )


async def _limit(actor: Actor, offering: OfferingView) -> Standing | None:
    """Where a worker stands who has one open booking at a time at the station."""
    return await limit_of(actor.id, offering.station_id) if actor.kind == "worker" else None


def show_times(request: Req, strip: DayStrip, *, moving: bool = False, **given: Any) -> Response[str]:
    """The page where a day and a time are chosen; for htmx the times alone."""
    return page(
        request,
        "bookings/choose.html",
        fragment="times",
        strip=strip,
        parts=parts_of_day(strip.slots),
        moving=moving,
        **names(),
        **{"limit": None} | given,
    )


@get("/book/slots/{slot_id:uuid}", opt=allow(Audience.VISITOR), include_in_schema=False)
async def ask_to_book(request: Req, slot_id: FromPath[UUID]) -> Response[str]:
    return await _confirm_page(request, slot_id, {})


@post("/book/slots/{slot_id:uuid}/code", opt=allow(Audience.VISITOR), include_in_schema=False, status_code=200)
async def send_code(request: Req, slot_id: FromPath[UUID]) -> Response[str]:
    form = await read_form(request, AskForm)
    choice = await queries.slot_for_booking(slot_id, request.user)
    if choice.slot.refused:
        return await _confirm_page(request, slot_id, form.raw)
    sending = await try_sending(request, form)
    raw = form.raw | {"shown_code": sending.shown_code}
    return await _confirm_page(request, slot_id, raw, errors=list(sending.errors), asked_code=sending.asked_code)


@post("/book/slots/{slot_id:uuid}", opt=allow(Audience.VISITOR), include_in_schema=False)
async def book(request: Req, slot_id: FromPath[UUID]) -> Response[Any]:
    """Sign in where needed, then book; a sign-in that worked is kept even where the slot is gone."""
    if request.user.kind == "worker":
        form = await read_form(request, KeyForm)
        return await _book(request, request.user, slot_id, form.raw)
    full = await read_form(request, BookForm)
    signed_in, errors = await try_signing_in(request, full)
    if signed_in is None:
        return await _confirm_page(request, slot_id, full.raw, errors=errors, asked_code=True)
    response = await _book(request, signed_in.actor, slot_id, full.raw)
    await begin_session(request, response, signed_in)
    return response


async def _book(request: Req, actor: Actor, slot_id: UUID, raw: dict[str, Any]) -> Response[Any]:
    try:
        made = await service.book_slot(
            actor=actor, slot_id=slot_id, request_key=str(raw["request_key"] or new_id().hex)
        )
    except NotFound:
        raise
    except AppError as error:
        return await _confirm_page(request, slot_id, raw, refused=error, actor=actor)
    return redirect(request, f"/tickets/{made.id}?new=1")


async def _confirm_page(
    request: Req,
    slot_id: UUID,
    raw: dict[str, Any],
    *,
    errors: list[FieldError] | None = None,
    asked_code: bool = False,
    refused: AppError | None = None,
    actor: Actor | None = None,
) -> Response[str]:
    actor = actor or request.user
    choice = await queries.slot_for_booking(slot_id, actor)
    if refused is None and choice.slot.refused:
        refused = await queries.why_refused(slot_id, actor)
    limit = await _limit(actor, choice.offering) if refused is None or isinstance(refused, OneAtATime) else None
    refused = refused or second_refused(limit)
    status = refused.status if refused and request.method == "POST" else 422 if errors else 200
    return show_confirm(
        request,
        choice,
        status=status,
        errors=errors or [],
        asked_code=asked_code,
        refusal=_(refused.text, **refused.params) if refused else "",
        limit=limit if isinstance(refused, OneAtATime) else None,
        overlapping=refused.booking_id if isinstance(refused, OverlappingBooking) else None,
        others=await queries.alternatives(slot_id, actor) if refused and limit is None else [],
        others_url="/book/slots",
        raw=raw,
        action=f"/book/slots/{slot_id}",
        back=f"/book/{choice.offering.id}?day={clock.local(choice.slot.starts_at).date().isoformat()}",
    )


def show_confirm(
    request: Req, choice: SlotChoice, *, raw: dict[str, Any], status: int, errors: list[FieldError], **given: Any
) -> Response[str]:
    """The page with everything to check before the one tap that books or moves."""
    return page(
        request,
        "bookings/confirm.html",
        status=status,
        choice=choice,
        errors=errors,
        error_of={name: next((e.message for e in errors if e.field == name), "") for name in ("phone", "code")},
        phone=raw.get("phone", ""),
        shown_code=raw.get("shown_code", ""),
        request_key=_key(raw),
        **names(),
        **{"moving": False, "limit": None} | given,
    )


def _key(raw: dict[str, Any]) -> str:
    """The form's own key, or a new one where it carries none that can be used."""
    key = str(raw.get("request_key", ""))
    return key if 0 < len(key) <= LONGEST_KEY else new_id().hex


handlers = [choose_time, ask_to_book, send_code, book]
