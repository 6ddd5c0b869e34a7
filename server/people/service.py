"""Workers sign in with a phone and a code; sessions begin and end here."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.db import sql
from server.db.pool import AWAY
from server.kit import clock
from server.kit.crypto import digest, vault
from server.kit.ids import new_id
from server.kit.text import half_width
from server.notices.sms import SmsUnanswered, sms
from server.people import queries
from server.people.actors import Actor
from server.people.errors import CodeExpired, CodesTooMany, CodeWrong
from server.people.models import Person

CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5
# (window, most codes): the carrier's own limits, so that we refuse before it does.
PHONE_LIMITS = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))
# A whole site shares one address: this only stops machines.
ADDRESS_LIMIT = (timedelta(hours=1), 200)
WORKER_SESSION = timedelta(days=180)
STAFF_SESSION = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedIn:
    """A session begun; `token` goes to the client and is kept nowhere."""

    token: str
    actor: Actor
    is_new: bool = False


async def request_code(*, phone: str, address: str) -> str | None:
    """Send a six-digit code to an E.164 number; the code itself only from the demo sender, else None.

    A newer code replaces the older ones. Raises CodesTooMany, or what the gateway says (SmsDown, SmsLimited,
    SmsRefused); then the try does not count. Nothing tells whether the number is known.
    """
    code = f"{secrets.randbelow(1_000_000):06d}"
    code_id = await _store_code(phone, code, address)
    try:
        return await sms().send_code(phone, code)
    except SmsUnanswered:
        return None  # it may arrive, so it counts and works
    except Exception:
        await sql.run("DELETE FROM sign_in_code WHERE id = $1", code_id)
        raise


async def _store_code(phone: str, code: str, address: str) -> UUID:
    phone_index, address_index = phone_index_of(phone), vault().index(address, "address")
    code_id = new_id()
    async with sql.transaction():
        # Requests for one number take turns, in whichever process they arrive.
        await sql.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", phone_index)
        now = clock.now()  # read only now: who waited for the lock must not look back past whom he waited for
        retry_after = await queries.wait_for_code(phone_index, address_index, now, PHONE_LIMITS, ADDRESS_LIMIT)
        if retry_after:
            raise CodesTooMany(retry_after=retry_after)
        await sql.run(
            """INSERT INTO sign_in_code (id, phone_index, address_index, code_index, tries, created_at, expires_at)
            VALUES ($1, $2, $3, $4, 0, $5, $6)""",
            code_id,
            phone_index,
            address_index,
            _code_index(phone, code),
            now,
            now + CODE_LIFE,
        )
    return code_id


async def sign_in(*, phone: str, code: str, device: str, locale: str) -> SignedIn:
    """Begin a worker's session with the newest code of the number; an unknown number becomes a person.

    A code works once, for five minutes, for five tries. Raises CodeWrong or CodeExpired.
    """
    token = ""
    async with sql.transaction():
        right = await try_code(phone, code)
        if right:
            person_id, is_new = await ensure_person(phone, locale)
            token = await open_session(person_id=person_id, device=device)
    if right is False:
        raise CodeWrong(field="code")
    actor = await find_actor(token) if right else None
    if actor is None:
        raise CodeExpired(field="code")
    return SignedIn(token, actor, is_new)


async def try_code(phone: str, code: str) -> bool | None:
    """Whether the code is right, which uses it up; None where there is none to try. In the caller's transaction."""
    typed = "".join(ch for ch in half_width(code) if ch.isdigit())
    right: bool | None = await sql.value(
        """UPDATE sign_in_code SET tries = tries + 1, used_at = CASE WHEN code_index = $2 THEN $3::timestamptz END
        WHERE id = (SELECT id FROM sign_in_code WHERE phone_index = $1 ORDER BY created_at DESC LIMIT 1)
          AND used_at IS NULL AND expires_at > $3 AND tries < $4
        RETURNING used_at IS NOT NULL""",
        phone_index_of(phone),
        _code_index(phone, typed),
        clock.now(),
        CODE_TRIES,
    )
    return right


async def ensure_person(phone: str, locale: str) -> tuple[UUID, bool]:
    """The person with this number, made where it is new; whether it was."""
    found = await sql.row(
        """INSERT INTO person (id, phone_index, phone_sealed, phone_tail, locale, is_member, created_at)
        VALUES ($1, $2, $3, $4, $5, false, $6)
        ON CONFLICT (phone_index) DO UPDATE SET phone_tail = excluded.phone_tail
        RETURNING id, xmax = 0 AS is_new""",
        new_id(),
        phone_index_of(phone),
        vault().seal(phone, queries.PHONE),
        phone[-4:],
        locale,
        clock.now(),
    )
    assert found is not None  # noqa: S101 (an upsert always returns its row)
    return found["id"], found["is_new"]


async def open_session(*, person_id: UUID | None = None, staff_id: UUID | None = None, device: str = "") -> str:
    """Begin a session of a worker or of staff; its new random token."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await sql.run(
        """INSERT INTO session (id, person_id, staff_id, device, created_at, seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $5, $6)""",
        digest(token),
        person_id,
        staff_id,
        device[:80],
        now,
        now + (WORKER_SESSION if person_id else STAFF_SESSION),
    )
    return token


async def find_actor(token: str, *, attended: bool = True) -> Actor | None:
    """Who holds this session token; None where it ended. Notes now and then that it is in use by somebody."""
    now = clock.now()
    found = await queries.actor_of_session(digest(token), now)
    if found is None:
        return None
    actor, seen_at = found
    if attended and seen_at < now - TOUCH_EVERY:
        with suppress(*AWAY):  # whoever only looks may go on; the next request notes it
            await _touch(actor, now)
    return actor


async def _touch(actor: Actor, now: datetime) -> None:
    await sql.run(queries.TOUCH, actor.session_id, now, now + WORKER_SESSION)


async def sign_out(actor: Actor) -> None:
    """End this session."""
    await end_session(actor, actor.session_id)


async def sign_out_everywhere(actor: Actor) -> None:
    """End all sessions of this worker or member of staff, this one included."""
    await sql.run("DELETE FROM session WHERE person_id = $1 OR staff_id = $1", actor.id)


async def end_session(actor: Actor, session_id: str) -> None:
    """End one of one's own sessions; others' are not touched."""
    await sql.run("DELETE FROM session WHERE id = $2 AND (person_id = $1 OR staff_id = $1)", actor.id, session_id)


async def set_name(actor: Actor, name: str) -> None:
    """How the worker wants to be called; empty forgets it."""
    sealed = vault().seal(name, queries.NAME) if name else None
    await Person.filter(id=actor.id, erased_at=None).update(name_sealed=sealed)


async def set_locale(actor: Actor, locale: str) -> None:
    """The language that notices are written in."""
    await sql.run("UPDATE person SET locale = $2 WHERE id = $1", actor.id, locale)


async def forget_old() -> None:
    """Delete codes and attempts that no limit counts any more (a month of them at most), and sessions that ended."""
    now = clock.now()
    await sql.run("DELETE FROM sign_in_code WHERE created_at < $1", now - timedelta(days=2))
    await sql.run("DELETE FROM attempt WHERE at < $1", now - timedelta(days=30))
    await sql.run("DELETE FROM session WHERE expires_at < $1", now)


def phone_index_of(phone: str) -> str:
    """What a number is found by."""
    return vault().index(phone, queries.PHONE)


def _code_index(phone: str, code: str) -> str:
    return vault().index(f"{phone} {code}", "code")


async def set_member(person_id: UUID, *, is_member: bool) -> None:
    """Whether the register holds this worker; kept by the membership room, in its own transaction."""
    await sql.run("UPDATE person SET is_member = $2 WHERE id = $1", person_id, is_member)


async def count_try(subject: str, window: timedelta, most: int) -> int:
    """Count a try, and the seconds to wait where there were `most` of them within the window; 0 to go on."""
    async with sql.transaction():
        # Tries about one subject take turns: many at the same instant are no way around the limit.
        await sql.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", subject)
        now = clock.now()
        tries = await sql.rows(
            "SELECT at FROM attempt WHERE subject = $1 AND at > $2 ORDER BY at DESC LIMIT $3",
            subject,
            now - window,
            most,
        )
        if len(tries) >= most:
            return max(1, int((tries[-1]["at"] + window - now).total_seconds()))
        await sql.run("INSERT INTO attempt (id, subject, at) VALUES ($1, $2, $3)", new_id(), subject, now)
    return 0
