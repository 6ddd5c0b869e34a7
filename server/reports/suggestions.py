"""The verbs of a suggestion: propose a place, support it, take that back, decide.

Supporters are counted on the suggestion's row, which each of these verbs locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Conflict, Forbidden, NotFound, SignInNeeded
from server.kit import clock
from server.kit.crypto import vault
from server.kit.geo import Point
from server.kit.ids import new_id
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from server.reports import rules
from server.reports.errors import (
    NoSuchStation,
    NowhereSuggested,
    ReasonMissing,
    SuggestedTooOften,
    SuggestionSettled,
)
from server.reports.models import SuggestionState
from server.stations.divisions import find_place
from server.stations.errors import DivisionNotFound
from server.stations.models import Facility

FROM_PERSON = (timedelta(days=1), 5)
ADD = """
INSERT INTO suggestion (id, region_code, lat, lng, by_position, landmark, wants, state, supporters, reason,
  proposed_by, request_key, proposed_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'new', 1, '', $8, $9, $10, $10)
"""
ADD_SUPPORT = """
INSERT INTO suggestion_support (id, suggestion_id, person_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
COUNT = "UPDATE suggestion SET supporters = supporters + $2 WHERE id = $1"
DECIDE = """
UPDATE suggestion SET state = $2, reason = $3, station_id = $4, changed_at = $5, changed_by = $6 WHERE id = $1
"""
TOLD = {
    SuggestionState.PLANNED: NoticeKind.SUGGESTION_PLANNED,
    SuggestionState.BUILT: NoticeKind.SUGGESTION_BUILT,
    SuggestionState.DECLINED: NoticeKind.SUGGESTION_DECLINED,
}


class Where(msgspec.Struct, frozen=True):
    """Where a station is missed: a district, a landmark in it, and a position where somebody gave his."""

    region_code: int
    landmark: str = ""
    point: Point | None = None


def _worker(actor: Actor) -> UUID:
    if actor.kind == "visitor" or actor.id is None:
        raise SignInNeeded
    if actor.kind != "worker":
        raise Forbidden
    return actor.id


async def propose(*, actor: Actor, where: Where, wants: Sequence[Facility], request_key: str) -> UUID:
    """A station is missed here; whoever says so supports it. The same suggestion for the same key.

    Raises SignInNeeded, Forbidden for staff, DivisionNotFound, NowhereSuggested, SuggestedTooOften.
    """
    person_id = _worker(actor)
    made: UUID | None = await sql.value("SELECT id FROM suggestion WHERE request_key = $1", request_key)
    if made:
        return made
    place = find_place(where.region_code)
    if place is None:
        raise DivisionNotFound(field="place")
    if where.point is None and not where.landmark:
        raise NowhereSuggested(field="landmark")
    retry_after = await people.count_try(vault().index(str(person_id), "suggest"), *FROM_PERSON)
    if retry_after:
        raise SuggestedTooOften(retry_after=retry_after)
    suggestion_id, now = new_id(), clock.now()
    try:
        async with sql.transaction():
            await sql.run(
                ADD,
                suggestion_id,
                place.code,
                *rules.about(where.point or place.centre),
                where.point is not None,
                where.landmark,
                [facility.value for facility in wants],
                person_id,
                request_key,
                now,
            )
            await sql.run(ADD_SUPPORT, new_id(), suggestion_id, person_id, now)
    except asyncpg.UniqueViolationError:
        made = await sql.value("SELECT id FROM suggestion WHERE request_key = $1", request_key)
        if made is None:
            raise
        return made
    return suggestion_id


async def support(*, actor: Actor, suggestion_id: UUID) -> None:
    """One person counts once, however often he taps. Raises SignInNeeded, Forbidden, NotFound, SuggestionSettled."""
    person_id = _worker(actor)
    async with sql.transaction():
        await _unsettled(suggestion_id)
        tag = await sql.run(ADD_SUPPORT, new_id(), suggestion_id, person_id, clock.now())
        if tag.endswith(" 1"):
            await sql.run(COUNT, suggestion_id, 1)


async def take_back(*, actor: Actor, suggestion_id: UUID) -> None:
    """Support it no longer. Raises what `support` raises."""
    person_id = _worker(actor)
    async with sql.transaction():
        await _unsettled(suggestion_id)
        tag = await sql.run(
            "DELETE FROM suggestion_support WHERE suggestion_id = $1 AND person_id = $2", suggestion_id, person_id
        )
        if tag.endswith(" 1"):
            await sql.run(COUNT, suggestion_id, -1)


async def _locked(suggestion_id: UUID) -> Any:
    row = await sql.row("SELECT * FROM suggestion WHERE id = $1 FOR UPDATE", suggestion_id)
    if row is None:
        raise NotFound
    return row


async def _unsettled(suggestion_id: UUID) -> None:
    if SuggestionState((await _locked(suggestion_id))["state"]) in rules.SETTLED:
        raise SuggestionSettled


async def decide(
    *, actor: Actor, suggestion_id: UUID, state: SuggestionState, reason: str = "", station_id: UUID | None = None
) -> None:
    """What becomes of it; supporters hear of a plan, a no with its reason, and of the station that was built.

    Raises NotFound, Forbidden, Conflict where that is not possible any more, ReasonMissing, NoSuchStation.
    """
    async with sql.transaction():
        row = await _locked(suggestion_id)
        actor.require(Role.OFFICER, region_code=row["region_code"])
        if not rules.may_decide(SuggestionState(row["state"]), state):
            raise Conflict
        if state is SuggestionState.DECLINED and not reason:
            raise ReasonMissing(field="reason")
        built = station_id if state is SuggestionState.BUILT else None
        name = await sql.value("SELECT name FROM station WHERE id = $1 AND retired_at IS NULL", built)
        if state is SuggestionState.BUILT and name is None:
            raise NoSuchStation(field="station_id")
        await sql.run(DECIDE, suggestion_id, state, reason, built, clock.now(), actor.id)
        await audit.record(
            actor.kind,
            actor.id,
            "suggestion.decided",
            subject_kind="suggestion",
            subject_id=str(suggestion_id),
            region_code=row["region_code"],
        )
        if state in TOLD:
            await _tell(row, TOLD[state], reason, name or "")


async def _tell(row: Any, kind: NoticeKind, reason: str, station: str) -> None:
    supporters = await sql.rows("SELECT person_id FROM suggestion_support WHERE suggestion_id = $1", row["id"])
    place = find_place(row["region_code"])
    params = {
        "place": (place.short if place else "") + row["landmark"],
        "reason": reason,
        "station": station,
        "suggestion": str(row["id"]),
    }
    await notices.tell_workers([one["person_id"] for one in supporters], kind, params)
