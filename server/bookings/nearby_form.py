"""The search form of lists: what an address may carry, and addresses that differ in one thing."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from server.bookings.models import ServiceKind
from server.bookings.nearby_schemas import PAGE, Search
from server.kit.geo import Datum
from server.kit.text import N_
from server.stations.models import Facility, StationKind
from server.stations.rules import read_position

BAD_NUMBER = {"invalid": N_("位置要有纬度和经度两个数字。")}
TOO_LONG = {"invalid": N_("要找的字太多了，写站名、区县或者路口就行。")}


class SearchForm(msgspec.Struct, frozen=True):
    """Query parameters of `/`, `/stations` and `/api/v1/stations`."""

    lat: Annotated[float | None, Meta(extra=BAD_NUMBER)] = None
    lng: Annotated[float | None, Meta(extra=BAD_NUMBER)] = None
    datum: Datum = "wgs84"
    region: int | None = None
    q: Annotated[str, Meta(max_length=60, extra=TOO_LONG)] = ""
    service: Annotated[list[ServiceKind], Meta(max_length=20)] = []
    kind: Annotated[list[StationKind], Meta(max_length=20)] = []
    facility: Annotated[list[Facility], Meta(max_length=20)] = []
    open: bool = False
    after: Annotated[str, Meta(max_length=120)] = ""

    def search(self, *, limit: int = PAGE) -> Search:
        """What this asks for. Raises PositionUnusable or PositionIncomplete."""
        return Search(
            position=read_position(self.lat, self.lng, self.datum),
            region=self.region,
            text=self.q,
            services=tuple(self.service),
            kinds=tuple(self.kind),
            facilities=tuple(self.facility),
            open_now=self.open,
            after=self.after,
            limit=limit,
        )

    def pairs(self) -> list[tuple[str, Any]]:
        """Everything but its defaults, as pairs of a query string; `after` belongs to one page only."""
        pairs: list[tuple[str, Any]] = []
        for name in ("lat", "lng", "region", "q"):
            value = getattr(self, name)
            if value not in (None, ""):
                pairs.append((name, value))
        if self.lat is not None and self.datum != "wgs84":
            pairs.append(("datum", self.datum))
        for name in ("service", "kind", "facility"):
            pairs += [(name, value.value) for value in getattr(self, name)]
        return [*pairs, ("open", "true")] if self.open else pairs

    def url(self, *, path: str = "/stations", without: tuple[str, ...] = (), **more: Any) -> str:
        """The address of this search, with some parameters left out and others added."""
        pairs = [(name, value) for name, value in self.pairs() if name not in without and name not in more]
        pairs += [(name, value) for name, value in more.items() if value not in (None, "", False)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def toggled(self, name: str, value: str) -> str:
        """The address with one value of a filter switched on or off."""
        pairs = self.pairs()
        pairs = [p for p in pairs if p != (name, value)] if (name, value) in pairs else [*pairs, (name, value)]
        return f"/stations?{urlencode(pairs)}" if pairs else "/stations"
