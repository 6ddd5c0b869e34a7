"""Who comes to the demo's desk to serve: a barber and a hospital, each with days of their own."""

from __future__ import annotations

from uuid import UUID

from server.bookings.models import Offering, ServiceKind
from server.bookings.plan_models import Provider, ProviderKind
from server.bookings.slots import replan
from server.db import sql

COMES = {
    ServiceKind.HAIRCUT: (ProviderKind.BARBER, "义剪志愿队", None),
    ServiceKind.HEALTH_CHECK: (
        ProviderKind.HOSPITAL,
        "青秀区社区卫生服务中心（演示）",
        [[], [], [], [], [], [[540, 720]], [[540, 720]], []],
    ),
}


async def add_providers(desk_id: UUID) -> None:
    """Link the desk's haircuts and health checks to who provides them, once."""
    if await Provider.exists(station_id=desk_id):
        return
    async with sql.transaction():
        for service, (kind, name, hours) in COMES.items():
            made = await Provider.create(station_id=desk_id, kind=kind, name=name, hours=hours)
            await Offering.filter(station_id=desk_id, service=service).update(provider_id=made.id, provider=name)
        await replan(desk_id)
