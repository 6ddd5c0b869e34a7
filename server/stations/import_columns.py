"""One line of a stations file: its columns, and every mistake in it named at its cell. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from server.kit.geo import Datum, distance_m, from_datum, in_china
from server.kit.text import N_, clean, half_width
from server.people.actors import region_span
from server.stations.divisions import find_place, spoken_places
from server.stations.hours_text import HoursUnreadableError, Week, read_hours
from server.stations.import_cells import (
    MISSING,
    TOO_LONG,
    CellError,
    CellUnusableError,
    Column,
    headers_of,
    read_date,
    unguarded,
)
from server.stations.models import Facility, StationKind
from server.stations.saving import StationRow
from server.stations.words import FACILITY_NAMES, KIND_NAMES

# Counties are wide in the west, and some have no centre of their own.
FAR_FROM_DIVISION_M = 600_000
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
PHONE = re.compile(r"[0-9+()转 -]{0,24}")
SPLIT = re.compile(r"[、,;，；/\s]+")
YES = {"是", "有", "y", "yes", "true", "1", "√"}
NO = {"", "否", "无", "没有", "n", "no", "false", "0", "×"}
DATUMS: dict[str, Datum] = {
    **dict.fromkeys(("wgs84", "wgs-84", "gps", "北斗", "cgcs2000"), "wgs84"),
    **dict.fromkeys(("gcj02", "gcj-02", "火星", "高德", "腾讯"), "gcj02"),
    **dict.fromkeys(("bd09", "bd-09", "百度"), "bd09"),
}

BAD_ID = N_("编号用字母、数字和 . _ - : / ，最多 64 个。")
BAD_KIND = N_("没有“%(value)s”这种站点，可以写：%(choices)s。")
BAD_REGION = N_("没有“%(value)s”这个地区，请写六位区划代码或者全称。")
OUT_OF_SCOPE = N_("“%(value)s”不归您管，这一行不能由您导入。")
BAD_NUMBER = N_("“%(value)s”不是数字。")
BAD_DATUM = N_("“%(value)s”不是坐标系，可以写：WGS-84、GCJ-02、BD-09。")
SWAPPED = N_("经度和纬度好像填反了。")
NOT_IN_CHINA = N_("这个位置不在中国境内。")
FAR_FROM_DIVISION = N_("这个位置离%(place)s有 %(km)d 公里，坐标和地区对不上。")
BAD_PHONE = N_("电话只能有数字、+、-、括号和“转”。")
BAD_FACILITY = N_("没有“%(value)s”这种设施，可以写：%(choices)s。")
BAD_YES_NO = N_("请写“是”或“否”，不是“%(value)s”。")
BAD_DATE = N_("“%(value)s”不是日期，请写成 2027-01-18 这样。")
SEASON_BACKWARDS = N_("开放止要在开放起之后。")
REPEATED = N_("编号“%(value)s”在第 %(line)d 行已经有了。")


COLUMNS = (
    Column("external_id", N_("编号"), required=True, others=("站点编号", "id")),
    Column("name", N_("名称"), required=True, others=("站点名称", "站名"), most=80),
    Column("kind", N_("类型"), required=True, others=("站点类型",)),
    Column("region", N_("地区"), required=True, others=("区划代码", "行政区划", "region_code")),
    Column("lat", N_("纬度"), required=True, others=("latitude",)),
    Column("lng", N_("经度"), required=True, others=("lon", "longitude")),
    Column("datum", N_("坐标系"), required=True, others=("坐标系统",)),
    Column("hours", N_("开门时间"), required=True, others=("开放时间", "营业时间"), most=500),
    Column("address", N_("地址"), others=("详细地址",), most=160),
    Column("landmark", N_("地标"), others=("附近地标",), most=80),
    Column("phone", N_("电话"), others=("联系电话",)),
    Column("facilities", N_("设施"), others=("服务设施",)),
    Column("unattended", N_("无人值守"), others=("自助",)),
    Column("season_from", N_("开放起"), others=("开放日期起",)),
    Column("season_until", N_("开放止"), others=("开放日期止",)),
    Column("parent", N_("上级编号"), others=("parent_external_id",)),
    Column("retired", N_("停用"), others=("已撤下",)),
)
HEADERS = headers_of(COLUMNS)
REQUIRED = ("external_id", "name")  # without them a line is no header
KINDS = {**{kind.value: kind for kind in StationKind}, **{name: kind for kind, name in KIND_NAMES.items()}}
FACILITIES = {
    **{facility.value: facility for facility in Facility},
    **{name: facility for facility, name in FACILITY_NAMES.items()},
}


class RowReader:
    """Turns the cells of one file into rows; remembers which ids it saw. `scope` are region codes, None for all."""

    def __init__(self, scope: Iterable[int] | None = None) -> None:
        self.spans = None if scope is None else [region_span(code) for code in scope]
        self.seen: dict[str, int] = {}

    def read(self, line: int, cells: dict[str, str]) -> StationRow | list[CellError]:
        """A row, or all mistakes of this line."""
        errors: list[CellError] = []
        values: dict[str, Any] = {}
        for column in COLUMNS:
            text = unguarded(clean(cells.get(column.key, "")))
            try:
                values[column.key] = self._cell(column, text)
            except CellUnusableError as error:
                errors.append(CellError(line, column.title, error.message, error.params))
        errors += [] if errors else self._together(line, values)
        if errors:
            return errors
        self.seen[values["external_id"]] = line
        return _row(values)

    def _cell(self, column: Column, text: str) -> Any:
        if not text and column.required:
            raise CellUnusableError(MISSING)
        if len(text) > column.most:
            raise CellUnusableError(TOO_LONG, most=column.most)
        read = READERS.get(column.key)
        value: Any = read(text) if read else text
        if column.key == "region" and not self._in_scope(value):
            raise CellUnusableError(OUT_OF_SCOPE, value=text)
        if column.key == "external_id" and text in self.seen:
            raise CellUnusableError(REPEATED, value=text, line=self.seen[text])
        return value

    def _in_scope(self, code: int) -> bool:
        return self.spans is None or any(first <= code <= last for first, last in self.spans)

    def _together(self, line: int, values: dict[str, Any]) -> list[CellError]:
        place = find_place(values["region"])
        lat, lng = values["lat"], values["lng"]
        if not in_china(lat, lng):
            return [CellError(line, N_("纬度"), SWAPPED if in_china(lng, lat) else NOT_IN_CHINA, {})]
        point = from_datum(lat, lng, values["datum"])
        values["lat"], values["lng"] = point
        away = distance_m(point, place.centre) if place else 0
        if place and away > FAR_FROM_DIVISION_M:
            params = {"place": place.full_name, "km": round(away / 1000)}
            return [CellError(line, N_("纬度"), FAR_FROM_DIVISION, params)]
        start, end = values["season_from"], values["season_until"]
        if start and end and start > end:
            return [CellError(line, N_("开放止"), SEASON_BACKWARDS, {})]
        return []


def _row(values: dict[str, Any]) -> StationRow:
    return StationRow(
        external_id=values["external_id"],
        kind=values["kind"],
        name=values["name"],
        region_code=values["region"],
        lat=values["lat"],
        lng=values["lng"],
        hours=values["hours"],
        facilities=values["facilities"],
        parent_external_id=values["parent"] or None,
        address=values["address"],
        landmark=values["landmark"],
        phone=values["phone"],
        unattended=values["unattended"],
        season_from=values["season_from"],
        season_until=values["season_until"],
        retired=values["retired"],
    )


def _id(text: str) -> str:
    if text and not ID.fullmatch(text):
        raise CellUnusableError(BAD_ID)
    return text


def _kind(text: str) -> StationKind:
    if text not in KINDS:
        raise CellUnusableError(BAD_KIND, value=text, choices="、".join(KIND_NAMES.values()))
    return KINDS[text]


@lru_cache(maxsize=8192)
def _region_code(text: str) -> int | None:
    if text.isascii() and text.isdigit():
        place = find_place(int(text))
        return place.code if place else None
    named, rest = spoken_places(text.replace(" ", ""))
    return named[0].code if len(named) == 1 and not rest else None


def _region(text: str) -> int:
    code = _region_code(half_width(text))
    if code is None:
        raise CellUnusableError(BAD_REGION, value=text)
    return code


def _number(text: str) -> float:
    try:
        return float(half_width(text))
    except ValueError:
        raise CellUnusableError(BAD_NUMBER, value=text) from None


def _datum(text: str) -> Datum:
    datum = DATUMS.get(half_width(text).lower())
    if datum is None:
        raise CellUnusableError(BAD_DATUM, value=text)
    return datum


@lru_cache(maxsize=2048)
def _week(text: str) -> Week:
    return read_hours(text)


def _hours(text: str) -> Week:
    try:
        return _week(text)
    except HoursUnreadableError as error:
        raise CellUnusableError(error.message, part=error.part) from None


def _phone(text: str) -> str:
    plain = half_width(text)
    if not PHONE.fullmatch(plain):
        raise CellUnusableError(BAD_PHONE)
    return plain


def _facilities(text: str) -> tuple[Facility, ...]:
    found = []
    for word in filter(None, SPLIT.split(text)):
        if word.lower() not in FACILITIES:
            raise CellUnusableError(BAD_FACILITY, value=word, choices="、".join(FACILITY_NAMES.values()))
        found.append(FACILITIES[word.lower()])
    return tuple(dict.fromkeys(found))


def _yes_no(text: str) -> bool:
    plain = half_width(text).lower()
    if plain not in YES | NO:
        raise CellUnusableError(BAD_YES_NO, value=text)
    return plain in YES


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return read_date(text)
    except ValueError:
        raise CellUnusableError(BAD_DATE, value=text) from None


READERS: dict[str, Callable[[str], Any]] = {
    "external_id": _id,
    "kind": _kind,
    "region": _region,
    "lat": _number,
    "lng": _number,
    "datum": _datum,
    "hours": _hours,
    "phone": _phone,
    "facilities": _facilities,
    "unattended": _yes_no,
    "season_from": _date,
    "season_until": _date,
    "parent": _id,
    "retired": _yes_no,
}
