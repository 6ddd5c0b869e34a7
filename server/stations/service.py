"""Writing stations."""

from __future__ import annotations

from server.db import sql
from server.stations.divisions import places
from server.stations.naming import initials, pinyin

SAVE_DIVISIONS = """
INSERT INTO division (code, name, level, parent_code, full_name, pinyin, initials, lat, lng)
SELECT * FROM unnest(
  $1::int[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::float8[])
ON CONFLICT (code) DO UPDATE SET
  name = excluded.name, level = excluded.level, parent_code = excluded.parent_code,
  full_name = excluded.full_name, pinyin = excluded.pinyin, initials = excluded.initials,
  lat = excluded.lat, lng = excluded.lng
WHERE division IS DISTINCT FROM excluded
"""


async def load_divisions() -> None:
    """Bring the table of divisions to what ships with this release; every migration ends with it."""
    rows = []
    for place in places().values():
        letters = [initials(name) for name in place.chain]
        rows.append(
            (
                place.code,
                place.name,
                place.level,
                place.parent,
                place.full_name,
                " ".join(pinyin(name) for name in reversed(place.chain)),
                " ".join("".join(letters[level:]) for level in range(len(letters))),
                *place.centre,
            )
        )
    await sql.run(SAVE_DIVISIONS, *map(list, zip(*rows, strict=True)))
