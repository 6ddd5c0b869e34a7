"""What is typed about a union, and what its kinds and maps are called."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from server.kit.geo import Datum, Point, from_datum, in_china
from server.kit.text import N_, half_width
from server.membership.errors import PlaceUnclear, PlaceUnknown, PositionWrong
from server.membership.models import UnionKind
from server.membership.union_admin import MOST_TARGET, UnionFacts
from server.stations.divisions import choose_place, spoken_places

KIND_NAMES = {
    UnionKind.HOLDING: N_("联合工会（没单位的也收）"),
    UnionKind.STREET: N_("街道、乡镇工会"),
    UnionKind.PARK: N_("园区工会"),
    UnionKind.SITE: N_("工地工会"),
    UnionKind.EMPLOYER: N_("单位工会"),
    UnionKind.FEDERATION: N_("总工会（只管下级，不直接收人）"),
}
KIND_TAGS = {
    UnionKind.HOLDING: N_("联合"),
    UnionKind.STREET: N_("街道"),
    UnionKind.PARK: N_("园区"),
    UnionKind.SITE: N_("工地"),
    UnionKind.EMPLOYER: N_("单位"),
    UnionKind.FEDERATION: N_("总工会"),
}
DATUM_NAMES: dict[Datum, str] = {
    "gcj02": N_("高德、腾讯、微信地图"),
    "bd09": N_("百度地图"),
    "wgs84": N_("GPS"),
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class UnionForm(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(max_length=100, extra={"missing": N_("请填工会名称。")})]
    kind: UnionKind = UnionKind.SITE
    place: Annotated[str, Meta(max_length=60, extra={"missing": N_("请写在哪个市、哪个区县。")})]
    position: Annotated[str, Meta(max_length=60)] = ""
    datum: Literal["gcj02", "bd09", "wgs84"] = "gcj02"
    target: Annotated[int, Meta(ge=0, le=MOST_TARGET, extra={"invalid": N_("目标人数请写数字。")})] = 0


def read_region(typed: str) -> int:
    """The province, city or county that somebody names. Raises PlaceUnknown, PlaceUnclear."""
    named, _rest = spoken_places(typed.replace(" ", ""))
    if not named:
        raise PlaceUnknown(field="place")
    place = choose_place(named, None)
    if place is None:
        raise PlaceUnclear(field="place")
    return place.code


def read_position(typed: str, datum: Datum) -> Point | None:
    """A position as it is copied from a map, in either order. Raises PositionWrong."""
    if not typed:
        return None
    numbers = [float(number) for number in NUMBER.findall(half_width(typed))]
    if len(numbers) == len(Point._fields):
        for lat, lng in (numbers, numbers[::-1]):
            if in_china(lat, lng):
                return from_datum(lat, lng, datum)
    raise PositionWrong(field="position")


def facts_of(form: UnionForm) -> UnionFacts:
    """Raises PlaceUnknown, PlaceUnclear, PositionWrong."""
    return UnionFacts(
        form.name, form.kind, read_region(form.place), read_position(form.position, form.datum), form.target
    )
