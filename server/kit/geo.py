"""Coordinates on the earth: datums, distance, direction.

WGS-84 is what GPS gives and what we store; GCJ-02 is what Chinese maps show; BD-09 is Baidu's own.
Unconverted they differ by about 540 m, so every coordinate that enters or leaves says its datum.
"""

from __future__ import annotations

import math
import warnings
from typing import Literal, NamedTuple

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package warns about its own invalid escape sequence
    import prcoords

Datum = Literal["wgs84", "gcj02", "bd09"]
EARTH_RADIUS_M = 6_378_168  # the sphere PostgreSQL's earthdistance uses
CHINA_BOX = (3.8, 53.6, 73.4, 135.1)  # south, north, west, east in degrees


class Point(NamedTuple):
    """Degrees north and east, WGS-84."""

    lat: float
    lng: float


def from_datum(lat: float, lng: float, datum: Datum) -> Point:
    """A coordinate of any datum as WGS-84."""
    coords = prcoords.Coords(lat, lng)
    if datum == "gcj02":
        coords = prcoords.gcj_wgs_bored(coords)
    elif datum == "bd09":
        coords = prcoords.bd_wgs_bored(coords)
    return Point(round(coords.lat, 7), round(coords.lon, 7))


def to_datum(point: Point, datum: Datum) -> tuple[float, float]:
    """(lat, lng) of a WGS-84 point in another datum."""
    coords = prcoords.Coords(point.lat, point.lng)
    if datum == "gcj02":
        coords = prcoords.wgs_gcj(coords)
    elif datum == "bd09":
        coords = prcoords.wgs_bd(coords)
    return round(coords.lat, 6), round(coords.lon, 6)


def in_china(lat: float, lng: float) -> bool:
    """Whether a point lies in the box around China; (0, 0) and typing mistakes do not."""
    south, north, west, east = CHINA_BOX
    return south <= lat <= north and west <= lng <= east


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres."""
    lat1, lat2 = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(b.lng - a.lng) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def bearing(a: Point, b: Point) -> int:
    """Which of eight directions `b` lies in, seen from `a`: 0 north, 1 north-east … 7 north-west."""
    lat1, lat2 = math.radians(a.lat), math.radians(b.lat)
    dlng = math.radians(b.lng - a.lng)
    x = math.sin(dlng) * math.cos(lat2)
    y = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(dlng)
    return round(math.degrees(math.atan2(x, y)) / 45) % 8
