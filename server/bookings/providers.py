"""Who comes to a station to serve: adding them, changing them, and the week in which they come."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from server.bookings.models import Offering
from server.bookings.plan import carry_out, managed_region, record
from server.bookings.plan_models import Provider, ProviderKind
from server.bookings.slots import Plan
from server.errors import NotFound
from server.kit.ids import new_id
from server.kit.text import N_
from server.people.actors import Actor
from server.stations.errors import HoursUnusable
from server.stations.rules import DAYS, Hours, ranges_in_order

NO_NAME = N_("请写上名字，约的人会看到。")


class ProviderTerms(msgspec.Struct, frozen=True):
    """What a manager says about a provider."""

    kind: ProviderKind
    name: Annotated[str, Meta(min_length=1, max_length=80, extra={"missing": NO_NAME})]
    phone: Annotated[str, Meta(max_length=24)] = ""
    active: bool = False


async def add_provider(*, actor: Actor, station_id: UUID, terms: ProviderTerms) -> UUID:
    """One more provider; no slot changes until an offering names them. Raises NotFound, Forbidden."""
    made = new_id()

    async def change() -> None:
        region = await managed_region(actor, station_id)
        await Provider.create(id=made, station_id=station_id, **asdict(terms))
        await record(actor, "provider.added", made, region, "provider")

    await carry_out(station_id, change, apply=True)
    return made


async def change_provider(
    *, actor: Actor, station_id: UUID, provider_id: UUID, terms: ProviderTerms, apply: bool
) -> Plan:
    """Another name, or not coming any more; their offerings follow. Raises NotFound, Forbidden."""
    return await _change_row(actor, station_id, provider_id, asdict(terms), apply=apply)


async def change_provider_hours(
    *, actor: Actor, station_id: UUID, provider_id: UUID, hours: Hours | None, apply: bool
) -> Plan:
    """The week in which they come, or None for whenever the station is open.

    Raises NotFound, Forbidden, HoursUnusable.
    """
    if hours is not None and (len(hours) != DAYS or not all(map(ranges_in_order, hours))):
        raise HoursUnusable
    return await _change_row(actor, station_id, provider_id, {"hours": hours}, apply=apply)


async def _change_row(
    actor: Actor, station_id: UUID, provider_id: UUID, values: dict[str, Any], *, apply: bool
) -> Plan:
    async def change() -> None:
        region = await managed_region(actor, station_id)
        if not await Provider.filter(id=provider_id, station_id=station_id).update(**values):
            raise NotFound
        if "name" in values:
            await Offering.filter(provider_id=provider_id).update(provider=values["name"])
        await record(actor, "provider.changed", provider_id, region, "provider")

    return await carry_out(station_id, change, apply=apply)
