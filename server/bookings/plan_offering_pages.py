"""A station's offerings for its managers: their terms and hours of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.response import Response
from msgspec.structs import asdict

from server.bookings import plan
from server.bookings.models import Eligibility, ServiceKind
from server.bookings.plan import GENERAL_TOO_FAR, OfferingTerms
from server.bookings.plan_flow_pages import (
    EDIT,
    MANAGER,
    STATION,
    Change,
    HoursForm,
    Id,
    Req,
    plan_url,
    preview_or_apply,
    read_typed,
)
from server.bookings.plan_queries import PlannedOffering, StationPlan, station_plan
from server.bookings.slots import Plan
from server.bookings.typed_hours import Ranges
from server.bookings.words import ELIGIBILITY_NAMES, SERVICE_NAMES
from server.edge.forms import FieldError, read_fields
from server.edge.htmx import page
from server.edge.i18n import _
from server.errors import NotFound
from server.kit.text import half_width

OFFERING = f"{STATION}/offerings/{{offering_id:uuid}}"
NUMBERS = ("minutes", "capacity", "notice_minutes", "cutoff_minutes", "confirm_minutes", "horizon_days", "general_days")
NEW = OfferingTerms(
    service=ServiceKind.HAIRCUT,
    minutes=30,
    capacity=1,
    notice_minutes=30,
    cutoff_minutes=60,
    confirm_minutes=30,
    horizon_days=14,
    general_days=3,
    eligibility=Eligibility.EVERYBODY,
    auto_confirm=True,
    active=True,
)


@get(f"{STATION}/offerings/new", opt=MANAGER, include_in_schema=False)
async def show_new_offering(request: Req, station_id: Id) -> Response[Any]:
    """A form for one more service, filled with what most stations choose."""
    shown = await station_plan(station_id, request.user)
    return _offering_page(request, shown, None, _typed(NEW), [])


@post(f"{STATION}/offerings/new", opt=MANAGER, include_in_schema=False)
async def add_offering(request: Req, station_id: Id) -> Response[Any]:
    """Preview or apply one more service."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    terms, errors = _read_terms(typed)
    if terms is None or EDIT in typed:
        return _offering_page(request, shown, None, typed, errors)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.add_offering(actor=request.user, station_id=station_id, terms=terms, apply=apply)

    title = _("加服务项目：%(service)s", service=_(SERVICE_NAMES[terms.service]))
    return await preview_or_apply(
        request, shown, Change(title, f"{plan_url(station_id)}/offerings/new", carry_out), typed
    )


@get(OFFERING, opt=MANAGER, include_in_schema=False)
async def show_offering(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """An offering's terms as a form."""
    shown = await station_plan(station_id, request.user)
    offering = find_offering(shown, offering_id)
    return _offering_page(request, shown, offering, _typed(offering.terms), [])


@post(OFFERING, opt=MANAGER, include_in_schema=False)
async def change_offering(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """Preview or apply other terms."""
    shown = await station_plan(station_id, request.user)
    offering = find_offering(shown, offering_id)
    typed = await read_typed(request) | {"service": offering.terms.service.value}
    terms, errors = _read_terms(typed)
    if terms is None or EDIT in typed:
        return _offering_page(request, shown, offering, typed, errors)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_offering(
            actor=request.user, station_id=station_id, offering_id=offering_id, terms=terms, apply=apply
        )

    title = _("改服务项目：%(service)s", service=_(SERVICE_NAMES[terms.service]))
    return await preview_or_apply(request, shown, Change(title, offering_url(shown, offering), carry_out), typed)


@get(f"{OFFERING}/hours", opt=MANAGER, include_in_schema=False)
async def show_own_hours(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """An offering's own week as a form, or that it follows the station."""
    shown = await station_plan(station_id, request.user)
    return _hours_form(shown, find_offering(shown, offering_id)).show(request, shown)


@post(f"{OFFERING}/hours", opt=MANAGER, include_in_schema=False)
async def change_own_hours(request: Req, station_id: Id, offering_id: Id) -> Response[Any]:
    """Preview or apply hours of an offering's own, or the station's."""
    shown = await station_plan(station_id, request.user)

    async def carry_out(week: list[Ranges], apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await plan.change_offering_hours(
            actor=request.user, station_id=station_id, offering_id=offering_id, hours=week or None, apply=apply
        )

    return await _hours_form(shown, find_offering(shown, offering_id)).change(request, shown, carry_out)


def _read_terms(typed: Mapping[str, str]) -> tuple[OfferingTerms | None, list[FieldError]]:
    given = {name: [half_width(text) if name in NUMBERS else text] for name, text in typed.items()}
    form = read_fields(given, OfferingTerms)
    if form.value and form.value.general_days > form.value.horizon_days:
        return None, [FieldError("general_days", _(GENERAL_TOO_FAR))]
    return form.value, form.errors


def _typed(terms: OfferingTerms) -> dict[str, str]:
    """Terms as the form's fields."""
    plain = msgspec.to_builtins(asdict(terms))
    return {name: _shown(value) for name, value in plain.items()}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def find_offering(shown: StationPlan, offering_id: UUID) -> PlannedOffering:
    """One of the station's offerings. Raises NotFound."""
    for offering in shown.offerings:
        if offering.id == offering_id:
            return offering
    raise NotFound


def offering_url(shown: StationPlan, offering: PlannedOffering) -> str:
    """Where an offering is changed."""
    return f"{plan_url(shown.id)}/offerings/{offering.id}"


def _offering_page(
    request: Req,
    shown: StationPlan,
    offering: PlannedOffering | None,
    typed: Mapping[str, str],
    errors: Sequence[FieldError],
) -> Response[str]:
    return page(
        request,
        "desk/plan_offering.html",
        status=422 if errors else 200,
        plan=shown,
        offering=offering,
        url=offering_url(shown, offering) if offering else f"{plan_url(shown.id)}/offerings/new",
        back=plan_url(shown.id),
        typed=dict.fromkeys(OfferingTerms.__struct_fields__, "") | dict(typed),
        errors=errors,
        error=defaultdict(str, {e.field: e.message for e in errors}),
        service_names=SERVICE_NAMES,
        service_choices=[(kind.value, _(name)) for kind, name in SERVICE_NAMES.items()],
        provider_choices=[("", _("（不选，在下面自己写）"))] + [(one.id, one.name) for one in shown.providers],
        eligibility_choices=[(kind.value, _(name)) for kind, name in ELIGIBILITY_NAMES.items()],
    )


def _hours_form(shown: StationPlan, offering: PlannedOffering) -> HoursForm:
    service = _(SERVICE_NAMES[offering.terms.service])
    return HoursForm(
        _("%(service)s的服务时间", service=service),
        _("改服务时间：%(service)s", service=service),
        f"{offering_url(shown, offering)}/hours",
        plan_url(shown.id),
        week=offering.hours or shown.hours,
        follows=not offering.hours,
    )


handlers: list[Any] = [
    show_new_offering,
    add_offering,
    show_offering,
    change_offering,
    show_own_hours,
    change_own_hours,
]
