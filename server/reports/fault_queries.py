"""Reads of faults: what staff have to see to, one fault with all its voices, and one's own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from server.db import sql
from server.db.together import at_once
from server.errors import NotFound
from server.people.actors import INCLUDES, Actor, region_span
from server.people.models import Role
from server.reports.models import FaultState, Thing
from server.reports.rules import OPEN_STATES

PAGE = 20
VOICES_SHOWN = 30
COLUMNS = """f.id, f.station_id, f.region_code, f.thing, f.state, f.voices, f.reason, f.opened_at, f.said_at,
  f.changed_at, f.closed_at"""
LINE = f"""SELECT {COLUMNS}, st.name AS station_name,
  coalesce((SELECT v.words FROM fault_voice v WHERE v.fault_id = f.id AND v.words <> '' ORDER BY v.at LIMIT 1), '')
    AS words,
  (SELECT count(*) FROM fault_voice v JOIN fault_photo p ON p.voice_id = v.id WHERE v.fault_id = f.id) AS photos
FROM found f JOIN station st ON st.id = f.station_id """
# $1 stations, $2 and $3 first and last codes of regions, $4 states, $5 a thing or '', $6 and $7 where the page before
# ended, $8 how many.
NARROWED = "f.state = ANY($4) AND ($5 = '' OR f.thing = $5)"
OPEN_AFTER = f"f.state IN ('open', 'in_progress') AND {NARROWED} AND (f.opened_at, f.id) > ($6, $7)"
OLDEST = "ORDER BY f.opened_at, f.id LIMIT $8"
OF_STATIONS = "f.station_id = ANY($1)"
OPEN_LIST = f"""WITH found AS (
  SELECT {COLUMNS} FROM (
    (SELECT f.* FROM fault f WHERE {OF_STATIONS} AND {OPEN_AFTER} {OLDEST})
    UNION
    (SELECT one.* FROM unnest($2::int[], $3::int[]) AS span (first, last) CROSS JOIN LATERAL (
      SELECT f.* FROM fault f WHERE f.region_code BETWEEN span.first AND span.last AND {OPEN_AFTER} {OLDEST}) one)
  ) f {OLDEST})
{LINE} ORDER BY f.opened_at, f.id"""
CLOSED_BEFORE = f"f.closed_at IS NOT NULL AND {NARROWED} AND (f.closed_at, f.id) < ($6, $7)"
LATEST = "ORDER BY f.closed_at DESC, f.id DESC LIMIT $8"
CLOSED_LIST = f"""WITH found AS (
  SELECT {COLUMNS} FROM (
    (SELECT f.* FROM fault f WHERE {OF_STATIONS} AND {CLOSED_BEFORE} {LATEST})
    UNION
    (SELECT f.* FROM fault f WHERE EXISTS (SELECT FROM unnest($2::int[], $3::int[]) AS span (first, last)
      WHERE f.region_code BETWEEN span.first AND span.last) AND {CLOSED_BEFORE} {LATEST})
  ) f {LATEST})
{LINE} ORDER BY f.closed_at DESC, f.id DESC"""
NO_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


class Asked(StrEnum):
    """Which faults a list shows: those to be seen to, or what became of the others."""

    TODO = "todo"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


STATES = {
    Asked.TODO: OPEN_STATES,
    Asked.OPEN: (FaultState.OPEN,),
    Asked.IN_PROGRESS: (FaultState.IN_PROGRESS,),
    Asked.CLOSED: (FaultState.FIXED, FaultState.CANNOT_FIX),
}


class FaultLine(msgspec.Struct, frozen=True):
    """A fault as a list shows it; `words` are the first that somebody wrote."""

    id: UUID
    station_id: UUID
    region_code: int
    thing: Thing
    state: FaultState
    voices: int
    reason: str
    opened_at: datetime
    said_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    station_name: str
    words: str
    photos: int

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where a list that ends with this one goes on."""
        return self.closed_at or self.opened_at, self.id


class Voice(msgspec.Struct, frozen=True):
    """What one person said; who it was is not shown."""

    id: UUID
    words: str
    at: datetime
    has_photo: bool
    width: int
    height: int

    @property
    def tells(self) -> bool:
        """Whether there is more to it than one more who says so."""
        return bool(self.words or self.has_photo)


class Event(msgspec.Struct, frozen=True):
    """One step, and who of the staff took it; "" for a worker."""

    at: datetime
    from_state: FaultState | None
    to_state: FaultState
    actor_kind: str
    who: str
    reason: str


class Own(msgspec.Struct, frozen=True):
    """A voice as whoever spoke sees it, with how it goes."""

    secret: str
    thing: Thing
    state: FaultState
    voices: int
    reason: str
    words: str
    at: datetime
    changed_at: datetime
    closed_at: datetime | None
    station_id: UUID
    station_name: str
    has_photo: bool


async def faults(
    actor: Actor, asked: Asked, *, station_id: UUID | None = None, thing: str = "", after: str = ""
) -> list[FaultLine]:
    """One page of faults and one more; of a station, or of all that this actor sees to. The longest waiting first."""
    at, last_id = _read_place(after, asked)
    held = [g for g in actor.grants if Role.STAFF in INCLUDES[g.role]]
    spans = [region_span(g.region_code) for g in held if g.region_code is not None and station_id is None]
    stations = [station_id] if station_id else [g.station_id for g in held if g.station_id]
    found = await sql.rows(
        CLOSED_LIST if asked is Asked.CLOSED else OPEN_LIST,
        stations,
        [first for first, _ in spans],
        [last for _, last in spans],
        list(STATES[asked]),
        thing,
        at,
        last_id,
        PAGE + 1,
    )
    return [msgspec.convert(dict(row), FaultLine) for row in found]


def place_after(line: FaultLine) -> str:
    """Where the next page begins, for an address."""
    at, last_id = line.place
    return f"{at.isoformat()}~{last_id}"


def _read_place(after: str, asked: Asked) -> tuple[datetime, UUID]:
    """Where the page before ended; anything unreadable begins at the top."""
    at, _, last_id = after.partition("~")
    try:
        return msgspec.convert((at, last_id), tuple[datetime, UUID], strict=False)
    except msgspec.ValidationError:
        end = asked is Asked.CLOSED
        return (datetime.fromisoformat("9999-01-01T00:00Z" if end else "1970-01-01T00:00Z"), LAST_ID if end else NO_ID)


async def one_fault(actor: Actor, fault_id: UUID) -> tuple[FaultLine, list[Voice], list[Event]]:
    """A fault, what people said of it, and what was done. Raises NotFound, Forbidden."""
    row, voices, events = await at_once(
        sql.row(f"WITH found AS (SELECT {COLUMNS} FROM fault f WHERE f.id = $1) {LINE}", fault_id),
        _voices(fault_id),
        _events(fault_id),
    )
    if row is None:
        raise NotFound
    line = msgspec.convert(dict(row), FaultLine)
    actor.require(Role.STAFF, station_id=line.station_id, region_code=line.region_code)
    return line, voices, events


async def _voices(fault_id: UUID) -> list[Voice]:
    found = await sql.rows(
        """SELECT v.id, v.words, v.at, p.voice_id IS NOT NULL AS has_photo, coalesce(p.width, 0)::int AS width,
          coalesce(p.height, 0)::int AS height
        FROM fault_voice v LEFT JOIN fault_photo p ON p.voice_id = v.id WHERE v.fault_id = $1
        ORDER BY p.voice_id IS NULL, v.words = '', v.at DESC LIMIT $2""",
        fault_id,
        VOICES_SHOWN,
    )
    return [msgspec.convert(dict(row), Voice) for row in found]


async def _events(fault_id: UUID) -> list[Event]:
    found = await sql.rows(
        """SELECT e.at, e.from_state, e.to_state, e.actor_kind, coalesce(s.display_name, '') AS who, e.reason
        FROM fault_event e LEFT JOIN staff s ON s.id = e.actor_id WHERE e.fault_id = $1 ORDER BY e.at, e.id""",
        fault_id,
    )
    return [msgspec.convert(dict(row), Event) for row in found]


async def photo_of(actor: Actor, fault_id: UUID, voice_id: UUID) -> bytes:
    """The photo of one voice, for staff of the station. Raises NotFound, Forbidden."""
    row = await sql.row(
        """SELECT p.content, f.station_id, f.region_code FROM fault_photo p JOIN fault_voice v ON v.id = p.voice_id
        JOIN fault f ON f.id = v.fault_id WHERE p.voice_id = $1 AND f.id = $2""",
        voice_id,
        fault_id,
    )
    if row is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=row["station_id"], region_code=row["region_code"])
    return bytes(row["content"])


OWN = """
SELECT v.secret, f.thing, f.state, f.voices, f.reason, v.words, v.at, f.changed_at, f.closed_at, f.station_id,
  st.name AS station_name, EXISTS (SELECT FROM fault_photo p WHERE p.voice_id = v.id) AS has_photo
FROM fault_voice v JOIN fault f ON f.id = v.fault_id JOIN station st ON st.id = f.station_id
"""


async def own_voice(secret: str) -> Own:
    """What the holder of an address said, and how it goes. Raises NotFound."""
    row = await sql.row(f"{OWN} WHERE v.secret = $1", secret)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), Own)


async def own_photo(secret: str) -> bytes:
    """The photo that came with it. Raises NotFound."""
    content = await sql.value(
        "SELECT p.content FROM fault_photo p JOIN fault_voice v ON v.id = p.voice_id WHERE v.secret = $1", secret
    )
    if content is None:
        raise NotFound
    return bytes(content)


async def own_voices(person_id: UUID) -> list[Own]:
    """All that a worker said while signed in, the latest first."""
    found = await sql.rows(f"{OWN} WHERE v.person_id = $1 ORDER BY v.at DESC", person_id)
    return [msgspec.convert(dict(row), Own) for row in found]


async def broken_form(station_id: UUID) -> tuple[str, list[str], list[Thing]]:
    """A station's name, its facilities, and of which things somebody has said already that they are broken.

    Raises NotFound.
    """
    row = await sql.row(
        """SELECT name, facilities, array(SELECT thing FROM fault
          WHERE station_id = st.id AND state IN ('open', 'in_progress') AND thing <> 'other') AS said
        FROM station st WHERE id = $1 AND retired_at IS NULL""",
        station_id,
    )
    if row is None:
        raise NotFound
    return row["name"], list(row["facilities"]), [Thing(thing) for thing in row["said"]]


async def seen_to(actor: Actor, station_id: UUID) -> str:
    """The name of a station whose faults this actor sees to. Raises NotFound, Forbidden."""
    row = await sql.row("SELECT name, region_code FROM station WHERE id = $1", station_id)
    if row is None:
        raise NotFound
    actor.require(Role.STAFF, station_id=station_id, region_code=row["region_code"])
    return str(row["name"])
