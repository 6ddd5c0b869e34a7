"""Changes at short notice: somebody does not come today, an offering rests for days, a slot has other places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.response import Response

from server.bookings import plan_days
from server.bookings.desk_sheet_pages import desk_url
from server.bookings.plan_days import Whose
from server.bookings.plan_flow_pages import (
    EDIT,
    MANAGER,
    STATION,
    Change,
    DaysForm,
    Id,
    Req,
    plan_url,
    preview_or_apply,
    read_count,
    read_typed,
    saved_counts,
)
from server.bookings.plan_offering_pages import OFFERING, find_offering, offering_url
from server.bookings.plan_queries import NarrowedDay, StationPlan, left_today, next_day, slots_of_day, station_plan
from server.bookings.slots import Plan
from server.bookings.typed_days import CLOSED, OPEN, USUAL, read_days
from server.bookings.words import PROVIDER_NAMES, SERVICE_NAMES
from server.db.together import at_once
from server.edge.forms import FieldError, read_fields
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import Invalid, NotFound
from server.kit import clock
from server.kit.text import half_width

TODAY = f"{STATION}/today"
UNPROCESSABLE = 422


class StopForm(msgspec.Struct):
    """What is not there any more today, or is there again."""

    whose: Literal["offering", "provider"]
    id: UUID
    again: bool = False


class PlacesForm(msgspec.Struct):
    """Minutes of the day from which to which slots begin, and their places; nothing for the offering's own."""

    day: date
    first: int
    last: int
    capacity: int | None = None


@get(TODAY, opt=MANAGER, include_in_schema=False)
async def show_today(request: Req, station_id: Id) -> Response[Any]:
    """What is left of today, and the one tap for who does not come."""
    shown, lines = await at_once(station_plan(station_id, request.user), left_today(station_id))
    today = clock.today()
    return page(
        request,
        "desk/plan_today.html",
        plan=shown,
        lines=lines,
        rests=_rests(shown),
        url=f"{plan_url(station_id)}/today",
        plan_url=plan_url(station_id),
        back=desk_url(station_id),
        saved=saved_counts(request),
        today=today,
        service_names=SERVICE_NAMES,
        provider_names=PROVIDER_NAMES,
    )


def _rests(shown: StationPlan) -> dict[UUID, NarrowedDay | None]:
    """What is narrowed today, by whose it is."""
    days = {one.id: one.days for one in shown.offerings} | {one.id: one.days for one in shown.providers}
    today = clock.today()
    return {id_: next((one for one in narrowed if one.day == today), None) for id_, narrowed in days.items()}


@post(TODAY, opt=MANAGER, include_in_schema=False)
async def change_today(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply that something is not there any more today; that it is there again needs no preview."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    form = read_fields({name: [value] for name, value in typed.items()}, StopForm).value
    url = f"{plan_url(station_id)}/today"
    if form is None:
        raise NotFound
    if EDIT in typed:
        return redirect(request, url)
    title = _("今天不办了：%(what)s", what=_name_of(shown, form.whose, form.id))

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        given: dict[str, Any] = {"actor": request.user, "station_id": station_id, "whose": form.whose, "id_": form.id}
        if form.again:
            return await plan_days.change_days(days=[clock.today()], ranges=None, reason="", apply=apply, **given)
        return await plan_days.stop_today(reason="", apply=apply, **given)

    if form.again:
        await carry_out(apply=True)
        return redirect(request, url)
    return await preview_or_apply(request, shown, Change(title, url, carry_out, back=url), typed)


def _name_of(shown: StationPlan, whose: Whose, id_: UUID) -> str:
    names = {one.id: one.name for one in shown.providers}
    if whose == "offering":
        names = {one.id: _(SERVICE_NAMES[one.terms.service]) for one in shown.offerings}
    if id_ not in names:
        raise NotFound
    return names[id_]


@get(f"{OFFERING}/days", opt=MANAGER, include_in_schema=False)
async def show_offering_days(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """A form for days on which an offering rests."""
    shown = await station_plan(station_id, request.user)
    return _days_form(shown, offering_id).page(request, shown, {})


@post(f"{OFFERING}/days", opt=MANAGER, include_in_schema=False)
async def change_offering_days(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """Preview or apply days on which an offering rests, or is there for some hours only."""
    shown = await station_plan(station_id, request.user)
    form = _days_form(shown, offering_id)
    return await change_days_of(request, shown, form, "offering", offering_id)


def _days_form(shown: StationPlan, offering_id: UUID) -> DaysForm:
    offering = find_offering(shown, offering_id)
    url = offering_url(shown, offering)
    return DaysForm(
        _("%(service)s：某几天不办", service=_(SERVICE_NAMES[offering.terms.service])),
        _("约的人会看到，比如“师傅回老家”。"),
        [(CLOSED, _("这几天不办")), (OPEN, _("只在下面的时间办")), (USUAL, _("恢复平时时间"))],
        f"{url}/days",
        url,
    )


async def change_days_of(request: Req, shown: StationPlan, form: DaysForm, whose: Whose, id_: UUID) -> Response[Any]:
    """Preview or apply the days of an offering or a provider."""
    typed = await read_typed(request)
    days, ranges, mistakes = read_days(typed)
    if mistakes or EDIT in typed:
        return form.page(request, shown, typed, mistakes)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan_days.change_days(
            actor=request.user,
            station_id=shown.id,
            whose=whose,
            id_=id_,
            days=days,
            ranges=ranges,
            reason=typed.get("reason", ""),
            apply=apply,
        )

    return await preview_or_apply(request, shown, Change(form.title, form.url, carry_out, back=form.back), typed)


@get(f"{OFFERING}/slots", opt=MANAGER, include_in_schema=False)
async def show_places(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """The slots of a day with their places."""
    shown, first = await at_once(station_plan(station_id, request.user), next_day(offering_id))
    day = clock.read_day(request.query_params.get("day", "")) or first
    return await _places_page(request, shown, offering_id, day, {}, [])


@post(f"{OFFERING}/slots", opt=MANAGER, include_in_schema=False)
async def change_places(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """Give the slots of a part of a day other places; whoever has one keeps it."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    form = read_fields({name: [half_width(value)] for name, value in typed.items()}, PlacesForm)
    if form.value is None:
        return await _places_page(request, shown, offering_id, clock.read_day(typed.get("day", "")), typed, form.errors)
    asked = form.value
    try:
        done = await plan_days.set_capacity(
            actor=request.user,
            station_id=station_id,
            offering_id=offering_id,
            day=asked.day,
            first=min(asked.first, asked.last),
            last=max(asked.first, asked.last),
            capacity=asked.capacity,
        )
    except Invalid as refused:
        wrong = [FieldError(refused.field, _(refused.text, **refused.params))]
        return await _places_page(request, shown, offering_id, asked.day, typed, wrong)
    url = offering_url(shown, find_offering(shown, offering_id))
    return redirect(request, f"{url}/slots?day={asked.day}&changed={done.changed}&fuller={done.fuller}")


async def _places_page(  # noqa: PLR0917 (a day's form with what was typed)
    request: Req,
    shown: StationPlan,
    offering_id: UUID,
    day: date | None,
    typed: Mapping[str, str],
    errors: list[FieldError],
) -> Response[str]:
    offering = find_offering(shown, offering_id)
    url, today = offering_url(shown, offering), clock.today()
    day = day or today
    lines = await slots_of_day(offering_id, day)
    return page(
        request,
        "desk/plan_slots.html",
        status=UNPROCESSABLE if errors else 200,
        plan=shown,
        offering=offering,
        url=f"{url}/slots",
        back=url,
        day=day,
        days=[today + timedelta(days=n) for n in range(offering.terms.horizon_days + 1)],
        lines=lines,
        times=[(clock.minute_of_day(line.starts_at), line.starts_at) for line in lines],
        typed={"first": "", "last": "", "capacity": ""} | dict(typed),
        errors=errors,
        error=defaultdict(str, {e.field: e.message for e in errors}),
        changed=read_count(request, "changed"),
        fuller=read_count(request, "fuller"),
        service_names=SERVICE_NAMES,
    )


handlers: list[Any] = [
    show_today,
    change_today,
    show_offering_days,
    change_offering_days,
    show_places,
    change_places,
]
