"""Stations as files: CSV that the import reads back, and GeoJSON. Streamed line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from server.stations.hours_text import write_hours
from server.stations.import_cells import guarded
from server.stations.import_columns import COLUMNS
from server.stations.models import Facility, StationKind
from server.stations.queries import every_station
from server.stations.words import FACILITY_NAMES, KIND_NAMES

BOM = "\ufeff"  # without it, spreadsheets guess the encoding, and guess wrong
EXAMPLE = {
    "external_id": "GX-450103-001",
    "name": "青秀区凤岭工会驿站",
    "kind": "工会驿站",
    "region": "450103",
    "lat": "22.8170",
    "lng": "108.3665",
    "datum": "GCJ-02",
    "hours": "周一至周五 8:30-12:00、14:00-18:00；周日 9:00-12:00；节假日 休息",
    "address": "凤岭北路 1 号",
    "landmark": "地铁站 A 口旁",
    "phone": "12351",
    "facilities": "热水、微波炉、充电",
    "unattended": "否",
    "retired": "否",
}


def template_csv() -> bytes:
    """An empty file with one example line."""
    return (BOM + _line([c.title for c in COLUMNS]) + _line([EXAMPLE.get(c.key, "") for c in COLUMNS])).encode()


async def stations_csv(regions: Sequence[int]) -> AsyncIterator[bytes]:
    """The stations of these regions with the columns of the import."""
    yield (BOM + _line([column.title for column in COLUMNS])).encode()
    async for row in every_station(regions):
        yield _line([guarded(cell) for cell in _cells(row)]).encode()


async def stations_geojson(regions: Sequence[int]) -> AsyncIterator[bytes]:
    """A FeatureCollection (RFC 7946: WGS-84, longitude first)."""
    yield b'{"type":"FeatureCollection","features":['
    first = True
    async for row in every_station(regions):
        yield (b"" if first else b",\n") + msgspec.json.encode(_feature(row))
        first = False
    yield b"]}\n"


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cells(row: Any) -> list[str]:
    values = {
        "external_id": row["external_id"] or "",
        "name": row["name"],
        "kind": KIND_NAMES[StationKind(row["kind"])],
        "region": str(row["region_code"]),
        "lat": repr(row["lat"]),
        "lng": repr(row["lng"]),
        "datum": "WGS-84",
        "hours": write_hours(msgspec.json.decode(row["hours"])),
        "address": row["address"],
        "landmark": row["landmark"],
        "phone": row["phone"],
        "facilities": "、".join(FACILITY_NAMES[Facility(f)] for f in row["facilities"]),
        "unattended": "是" if row["unattended"] else "否",
        "season_from": row["season_from"].isoformat() if row["season_from"] else "",
        "season_until": row["season_until"].isoformat() if row["season_until"] else "",
        "parent": row["parent"] or "",
        "retired": "是" if row["retired_at"] else "否",
    }
    return [values[column.key] for column in COLUMNS]


def _feature(row: Any) -> dict[str, Any]:
    names = ("external_id", "name", "kind", "region_code", "address", "landmark", "phone", "facilities", "unattended")
    more = ("season_from", "season_until", "retired_at", "demo", "parent")
    properties = {name: row[name] for name in (*names, *more)}
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": {"type": "Point", "coordinates": [row["lng"], row["lat"]]},
        "properties": properties | {"hours": msgspec.json.decode(row["hours"])},
    }
