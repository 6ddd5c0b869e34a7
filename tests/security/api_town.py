"""What stands behind the fuzzed API: a filled database, a real server process, and callers with tokens of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from schemathesis.schemas import BaseSchema

from server.db.lifespan import database
from server.edge.sessions import COOKIE
from server.kit.ids import new_id
from server.membership.consent_texts import CONSENTS, version_of
from server.stations.service import load_divisions
from tests.bench.house import served
from tests.fixtures.database import copy_of
from tests.fixtures.http import ORIGIN, Site
from tests.fixtures.membership import make_id_card, make_member
from tests.fixtures.people import make_person
from tests.fixtures.world import World, make_world

PATIENCE = 30
NAMED = re.compile(r"{(\w+)}")
WORKERS = ("owner", "member", "another worker", "visitor")
# Who an operation is made for; everybody else asks too, more rarely.
MADE_FOR = {"desk": ("staff", "officer"), "review": ("reviewer", "reviewer above")}


class Town:
    """A server with somebody in every role, and fresh things to name in addresses and bodies."""

    def __init__(self, base_url: str, portal: BlockingPortal) -> None:
        self.base_url = base_url
        self._portal = portal
        self.world: World = portal.call(make_world, _browser)
        self.http = requests.Session()
        self.http.trust_env = False
        self.schema = self._read_schema()
        self.things: dict[str, str] = {}
        self.renew()

    def _read_schema(self) -> BaseSchema:
        answer = requests.get(f"{self.base_url}/schema/openapi.json", timeout=PATIENCE)
        return schemathesis.openapi.from_dict(answer.json())

    def renew(self, path: str = "") -> None:
        """New workers, and a new thing of each kind that a path names: the last ones may be used up."""
        for name in NAMED.findall(path):
            self.things |= self._portal.call(self.world.make, name)
        if "{booking_id}" not in path:
            self._portal.call(self._new_worker, "owner")
        self._portal.call(self._new_worker, "member")

    async def _new_worker(self, seat: str) -> None:
        is_member = seat == "member"
        person = await make_person(is_member=is_member)
        if is_member:
            await make_member(union=self.world.beside, person=person)
        await self.world.seat(seat, person, _browser)

    def token_of(self, caller: str) -> dict[str, str]:
        """The header that tells who asks."""
        token = self.world.callers[caller].client.cookies.get(COOKIE)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def known(self) -> dict[str, Callable[[], Any]]:
        """Values that mean something here, by the name of a field or parameter."""
        world = self.world
        return {name: (lambda value=value: value) for name, value in self.things.items()} | {
            "slot_id": lambda: str(world.slot.id),
            "offering_id": lambda: str(world.offering.id),
            "station_id": lambda: str(world.station.id),
            "union_id": lambda: str(world.union.id),
            "booking_ids": lambda: [self.things.get("booking_id", str(new_id()))],
            "region_code": lambda: 450103,
            "region": lambda: 450103,
            "parent": lambda: 450100,
            "number": make_id_card,
            "version": lambda: version_of(CONSENTS),
            "sensitive": lambda: True,
            "phone": lambda: "13800138000",
            "code": lambda: self.things.get("booking_code", "123456"),
        }


def _browser() -> Site:
    return Site(httpx.AsyncClient(base_url=ORIGIN))


@contextmanager
def town(server: str, template: str) -> Iterator[Town]:
    """A town on a fresh database; all of it is gone afterwards."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(copy_of(server, template)) as url,
        served(url, processes=1) as house,
        portal.wrap_async_context_manager(database(url)),
    ):
        portal.call(load_divisions)
        yield Town(f"http://localhost:{house.port}", portal)
