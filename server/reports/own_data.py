"""What this room holds about a worker: what he said is broken, the places he proposed, those he supports.

Erasing deletes voices with their photos, and supports; their counts stay. A suggestion that others support stays
without the words of whoever proposed it.
"""

from __future__ import annotations

import base64
from datetime import datetime
from uuid import UUID

import msgspec

from server.db import sql
from server.people.actors import Actor
from server.reports.models import FaultState, SuggestionState, Thing


class VoiceHeld(msgspec.Struct, frozen=True):
    """Something that the worker said is broken; `photo` is a WebP in base64, "" where there is none."""

    id: UUID
    station: str
    thing: Thing
    state: FaultState
    words: str
    at: datetime
    request_key: str
    photo: str


class SuggestionHeld(msgspec.Struct, frozen=True):
    """A place that the worker proposed or supports, to about 100 m; `landmark` only where he wrote it himself."""

    id: UUID
    proposed: bool
    supported_at: datetime | None
    region_code: int
    lat: float
    lng: float
    landmark: str
    state: SuggestionState
    request_key: str


async def copy_voices(person_id: UUID) -> list[VoiceHeld]:
    """All that was said with this phone signed in, the latest first."""
    found = await sql.rows(
        """SELECT v.id, st.name AS station, f.thing, f.state, v.words, v.at, v.request_key, p.content
        FROM fault_voice v JOIN fault f ON f.id = v.fault_id JOIN station st ON st.id = f.station_id
        LEFT JOIN fault_photo p ON p.voice_id = v.id WHERE v.person_id = $1 ORDER BY v.at DESC""",
        person_id,
    )
    return [
        msgspec.convert(dict(row) | {"photo": base64.b64encode(row["content"] or b"").decode()}, VoiceHeld)
        for row in found
    ]


async def copy_suggestions(person_id: UUID) -> list[SuggestionHeld]:
    """All suggestions of the worker's, and those supported, the latest first."""
    found = await sql.rows(
        """SELECT s.id, s.proposed_by IS NOT DISTINCT FROM $1 AS proposed, u.at AS supported_at, s.region_code, s.lat,
          s.lng, CASE WHEN s.proposed_by = $1 THEN s.landmark ELSE '' END AS landmark, s.state,
          CASE WHEN s.proposed_by = $1 THEN s.request_key ELSE '' END AS request_key
        FROM suggestion s LEFT JOIN suggestion_support u ON u.suggestion_id = s.id AND u.person_id = $1
        WHERE s.id IN (SELECT id FROM suggestion WHERE proposed_by = $1
          UNION SELECT suggestion_id FROM suggestion_support WHERE person_id = $1)
        ORDER BY s.proposed_at DESC""",
        person_id,
    )
    return [msgspec.convert(dict(row), SuggestionHeld) for row in found]


async def erase(actor: Actor) -> None:
    """Delete and blank, in the caller's transaction."""
    await sql.run("DELETE FROM fault_voice WHERE person_id = $1", actor.id)
    await sql.run("DELETE FROM suggestion_support WHERE person_id = $1", actor.id)
    await sql.run("UPDATE suggestion SET landmark = '', request_key = id::text WHERE proposed_by = $1", actor.id)
