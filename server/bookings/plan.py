"""Changing what a station offers and when: each change previewed or applied with its slots, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from server.audit import service as audit
from server.bookings import slots
from server.bookings.models import Eligibility, Offering, ServiceKind
from server.bookings.plan_models import Provider
from server.bookings.slots import Plan
from server.db import sql
from server.errors import Invalid, NotFound
from server.kit.ids import new_id
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.stations import service as stations
from server.stations.errors import HoursUnusable
from server.stations.rules import DAYS, Hours, ranges_in_order

GENERAL_TOO_FAR = N_("给大家开放的天数，不能比一共开放的天数还多。")


def _whole(least: int, most: int, message: str) -> Meta:
    return Meta(ge=least, le=most, extra={"invalid": message, "missing": message})


class OfferingTerms(msgspec.Struct, frozen=True):
    """What a manager decides about an offering; the bounds are the table's own."""

    service: ServiceKind
    minutes: Annotated[int, _whole(5, 480, N_("每次多久要填 5 到 480 分钟。"))]
    capacity: Annotated[int, _whole(1, 2000, N_("同时接待人数要填 1 到 2000。"))]
    notice_minutes: Annotated[int, _whole(0, 20160, N_("最晚提前多久约，要填 0 到 20160 分钟（两周）。"))]
    cutoff_minutes: Annotated[int, _whole(0, 20160, N_("最晚提前多久改，要填 0 到 20160 分钟（两周）。"))]
    confirm_minutes: Annotated[int, _whole(0, 20160, N_("最晚提前多久答复，要填 0 到 20160 分钟（两周）。"))]
    horizon_days: Annotated[int, _whole(1, 90, N_("提前开放的天数要填 1 到 90。"))]
    general_days: Annotated[int, _whole(0, 90, N_("给大家开放的天数要填 0 到 90。"))]
    eligibility: Eligibility
    auto_confirm: bool = False
    active: bool = False
    bring: Annotated[str, Meta(max_length=120)] = ""
    provider: Annotated[str, Meta(max_length=80)] = ""
    provider_id: UUID | None = None


async def carry_out(station_id: UUID, change: Callable[[], Awaitable[object]], *, apply: bool) -> Plan:
    """Do a change of a station's plan, or only show what it would do."""
    return await (slots.apply if apply else slots.preview)(station_id, change)


async def change_hours(*, actor: Actor, station_id: UUID, hours: Hours, apply: bool) -> Plan:
    """Other weekly hours for a station; what that does to its slots. Raises NotFound, Forbidden, HoursUnusable."""
    return await carry_out(
        station_id, lambda: stations.change_hours(actor=actor, station_id=station_id, hours=hours), apply=apply
    )


async def change_days(
    *,
    actor: Actor,
    station_id: UUID,
    days: Sequence[date],
    ranges: list[list[int]] | None,
    reason: str,
    apply: bool,
) -> Plan:
    """Close dates (no ranges), open them at other hours, or let the weekly hours hold again (None)."""

    async def change() -> None:
        if ranges is None:
            await stations.forget_days(actor=actor, station_id=station_id, days=days)
        elif ranges:
            await stations.open_days(actor=actor, station_id=station_id, days=days, ranges=ranges, reason=reason)
        else:
            await stations.close_days(actor=actor, station_id=station_id, days=days, reason=reason)

    return await carry_out(station_id, change, apply=apply)


async def add_offering(*, actor: Actor, station_id: UUID, terms: OfferingTerms, apply: bool) -> Plan:
    """One more service at a station. Raises NotFound, Forbidden, Invalid."""
    _require_sane(terms)

    async def change() -> None:
        region = await managed_region(actor, station_id)
        values = await _named(station_id, asdict(terms))
        made = await Offering.create(id=new_id(), station_id=station_id, region_code=region, **values)
        await record(actor, "offering.added", made.id, region)

    return await carry_out(station_id, change, apply=apply)


async def change_offering(
    *, actor: Actor, station_id: UUID, offering_id: UUID, terms: OfferingTerms, apply: bool
) -> Plan:
    """Other terms for an offering; its service stays what it is. Raises NotFound, Forbidden, Invalid."""
    _require_sane(terms)
    values = asdict(terms)
    del values["service"]
    return await _change_row(actor, station_id, offering_id, values, "offering.changed", apply=apply)


async def change_offering_hours(
    *, actor: Actor, station_id: UUID, offering_id: UUID, hours: Hours | None, apply: bool
) -> Plan:
    """Weekly hours of an offering's own, or None for the station's. Raises NotFound, Forbidden, HoursUnusable."""
    if hours is not None and (len(hours) != DAYS or not all(map(ranges_in_order, hours))):
        raise HoursUnusable
    return await _change_row(actor, station_id, offering_id, {"hours": hours}, "offering.hours_changed", apply=apply)


async def _change_row(
    actor: Actor, station_id: UUID, offering_id: UUID, values: dict[str, Any], action: str, *, apply: bool
) -> Plan:
    async def change() -> None:
        region = await managed_region(actor, station_id)
        named = await _named(station_id, values)
        if not await Offering.filter(id=offering_id, station_id=station_id).update(**named):
            raise NotFound
        await record(actor, action, offering_id, region)

    return await carry_out(station_id, change, apply=apply)


def _require_sane(terms: OfferingTerms) -> None:
    if terms.general_days > terms.horizon_days:
        raise Invalid(GENERAL_TOO_FAR, field="general_days")


async def _named(station_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
    """Who serves is called what the chosen provider is called. Raises NotFound for another station's provider."""
    if not values.get("provider_id"):
        return values
    provider = await Provider.get_or_none(id=values["provider_id"], station_id=station_id)
    if provider is None:
        raise NotFound
    return values | {"provider": provider.name}


async def managed_region(actor: Actor, station_id: UUID) -> int:
    """The region of a station that this actor manages. Raises NotFound, Forbidden."""
    region: int | None = await sql.value("SELECT region_code FROM station WHERE id = $1", station_id)
    if region is None:
        raise NotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=region)
    return region


async def record(actor: Actor, action: str, subject_id: UUID, region: int, kind: str = "offering") -> None:
    """Write down what was done to something of a station's plan."""
    await audit.record(actor.kind, actor.id, action, subject_kind=kind, subject_id=str(subject_id), region_code=region)
