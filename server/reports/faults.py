"""The verbs of a fault: say that something is broken, see to it, close it, open it again.

A station has at most one open fault of a thing (`fault_one_open`); whoever says the same joins it. Each step locks the
fault's row and looks at its state there.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from server.db import sql
from server.errors import NotFound, Unavailable
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.pictures import Picture
from server.notices import service as notices
from server.notices.models import NoticeKind
from server.people import service as people
from server.people.actors import Actor
from server.people.models import Role
from server.people.staff import who_sees_to
from server.reports import rules
from server.reports.errors import AgainTooLate, BrokenAgain, FaultMoved, ReasonMissing, SaidTooOften
from server.reports.models import FaultState, Thing
from server.reports.rules import Step
from server.reports.words import THING_NAMES
from server.stations.errors import StationNotFound

TRIES = 3
FROM_BROWSER = (timedelta(hours=1), 6)
FROM_ADDRESS = (timedelta(minutes=10), 30)  # a station's own network is one address
# What people wrote and their photos go so long after a fault was closed.
KEEP = timedelta(days=90)
OPEN_ONE = """SELECT id FROM fault WHERE station_id = $1 AND thing = $2 AND state IN ('open', 'in_progress')
  AND thing <> 'other' FOR UPDATE"""
ADD_FAULT = """
INSERT INTO fault (id, station_id, region_code, thing, state, voices, reason, opened_at, said_at, changed_at)
VALUES ($1, $2, $3, $4, 'open', 1, '', $5, $5, $5)
"""
ADD_VOICE = """
INSERT INTO fault_voice (id, fault_id, person_id, secret, request_key, words, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
ADD_EVENT = """
INSERT INTO fault_event (id, fault_id, at, from_state, to_state, actor_kind, actor_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
SAID = "SELECT v.secret, f.voices FROM fault_voice v JOIN fault f ON f.id = v.fault_id "
OF_KEY = SAID + "WHERE v.request_key = $1"
# The same phone says the same of a thing that is still open.
OF_PHONE = (
    SAID + "WHERE (v.secret = $1 OR v.person_id = $2) AND f.station_id = $3 AND f.thing = $4 AND f.thing <> 'other' "
    "AND f.state IN ('open', 'in_progress') LIMIT 1"
)
CHANGE = """
UPDATE fault SET state = $2::text, reason = $3, changed_at = $4::timestamptz, changed_by = $5,
  closed_at = CASE WHEN $2::text IN ('fixed', 'cannot_fix') THEN $4::timestamptz END WHERE id = $1
"""
TOLD = {FaultState.FIXED: NoticeKind.FAULT_FIXED, FaultState.CANNOT_FIX: NoticeKind.FAULT_CANNOT_FIX}


class Said(msgspec.Struct, frozen=True):
    """A voice: its secret address, and how many others said the same."""

    secret: str
    others: int


async def say_broken(
    *,
    actor: Actor,
    station_id: UUID,
    thing: Thing,
    words: str = "",
    photo: Picture | None = None,
    request_key: str,
    held: str = "",
    browser: str = "",
    address: str = "",
) -> Said:
    """Something is broken at a station; the same voice for the same key, and for who has said so already.

    Staff hear of what nobody has said yet. `held` is the address that this browser has from before.
    Raises StationNotFound, SaidTooOften.
    """
    person_id = actor.id if actor.kind == "worker" else None
    again = await _said_already(request_key, station_id, thing, person_id, held)
    if again:
        return again
    region = await sql.value("SELECT region_code FROM station WHERE id = $1 AND retired_at IS NULL", station_id)
    if region is None:
        raise StationNotFound
    await _limit(browser, address)

    async def speak() -> Said:
        async with sql.transaction():
            fault_id = await _joined_or_new(station_id, region, thing)
            return await _add_voice(fault_id, person_id, request_key, words, photo)

    for _ in range(TRIES):
        try:
            return await speak()
        except asyncpg.UniqueViolationError:
            # Somebody else opened the fault at this instant, or the same one spoke twice: each may come once.
            again = await _said_already(request_key, station_id, thing, person_id, held)
            if again:
                return again
    raise Unavailable


async def _said_already(
    request_key: str, station_id: UUID, thing: Thing, person_id: UUID | None, held: str
) -> Said | None:
    found = await sql.row(OF_KEY, request_key)
    if found is None and (held or person_id):
        found = await sql.row(OF_PHONE, held, person_id, station_id, thing)
    return Said(found["secret"], found["voices"] - 1) if found else None


async def _limit(browser: str, address: str) -> None:
    for subject, limit in ((browser, FROM_BROWSER), (address, FROM_ADDRESS)):
        retry_after = await people.count_try(vault().index(subject, "broken"), *limit) if subject else 0
        if retry_after:
            raise SaidTooOften(retry_after=retry_after)


async def _joined_or_new(station_id: UUID, region: int, thing: Thing) -> UUID:
    """The open fault of this thing, with one voice more, or a new one."""
    now = clock.now()
    found: UUID | None = await sql.value(OPEN_ONE, station_id, thing)
    if found:
        await sql.run("UPDATE fault SET voices = voices + 1, said_at = $2 WHERE id = $1", found, now)
        return found
    fault_id = new_id()
    await sql.run(ADD_FAULT, fault_id, station_id, region, thing, now)
    await sql.run(ADD_EVENT, new_id(), fault_id, now, None, FaultState.OPEN, "worker", None, "")
    await _tell_staff(station_id, region, thing)
    return fault_id


async def _tell_staff(station_id: UUID, region: int, thing: Thing) -> None:
    """Whoever sees to the station finds it in the inbox of the desk."""
    params = {"station": await _station_name(station_id), "thing": THING_NAMES[thing]}
    for staff_id in await who_sees_to(station_id, region):
        await notices.tell_staff(staff_id, NoticeKind.FAULT_SAID, params, station_id=station_id)


async def _station_name(station_id: UUID) -> str:
    return str(await sql.value("SELECT name FROM station WHERE id = $1", station_id))


async def _add_voice(
    fault_id: UUID, person_id: UUID | None, request_key: str, words: str, photo: Picture | None
) -> Said:
    voice_id, secret = new_id(), secrets.token_urlsafe(16)
    await sql.run(ADD_VOICE, voice_id, fault_id, person_id, secret, request_key, words, clock.now())
    if photo:
        await sql.run(
            "INSERT INTO fault_photo (voice_id, content, width, height) VALUES ($1, $2, $3, $4)", voice_id, *photo
        )
    voices: int = await sql.value("SELECT voices FROM fault WHERE id = $1", fault_id)
    return Said(secret, voices - 1)


async def start(*, actor: Actor, fault_id: UUID) -> None:
    """Staff have seen it and see to it: the station's page says so. Raises NotFound, Forbidden, FaultMoved."""
    await _step(actor, fault_id, "start")


async def fix(*, actor: Actor, fault_id: UUID) -> None:
    """It works again; whoever said so with a phone that was signed in is told. Raises what `start` raises."""
    await _step(actor, fault_id, "fix")


async def give_up(*, actor: Actor, fault_id: UUID, reason: str) -> None:
    """It cannot be repaired, for a reason that everybody reads. Raises ReasonMissing, and what `start` raises."""
    if not reason:
        raise ReasonMissing(field="reason")
    await _step(actor, fault_id, "give_up", reason)


async def reopen(*, actor: Actor, fault_id: UUID) -> None:
    """Staff closed it too early. Raises BrokenAgain, and what `start` raises."""
    await _step(actor, fault_id, "reopen")


async def still_broken(*, secret: str) -> None:
    """Whoever said it says that it is not repaired. Raises NotFound, AgainTooLate, FaultMoved, BrokenAgain."""
    async with sql.transaction():
        row = await sql.row(
            """SELECT * FROM fault WHERE id = (SELECT fault_id FROM fault_voice WHERE secret = $1) FOR UPDATE""", secret
        )
        if row is None:
            raise NotFound
        if row["closed_at"] and not rules.may_reopen(FaultState(row["state"]), row["closed_at"], clock.now()):
            raise AgainTooLate
        await _change(row, "reopen", "worker", None, "")
        await _tell_staff(row["station_id"], row["region_code"], Thing(row["thing"]))


async def _step(actor: Actor, fault_id: UUID, step: Step, reason: str = "") -> None:
    async with sql.transaction():
        row = await sql.row("SELECT * FROM fault WHERE id = $1 FOR UPDATE", fault_id)
        if row is None:
            raise NotFound
        actor.require(Role.STAFF, station_id=row["station_id"], region_code=row["region_code"])
        await _change(row, step, actor.kind, actor.id, reason)


async def _change(row: Any, step: Step, actor_kind: str, actor_id: UUID | None, reason: str) -> None:
    before = FaultState(row["state"])
    state, now = rules.after(before, step), clock.now()
    if state is None:
        raise FaultMoved
    try:
        async with sql.transaction():
            await sql.run(CHANGE, row["id"], state, reason, now, actor_id)
    except asyncpg.UniqueViolationError as error:
        raise BrokenAgain from error
    await sql.run(ADD_EVENT, new_id(), row["id"], now, before, state, actor_kind, actor_id, reason)
    if state in TOLD:
        await _tell(row, TOLD[state], reason)


async def _tell(row: Any, kind: NoticeKind, reason: str) -> None:
    params = {
        "station": await _station_name(row["station_id"]),
        "thing": THING_NAMES[Thing(row["thing"])],
        "reason": reason,
    }
    voices = await sql.rows(
        "SELECT person_id FROM fault_voice WHERE fault_id = $1 AND person_id IS NOT NULL", row["id"]
    )
    await notices.tell_workers([voice["person_id"] for voice in voices], kind, params)


async def forget_voices() -> int:
    """What people wrote about faults that were closed long ago, and their photos; how many went."""
    tag = await sql.run(
        "DELETE FROM fault_voice v USING fault f WHERE f.id = v.fault_id AND f.closed_at < $1", clock.now() - KEEP
    )
    return int(tag.rpartition(" ")[2])
