"""Ways to a station: addresses of map apps in their own coordinate systems, and tiles of a small map.

Amap says longitude first, the others latitude first; Amap and Tencent count in GCJ-02, Baidu in BD-09.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from server.kit.geo import Point, to_datum

APP = "niangjia"
ZOOM = 16
TILE = 256
VIEW = (TILE * 2, TILE)  # a mosaic of 3 by 2 tiles always covers it
Tile = tuple[str, int, int]


@dataclass(frozen=True)
class Ways:
    """One address per map app; `geo` is for whatever the phone has."""

    amap: str
    tencent: str
    baidu: str
    geo: str


def ways_to(point: Point, name: str) -> Ways:
    """Where to send somebody who taps "directions"."""
    lat, lng = to_datum(point, "gcj02")
    baidu_lat, baidu_lng = to_datum(point, "bd09")
    amap = {"position": f"{lng},{lat}", "name": name, "coordinate": "gaode", "callnative": 1, "src": APP}
    tencent = {"marker": f"coord:{lat},{lng};title:{name}", "coord_type": 2, "referer": APP}
    baidu = {
        "location": f"{baidu_lat},{baidu_lng}",
        "title": name,
        "content": name,
        "output": "html",
        "coord_type": "bd09ll",
        "src": f"webapp.{APP}",
    }
    return Ways(
        amap=f"https://uri.amap.com/marker?{urlencode(amap)}",
        tencent=f"https://apis.map.qq.com/uri/v1/marker?{urlencode(tencent)}",
        baidu=f"https://api.map.baidu.com/marker?{urlencode(baidu)}",
        geo=f"geo:{point.lat},{point.lng}?q={point.lat},{point.lng}({quote(name)})",
    )


def map_tiles(point: Point, tile_url: str) -> list[Tile] | None:
    """Tiles with their place in a view whose middle is the point; None where no tile server is set up."""
    if not tile_url:
        return None
    scale = TILE * 2**ZOOM
    x = (point.lng + 180) / 360 * scale
    lat = math.radians(point.lat)
    y = (1 - math.asinh(math.tan(lat)) / math.pi) / 2 * scale
    left, top = x - VIEW[0] / 2, y - VIEW[1] / 2
    return [
        (
            tile_url.replace("{z}", str(ZOOM)).replace("{x}", str(column)).replace("{y}", str(row)),
            round(column * TILE - left),
            round(row * TILE - top),
        )
        for row in range(int(top // TILE), int((top + VIEW[1]) // TILE) + 1)
        for column in range(int(left // TILE), int((left + VIEW[0]) // TILE) + 1)
    ]
