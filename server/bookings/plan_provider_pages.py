"""Who serves at a station, for its managers: hospitals, law firms, barbers, with their own days and hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.response import Response

from server.bookings import providers
from server.bookings.plan_flow_pages import (
    DAY_NAMES,
    EDIT,
    MANAGER,
    STATION,
    Change,
    DaysForm,
    HoursForm,
    Id,
    Req,
    plan_url,
    preview_or_apply,
    read_typed,
)
from server.bookings.plan_models import ProviderKind
from server.bookings.plan_queries import PlannedProvider, StationPlan, station_plan
from server.bookings.plan_today_pages import change_days_of
from server.bookings.providers import ProviderTerms
from server.bookings.slots import Plan
from server.bookings.typed_days import CLOSED, OPEN, USUAL
from server.bookings.typed_hours import Ranges
from server.bookings.words import PROVIDER_NAMES, SERVICE_NAMES
from server.edge.forms import FieldError, read_fields
from server.edge.htmx import page, redirect
from server.edge.i18n import _
from server.errors import NotFound

PROVIDER = f"{STATION}/providers/{{provider_id:uuid}}"
NEW = {"kind": ProviderKind.BARBER.value, "name": "", "phone": "", "active": "on"}


@get(f"{STATION}/providers/new", opt=MANAGER, include_in_schema=False)
async def show_new_provider(request: Req, station_id: Id) -> Response[Any]:
    """A form for one more provider."""
    shown = await station_plan(station_id, request.user)
    return _provider_page(request, shown, None, NEW, [])


@post(f"{STATION}/providers/new", opt=MANAGER, include_in_schema=False)
async def add_provider(request: Req, station_id: Id) -> Response[Any]:
    """Add a provider, and go on to when they come."""
    shown = await station_plan(station_id, request.user)
    typed = await read_typed(request)
    form = read_fields({name: [text] for name, text in typed.items()}, ProviderTerms)
    if form.value is None:
        return _provider_page(request, shown, None, typed, form.errors)
    made = await providers.add_provider(actor=request.user, station_id=station_id, terms=form.value)
    return redirect(request, f"{plan_url(station_id)}/providers/{made}")


@get(PROVIDER, opt=MANAGER, include_in_schema=False)
async def show_provider(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """A provider: name, phone, and the ways to their days."""
    shown = await station_plan(station_id, request.user)
    one = _find(shown, provider_id)
    typed = {"kind": one.kind.value, "name": one.name, "phone": one.phone, "active": "on" if one.active else ""}
    return _provider_page(request, shown, one, typed, [])


@post(PROVIDER, opt=MANAGER, include_in_schema=False)
async def change_provider(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """Preview or apply another name, or that they do not come any more."""
    shown = await station_plan(station_id, request.user)
    one = _find(shown, provider_id)
    typed = await read_typed(request)
    form = read_fields({name: [text] for name, text in typed.items()}, ProviderTerms)
    terms = form.value
    if terms is None or EDIT in typed:
        return _provider_page(request, shown, one, typed, form.errors)

    async def carry_out(apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await providers.change_provider(
            actor=request.user, station_id=station_id, provider_id=provider_id, terms=terms, apply=apply
        )

    change = Change(_("改服务方：%(name)s", name=terms.name), _url(shown, one), carry_out, back=_url(shown, one))
    return await preview_or_apply(request, shown, change, typed)


@get(f"{PROVIDER}/hours", opt=MANAGER, include_in_schema=False)
async def show_provider_hours(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """The week in which a provider comes."""
    shown = await station_plan(station_id, request.user)
    return _hours_form(shown, _find(shown, provider_id)).show(request, shown)


@post(f"{PROVIDER}/hours", opt=MANAGER, include_in_schema=False)
async def change_provider_hours(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """Preview or apply another week."""
    shown = await station_plan(station_id, request.user)

    async def carry_out(week: list[Ranges], apply: bool) -> Plan:  # noqa: FBT001 (the shape of Change)
        return await providers.change_provider_hours(
            actor=request.user, station_id=station_id, provider_id=provider_id, hours=week or None, apply=apply
        )

    return await _hours_form(shown, _find(shown, provider_id)).change(request, shown, carry_out)


@get(f"{PROVIDER}/days", opt=MANAGER, include_in_schema=False)
async def show_provider_days(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """A form for dates on which a provider does not come, or comes besides the week."""
    shown = await station_plan(station_id, request.user)
    return _days_form(shown, _find(shown, provider_id)).page(request, shown, {})


@post(f"{PROVIDER}/days", opt=MANAGER, include_in_schema=False)
async def change_provider_days(request: Req, station_id: Id, provider_id: Id) -> Response[Any]:
    """Preview or apply those dates."""
    shown = await station_plan(station_id, request.user)
    form = _days_form(shown, _find(shown, provider_id))
    return await change_days_of(request, shown, form, "provider", provider_id)


def _days_form(shown: StationPlan, one: PlannedProvider) -> DaysForm:
    return DaysForm(
        _("%(name)s：某几天", name=one.name),
        _("约的人会看到，比如“师傅回老家”。"),
        [(CLOSED, _("这几天不来")), (OPEN, _("这几天只在下面的时间来")), (USUAL, _("跟平时一样"))],
        f"{_url(shown, one)}/days",
        _url(shown, one),
    )


def _find(shown: StationPlan, provider_id: UUID) -> PlannedProvider:
    for one in shown.providers:
        if one.id == provider_id:
            return one
    raise NotFound


def _url(shown: StationPlan, one: PlannedProvider) -> str:
    return f"{plan_url(shown.id)}/providers/{one.id}"


def _provider_page(
    request: Req,
    shown: StationPlan,
    one: PlannedProvider | None,
    typed: Mapping[str, str],
    errors: Sequence[FieldError],
) -> Response[str]:
    return page(
        request,
        "desk/plan_provider.html",
        status=422 if errors else 200,
        plan=shown,
        provider=one,
        serves=[o.terms.service for o in shown.offerings if one and o.terms.provider_id == one.id],
        url=_url(shown, one) if one else f"{plan_url(shown.id)}/providers/new",
        back=plan_url(shown.id),
        typed=dict.fromkeys(NEW, "") | dict(typed),
        errors=errors,
        error=defaultdict(str, {e.field: e.message for e in errors}),
        kind_choices=[(kind.value, _(name)) for kind, name in PROVIDER_NAMES.items()],
        service_names=SERVICE_NAMES,
        day_names=DAY_NAMES,
    )


def _hours_form(shown: StationPlan, one: PlannedProvider) -> HoursForm:
    title = _("%(name)s什么时候来", name=one.name)
    return HoursForm(
        title,
        title,
        f"{_url(shown, one)}/hours",
        _url(shown, one),
        week=one.hours or shown.hours,
        follows=not one.hours,
    )


handlers: list[Any] = [
    show_new_provider,
    add_provider,
    show_provider,
    change_provider,
    show_provider_hours,
    change_provider_hours,
    show_provider_days,
    change_provider_days,
]
