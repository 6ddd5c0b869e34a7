"""Reads about people: who a session belongs to, limits, contacts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from server.db import sql
from server.kit.crypto import vault
from server.notices.queries import UNREAD
from server.people.actors import Actor, GrantHeld, region_span
from server.people.models import Role

PHONE, NAME = "phone", "name"  # what a sealed value is for; authenticated with it
STAFF_IDLE = timedelta(hours=2)
Limit = tuple[timedelta, int]

# Who holds a session ($1) at an instant ($2), staff where they were seen since ($3).
SESSION = f"""SELECT s.id, s.seen_at, s.person_id, p.is_member, p.locale AS person_locale, {UNREAD} AS unread,
  s.staff_id, t.display_name, t.locale AS staff_locale,
  (SELECT coalesce(json_agg(json_build_object(
      'role', g.role, 'station_id', g.station_id, 'region_code', g.region_code,
      'union_id', g.union_id)), '[]')
   FROM role_grant g WHERE g.staff_id = s.staff_id) AS grants
FROM session s LEFT JOIN person p ON p.id = s.person_id LEFT JOIN staff t ON t.id = s.staff_id
WHERE s.id = $1 AND s.expires_at > $2
  AND (s.staff_id IS NULL OR (t.disabled_at IS NULL AND s.seen_at > $3))"""
TOUCH = """UPDATE session SET seen_at = $2, expires_at = CASE WHEN person_id IS NULL THEN expires_at ELSE $3 END
WHERE id = $1"""


class _Grant(msgspec.Struct):
    role: Role
    station_id: UUID | None
    region_code: int | None
    union_id: UUID | None


_grants = msgspec.json.Decoder(list[_Grant])


async def actor_of_session(session_id: str, now: datetime) -> tuple[Actor, datetime] | None:
    """The actor behind a session that has not ended, and when it was last seen; one statement."""
    found = await sql.row_or_old(SESSION, session_id, now, now - STAFF_IDLE)
    if found is None:
        return None
    if found["person_id"]:
        worker = Actor(
            "worker",
            found["person_id"],
            session_id,
            is_member=found["is_member"],
            locale=found["person_locale"],
            unread=found["unread"],
        )
        return worker, found["seen_at"]
    grants = tuple(GrantHeld(g.role, g.station_id, g.region_code, g.union_id) for g in _grants.decode(found["grants"]))
    staff = Actor(
        "staff",
        found["staff_id"],
        session_id,
        display_name=found["display_name"],
        locale=found["staff_locale"],
        grants=grants,
        unread=found["unread"],
    )
    return staff, found["seen_at"]


async def wait_for_code(
    phone_index: str, address_index: str, now: datetime, phone_limits: Sequence[Limit], address_limit: Limit
) -> int:
    """Seconds until another code may be sent; 0 for at once."""
    longest = max(window for window, _ in phone_limits)
    sent = await sql.rows(
        "SELECT created_at FROM sign_in_code WHERE phone_index = $1 AND created_at > $2 ORDER BY created_at DESC",
        phone_index,
        now - longest,
    )
    times = [row["created_at"] for row in sent]
    waits = [_wait(times, limit, now) for limit in phone_limits]
    from_address = await sql.rows(
        """SELECT created_at FROM sign_in_code WHERE address_index = $1 AND created_at > $2
        ORDER BY created_at DESC LIMIT $3""",
        address_index,
        now - address_limit[0],
        address_limit[1],
    )
    waits.append(_wait([row["created_at"] for row in from_address], address_limit, now))
    return max(waits)


def _wait(times: list[datetime], limit: Limit, now: datetime) -> int:
    """Seconds until fewer than the limit lie in its window; `times` newest first."""
    window, most = limit
    if len(times) < most:
        return 0
    return max(0, math.ceil((times[most - 1] + window - now).total_seconds()))


async def staff_with_role(role: Role, station_id: UUID | None, region_code: int) -> list[UUID]:
    """Staff who hold exactly this role for a station, at it or over a region that contains it; or for a region."""
    found = await sql.rows(
        """SELECT g.staff_id, g.station_id, g.region_code FROM role_grant g JOIN staff t ON t.id = g.staff_id
        WHERE g.role = $1 AND t.disabled_at IS NULL AND (g.station_id = $2 OR g.region_code IS NOT NULL)""",
        role,
        station_id,
    )
    here = [row["staff_id"] for row in found if row["station_id"] or _contains(row["region_code"], region_code)]
    return list(dict.fromkeys(here))


async def staff_name(staff_id: UUID) -> str:
    """What colleagues call a member of staff."""
    return str(await sql.value("SELECT display_name FROM staff WHERE id = $1", staff_id) or "")


def _contains(subtree: int, region_code: int) -> bool:
    first, last = region_span(subtree)
    return first <= region_code <= last


@dataclass(frozen=True)
class Contact:
    """How to reach and call a worker; opened only where a message goes out or staff act."""

    phone: str
    name: str
    locale: str


async def contacts(person_ids: Iterable[UUID]) -> dict[UUID, Contact]:
    """Contacts of several workers in one statement; who was brought along without a phone is reached by who did."""
    found = await sql.rows(
        """SELECT p.id, p.name_sealed, p.locale,
            CASE WHEN octet_length(p.phone_sealed) > 0 THEN p.phone_sealed ELSE f.phone_sealed END AS phone_sealed
        FROM person p LEFT JOIN person f ON f.id = p.brought_by AND f.erased_at IS NULL
        WHERE p.id = ANY($1) AND p.erased_at IS NULL
          AND (octet_length(p.phone_sealed) > 0 OR f.phone_sealed IS NOT NULL)""",
        list(person_ids),
    )
    return {
        row["id"]: Contact(vault().open(row["phone_sealed"], PHONE), open_name(row["name_sealed"]), row["locale"])
        for row in found
    }


def open_name(sealed: bytes | None) -> str:
    """A sealed name in plain text; empty where none was given."""
    return vault().open(sealed, NAME) if sealed else ""


@dataclass(frozen=True)
class SessionSeen:
    id: str
    device: str
    seen_at: datetime
    current: bool


async def sessions_of(actor: Actor, now: datetime) -> list[SessionSeen]:
    """One's own sessions, the latest first."""
    found = await sql.rows(
        """SELECT id, device, seen_at FROM session WHERE (person_id = $1 OR staff_id = $1) AND expires_at > $2
        ORDER BY seen_at DESC LIMIT 50""",
        actor.id,
        now,
    )
    return [SessionSeen(r["id"], r["device"], r["seen_at"], r["id"] == actor.session_id) for r in found]


@dataclass(frozen=True)
class Account:
    """What the worker's own page shows."""

    phone_tail: str
    name: str


async def account_of(actor: Actor) -> Account:
    found = await sql.row("SELECT phone_tail, name_sealed FROM person WHERE id = $1", actor.id)
    return Account(found["phone_tail"], open_name(found["name_sealed"])) if found else Account("", "")


async def reviewers_of(lineage: Sequence[UUID], *, besides: Collection[UUID] = ()) -> list[UUID]:
    """The reviewers nearest to a union: its own, else those of the union above, and so on up, without `besides`."""
    found = await sql.rows(
        """SELECT g.staff_id, g.union_id FROM role_grant g JOIN staff t ON t.id = g.staff_id
        WHERE g.role = 'reviewer' AND g.union_id = ANY($1) AND t.disabled_at IS NULL AND g.staff_id <> ALL($2)""",
        list(lineage),
        list(besides),
    )
    nearest = max((lineage.index(row["union_id"]) for row in found), default=-1)
    return [row["staff_id"] for row in found if lineage.index(row["union_id"]) == nearest]
