"""What a station looks like and has: its photos, each at the address of its content, and its facilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Conflict, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.kit.pictures import Picture
from server.kit.text import N_
from server.people.actors import Actor
from server.people.models import Role
from server.stations.errors import StationNotFound
from server.stations.models import Facility

MOST = 4
DIGEST_CHARS = 32


class EnoughPhotos(Conflict):
    code = "enough-photos"
    message = N_("最多放 4 张照片，先删一张再加。")


class PhotoLine(msgspec.Struct, frozen=True):
    """A photo without its content; `words` say what it shows to whoever does not see it."""

    id: UUID
    station_id: UUID
    digest: str
    words: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return f"/stations/{self.station_id}/photos/{self.digest}/photo.webp"


async def photos_of(station_id: UUID) -> list[PhotoLine]:
    """The photos of a station in their order."""
    found = await sql.rows(
        """SELECT id, station_id, digest, words, width, height FROM station_photo
        WHERE station_id = $1 ORDER BY place, id""",
        station_id,
    )
    return [PhotoLine(**row) for row in found]


async def photo_content(station_id: UUID, digest: str) -> bytes:
    """The picture itself. Raises NotFound."""
    content: bytes | None = await sql.value(
        "SELECT content FROM station_photo WHERE station_id = $1 AND digest = $2", station_id, digest
    )
    if content is None:
        raise NotFound
    return content


async def managed_station(actor: Actor, station_id: UUID) -> sql.Record:
    """The name and facilities of a station that this actor manages. Raises StationNotFound, Forbidden."""
    found = await sql.row("SELECT id, name, region_code, facilities FROM station WHERE id = $1", station_id)
    if found is None:
        raise StationNotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=found["region_code"])
    return found


async def add_photo(*, actor: Actor, station_id: UUID, picture: Picture, words: str) -> None:
    """One more photo, the last in the row; the same picture twice is one. Raises StationNotFound, EnoughPhotos."""
    async with sql.transaction():
        await _changing(actor, station_id, "station.photo_added")
        if await sql.value("SELECT count(*) FROM station_photo WHERE station_id = $1", station_id) >= MOST:
            raise EnoughPhotos
        await sql.run(
            """INSERT INTO station_photo (id, station_id, place, digest, words, width, height, content, created_at)
            SELECT $1, $2, coalesce(max(place), 0) + 1, $3, $4, $5, $6, $7, $8 FROM station_photo WHERE station_id = $2
            ON CONFLICT (station_id, digest) DO UPDATE SET words = excluded.words""",
            new_id(),
            station_id,
            hashlib.sha256(picture.content).hexdigest()[:DIGEST_CHARS],
            words,
            picture.width,
            picture.height,
            picture.content,
            clock.now(),
        )


async def say_what_it_shows(*, actor: Actor, station_id: UUID, photo_id: UUID, words: str) -> None:
    """Other words for a photo. Raises NotFound."""
    async with sql.transaction():
        await _changing(actor, station_id, "station.photo_changed")
        await _one("UPDATE station_photo SET words = $3 WHERE station_id = $1 AND id = $2", station_id, photo_id, words)


async def put_first(*, actor: Actor, station_id: UUID, photo_id: UUID) -> None:
    """Before all others. Raises NotFound."""
    async with sql.transaction():
        await _changing(actor, station_id, "station.photo_changed")
        await _one(
            """UPDATE station_photo SET place = (SELECT min(place) - 1 FROM station_photo WHERE station_id = $1)
            WHERE station_id = $1 AND id = $2""",
            station_id,
            photo_id,
        )


async def delete_photo(*, actor: Actor, station_id: UUID, photo_id: UUID) -> None:
    """Gone for good. Raises NotFound."""
    async with sql.transaction():
        await _changing(actor, station_id, "station.photo_deleted")
        await _one("DELETE FROM station_photo WHERE station_id = $1 AND id = $2", station_id, photo_id)


async def change_facilities(*, actor: Actor, station_id: UUID, facilities: Sequence[Facility]) -> None:
    """What there is at a station. Raises StationNotFound, Forbidden."""
    async with sql.transaction():
        await _changing(actor, station_id, "station.facilities_changed")
        await sql.run("UPDATE station SET facilities = $2 WHERE id = $1", station_id, sorted(set(facilities)))


async def _one(statement: str, *values: object) -> None:
    if (await sql.run(statement, *values)).endswith(" 0"):
        raise NotFound


async def _changing(actor: Actor, station_id: UUID, action: str) -> None:
    """Lock the station, mark it changed, and write down by whom."""
    now = clock.now()
    region = await sql.value(
        "UPDATE station SET version = version + 1, updated_at = $2 WHERE id = $1 RETURNING region_code", station_id, now
    )
    if region is None:
        raise StationNotFound
    actor.require(Role.MANAGER, station_id=station_id, region_code=region)
    await audit.record(
        actor.kind, actor.id, action, subject_kind="station", subject_id=str(station_id), region_code=region
    )
