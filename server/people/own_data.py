"""What this room holds about a worker: phone, name, sessions, codes, consents.

Erased, a person is an id and two dates, by which bookings and register entries are still counted.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.people.models import Purpose, Role
from server.people.queries import PHONE, open_name


class AccountHeld(msgspec.Struct, frozen=True):
    """Who the worker is to the stations. `is_member` is whether a union's register holds them."""

    id: UUID
    phone: str
    name: str
    language: str
    is_member: bool
    first_signed_in_at: datetime


class SessionHeld(msgspec.Struct, frozen=True):
    """A phone or browser that is signed in."""

    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class ConsentHeld(msgspec.Struct, frozen=True):
    """One word of the worker: to what, in which version of the words, yes or no."""

    purpose: Purpose
    version: str
    agreed: bool
    at: datetime


class PersonHeld(msgspec.Struct, frozen=True):
    account: AccountHeld
    sessions: list[SessionHeld]
    consents: list[ConsentHeld]


@dataclass(frozen=True)
class Office:
    """What somebody is allowed to do, and where: a station, a region or a union."""

    role: Role
    station_id: UUID | None
    region_code: int | None
    union_id: UUID | None


async def copy(person_id: UUID) -> PersonHeld | None:
    """Everything, opened; None for somebody who was erased. Codes are kept as keyed hashes only, for two days."""
    row = await sql.row("SELECT * FROM person WHERE id = $1 AND erased_at IS NULL", person_id)
    if row is None:
        return None
    account = AccountHeld(
        id=row["id"],
        phone=vault().open(row["phone_sealed"], PHONE),
        name=open_name(row["name_sealed"]),
        language=row["locale"],
        is_member=row["is_member"],
        first_signed_in_at=row["created_at"],
    )
    sessions = await sql.rows(
        "SELECT device, created_at, seen_at, expires_at FROM session WHERE person_id = $1 ORDER BY created_at DESC",
        person_id,
    )
    return PersonHeld(account, [SessionHeld(**session) for session in sessions], await consents_of(person_id))


async def consents_of(person_id: UUID) -> list[ConsentHeld]:
    """Everything the worker ever said yes or no to, the latest first."""
    found = await sql.rows(
        "SELECT purpose, version, agreed, at FROM consent WHERE person_id = $1 ORDER BY at DESC, id DESC", person_id
    )
    return [ConsentHeld(Purpose(row["purpose"]), row["version"], row["agreed"], row["at"]) for row in found]


async def hold(person_id: UUID) -> Any:
    """The person's row, locked until the transaction ends, so that nothing is added meanwhile; None once erased."""
    return await sql.row("SELECT * FROM person WHERE id = $1 AND erased_at IS NULL FOR UPDATE", person_id)


def phone_of(person: Any) -> str:
    """The number of a row that is held."""
    return vault().open(person["phone_sealed"], PHONE)


async def erase(person: Any) -> None:
    """Make a row that is held a mere id; sessions and codes end.

    Consents stay as proof that we were allowed. That codes were sent is counted for two days more (`forget_old`), and
    failed tries for a month, both by keyed digests: else erasing would lift the limits on codes and on guesses.
    """
    await sql.run("DELETE FROM session WHERE person_id = $1", person["id"])
    await sql.run(
        "UPDATE sign_in_code SET code_index = '', used_at = coalesce(used_at, $2) WHERE phone_index = $1",
        person["phone_index"],
        clock.now(),
    )
    await sql.run(
        """UPDATE person SET phone_index = $2, phone_sealed = '', phone_tail = '', name_sealed = NULL,
            locale = 'zh_CN', is_member = false, erased_at = $3 WHERE id = $1""",
        person["id"],
        secrets.token_hex(32),
        clock.now(),
    )


async def offices_of(staff_ids: Iterable[UUID]) -> dict[UUID, list[Office]]:
    """What members of staff are allowed to do; their names are theirs."""
    found = await sql.rows(
        """SELECT staff_id, role, station_id, region_code, union_id FROM role_grant WHERE staff_id = ANY($1)
        ORDER BY created_at, id""",
        list(staff_ids),
    )
    offices: dict[UUID, list[Office]] = defaultdict(list)
    for row in found:
        offices[row["staff_id"]].append(
            Office(Role(row["role"]), row["station_id"], row["region_code"], row["union_id"])
        )
    return offices
