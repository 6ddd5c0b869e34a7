"""The foreman's verbs: book for many, cancel some or all, put names right."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from server.bookings import many
from server.bookings import rules as booking_rules
from server.bookings import service as bookings
from server.bookings.errors import KeyUnusable
from server.bookings.models import Status
from server.bookings.no_show_queries import limit_of
from server.bookings.service import LONGEST_KEY, require_worker
from server.db import sql
from server.errors import Conflict, Invalid, NotFound, SignInNeeded, Unavailable
from server.groups import messages, queries, rules
from server.groups.errors import OneByOne, PlacesGone, TooManyGroups
from server.groups.lists import Guest, read_name
from server.groups.rules import Places
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_code, new_id
from server.people.actors import Actor
from server.people.queries import NAME, PHONE

TRIES = 5
HOLD_FOREMAN = "SELECT FROM person WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE"
OPEN_GROUPS = """
SELECT count(*) FILTER (WHERE created_at > $3) AS lately, count(*) FILTER (WHERE ends_at > $2 AND EXISTS (
  SELECT FROM group_place gp JOIN booking b ON b.id = gp.booking_id
  WHERE gp.group_id = g.id AND b.status IN ('requested', 'confirmed') AND b.ends_at > $2)) AS open
FROM group_booking g WHERE foreman_id = $1
"""
GUESTS = """
INSERT INTO person (id, phone_index, phone_sealed, phone_tail, name_sealed, locale, is_member, created_at, brought_by)
SELECT t.id, t.phone_index, t.phone_sealed, t.phone_tail, t.name_sealed, f.locale, false, $2, f.id
FROM unnest($3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::bytea[])
  AS t (id, phone_index, phone_sealed, phone_tail, name_sealed), person f WHERE f.id = $1
"""
SEATS = """
INSERT INTO group_place (id, group_id, booking_id, seat)
SELECT t.id, $1, t.booking_id, t.seat FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS t (id, booking_id, seat)
"""


async def book_group(
    *, actor: Actor, guests: Sequence[Guest], places: Places, request_key: str, told: bool = False
) -> UUID:
    """Take all these places for the first guests of the list, or none. The same key gives the same group.

    `told` says that the guests know that their phones are handed in; else the phones are not kept. Raises PlacesGone,
    TooManyGroups, OneByOne, KeyUnusable, Invalid, SignInNeeded.
    """
    foreman_id = require_worker(actor)
    if not 1 <= len(request_key) <= LONGEST_KEY or not request_key.isprintable():
        raise KeyUnusable(field="request_key")
    wanted = sum(places.values())
    if not rules.LEAST <= len(guests) <= rules.MOST or not 1 <= wanted <= len(guests) or min(places.values()) < 1:
        raise Invalid
    known = [guest if told else Guest(guest.name) for guest in guests[:wanted]]
    for _ in range(TRIES):
        try:
            async with sql.transaction():
                return await _book(foreman_id, known, places, request_key)
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            continue  # a code was drawn twice, or somebody met us on the way
    raise Unavailable


async def _book(foreman_id: UUID, guests: Sequence[Guest], places: Places, request_key: str) -> UUID:
    if await sql.row(HOLD_FOREMAN, foreman_id) is None:
        raise SignInNeeded
    before: UUID | None = await sql.value(
        "SELECT id FROM group_booking WHERE foreman_id = $1 AND request_key = $2", foreman_id, request_key
    )
    if before:
        return before
    await _refuse_many(foreman_id)
    slots = await _take(foreman_id, places)
    booking_ids = await _book_each(foreman_id, guests, slots)
    group_id, code = new_id(), f"G{new_code()}"
    await sql.run(
        """INSERT INTO group_booking (id, code, foreman_id, service, station_id, people, request_key, ends_at,
          created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        group_id,
        code,
        foreman_id,
        slots[0]["service"],
        slots[0]["station_id"],
        len(guests),
        request_key,
        max(slot["ends_at"] for slot in slots),
        clock.now(),
    )
    await sql.run(SEATS, group_id, [new_id() for _ in booking_ids], booking_ids)
    await messages.tell_booked(group_id)
    return group_id


async def _refuse_many(foreman_id: UUID) -> None:
    now = clock.now()
    held = await sql.row(OPEN_GROUPS, foreman_id, now, now - rules.NEW_WITHIN)
    if held and (held["open"] >= rules.OPEN_MOST or held["lately"] >= rules.NEW_MOST):
        raise TooManyGroups


async def _take(foreman_id: UUID, places: Places) -> list[Any]:
    """The slots with all their places taken, by time. Raises PlacesGone, OneByOne; Invalid for two services."""
    taken = await many.take_places(places, is_member=queries.GUEST.is_member)
    if len(taken) != len(places):
        raise PlacesGone
    if len({slot["service"] for slot in taken}) > 1:
        raise Invalid
    for station_id in {slot["station_id"] for slot in taken}:
        if await limit_of(foreman_id, station_id):
            raise OneByOne
    return taken


async def _book_each(foreman_id: UUID, guests: Sequence[Guest], slots: Sequence[Any]) -> list[UUID]:
    """A person and a booking for each of these guests, the first ones first."""
    person_ids = [new_id() for _ in guests]
    seal = vault().seal
    await sql.run(
        GUESTS,
        foreman_id,
        clock.now(),
        person_ids,
        [secrets.token_hex(32) for _ in guests],
        [seal(guest.phone, PHONE) if guest.phone else b"" for guest in guests],
        [guest.phone[-4:] for guest in guests],
        [seal(guest.name, NAME) if guest.name else None for guest in guests],
    )
    return await many.book_places(foreman_id, slots, person_ids)


async def cancel_places(*, actor: Actor, group_id: UUID, booking_ids: Sequence[UUID] | None = None) -> tuple[int, int]:
    """Give back these places of a group, or all that are still held; how many were, and how many it was too late for.

    Each is a step of its own, so that one for which it is too late keeps no other. Raises NotFound.
    """
    group = await queries.group_of(group_id, actor)
    own = {seat.booking_id: seat for seat in group.seats}
    chosen = list(own) if booking_ids is None else booking_ids
    if not set(chosen) <= own.keys():
        raise NotFound
    done: list[UUID] = []
    waiting = [booking_id for booking_id in chosen if own[booking_id].waits]
    for booking_id in waiting:
        try:
            made = await bookings.cancel_booking(actor=actor, booking_id=booking_id)
        except Conflict:
            continue
        done += [made.id] if made.status is Status.CANCELLED else []
    if done:
        await messages.tell_cancelled(group_id, done)
    return len(done), len(waiting) - len(done)


async def put_names_right(*, actor: Actor, group_id: UUID, names: Mapping[int, str]) -> None:
    """Give seats other names, "" for none. Raises NotFound, CellUnusableError for what is no name."""
    for name in filter(None, names.values()):
        read_name(name)
    async with sql.transaction():
        group = await queries.group_of(group_id, actor)
        changed = [seat for seat in group.seats if names.get(seat.seat, seat.name) != seat.name]
        await sql.run(
            """UPDATE person p SET name_sealed = t.name_sealed
            FROM unnest($1::uuid[], $2::bytea[]) AS t (booking_id, name_sealed) JOIN booking b ON b.id = t.booking_id
            WHERE p.id = b.person_id AND p.brought_by = $3 AND p.erased_at IS NULL""",
            [seat.booking_id for seat in changed],
            [vault().seal(names[seat.seat], NAME) if names[seat.seat] else None for seat in changed],
            actor.id,
        )


def may_cancel(seats: Sequence[Any], now: datetime) -> set[UUID]:
    """The places that the foreman may still give back by himself."""
    return {
        seat.booking_id
        for seat in seats
        if seat.waits
        and now < booking_rules.change_deadline(seat.starts_at, seat.cutoff_minutes, slot_closed=seat.slot_closed)
    }
