"""Staff accounts: a name, a password and a time-based code; all three or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.audit import service as audit
from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.text import clean
from server.people.actors import GrantHeld
from server.people.errors import StaffSignInTooMany, StaffSignInWrong
from server.people.models import Grant, Staff
from server.people.passwords import hash_password, password_fits
from server.people.scopes import region_of
from server.people.service import SignedIn, find_actor, open_session
from server.people.totp import TOTP, new_secret, use_second_factor

# (window, most failures) of a name from one address; of an address; of a name from addresses it never came from.
PAIR_LIMITS = ((timedelta(minutes=5), 5), (timedelta(hours=1), 20))
ADDRESS_LIMITS = ((timedelta(minutes=5), 50), (timedelta(hours=1), 200))
LOGIN_LIMITS = ((timedelta(minutes=5), 20), (timedelta(hours=1), 60))
LONGEST_WINDOW = timedelta(hours=1)
KNOWN_FOR = timedelta(days=30)


SEE_TO = """
SELECT g.staff_id, g.region_code FROM role_grant g JOIN staff t ON t.id = g.staff_id AND t.disabled_at IS NULL
WHERE g.station_id = $1 AND g.role IN ('staff', 'manager')
UNION SELECT g.staff_id, g.region_code FROM role_grant g JOIN staff t ON t.id = g.staff_id AND t.disabled_at IS NULL
WHERE g.region_code = ANY($2) AND g.role = 'officer'
"""


async def who_sees_to(station_id: UUID, region_code: int) -> list[UUID]:
    """Who works at a station; where nobody does, the officers of its county, else its city, else its province."""
    above = [region_code, region_code // 100 * 100, region_code // 10_000 * 10_000]
    found = await sql.rows(SEE_TO, station_id, above)
    for region in (None, *above):
        here = [row["staff_id"] for row in found if row["region_code"] == region]
        if here:
            return sorted(set(here))
    return []


async def create_staff(
    *, login: str, display_name: str, password: str, grants: Sequence[GrantHeld], totp_secret: str | None = None
) -> tuple[UUID, str]:
    """Make an account with its roles; its id and the secret for the authenticator app."""
    secret = totp_secret or new_secret()
    async with sql.transaction():
        made = await Staff.create(
            login=clean(login).lower(),
            display_name=display_name,
            password_hash=await hash_password(password),
            totp_sealed=vault().seal(secret, TOTP),
            region_code=await region_of(grants[0]) if grants else None,
        )
        for grant in grants:
            await Grant.create(
                staff=made,
                role=grant.role,
                station_id=grant.station_id,
                region_code=grant.region_code,
                union_id=grant.union_id,
            )
        await audit.record(
            "system",
            None,
            "staff.created",
            subject_kind="staff",
            subject_id=str(made.id),
            region_code=made.region_code,
        )
    return made.id, secret


@dataclass(frozen=True)
class _Guess:
    """A try to sign in, counted before it is judged, so that tries at the same instant are counted too."""

    ids: list[UUID]
    pair: str


async def sign_in_staff(*, login: str, password: str, totp: str, address: str, device: str) -> SignedIn:
    """Begin a session of staff. Raises StaffSignInWrong or StaffSignInTooMany.

    `totp` is the app's code, or one of the codes on paper. Failures are counted per name and address, per address and
    per name; where somebody has signed in from lately, the last does not hold, so that guessing elsewhere locks
    nobody out.
    """
    login = clean(login).lower()
    guess = await _count_guess(login, address)
    account = await Staff.get_or_none(login=login, disabled_at=None)
    known = await password_fits(account.password_hash if account else None, password)
    how = await use_second_factor(account.id, account.totp_sealed, totp) if account and known else ""
    if account is None or not how:
        await _note_failure(account)
        raise StaffSignInWrong
    async with sql.transaction():
        token = await open_session(staff_id=account.id, device=device)
        await _forgive(guess)
        action = "staff.signed_in" if how == "totp" else "staff.recovery_used"
        await audit.record("staff", account.id, action, subject_kind="staff", subject_id=str(account.id))
    actor = await find_actor(token)
    if actor is None:
        raise StaffSignInWrong
    return SignedIn(token, actor)


async def _count_guess(login: str, address: str) -> _Guess:
    """Count a try as a failure until it succeeds. Raises StaffSignInTooMany."""
    pair, now = vault().index(f"{login} {address}", "staff"), clock.now()
    subjects = {
        pair: PAIR_LIMITS,
        vault().index(address, "staff-address"): ADDRESS_LIMITS,
        vault().index(login, "staff-login"): LOGIN_LIMITS,
    }
    ids = [new_id() for _ in subjects]
    async with sql.transaction():
        # Tries for one name, or from one address, take turns, in whichever process they arrive.
        for subject in sorted(subjects):
            await sql.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", subject)
        failed = await sql.rows(
            """SELECT subject, at FROM attempt WHERE (subject = ANY($1) AND at > $2) OR (subject = $3 AND at > $4)
            ORDER BY at DESC""",
            list(subjects),
            now - LONGEST_WINDOW,
            _known(pair),
            now - KNOWN_FOR,
        )
        is_known = any(row["subject"] == _known(pair) for row in failed)
        for subject, limits in subjects.items():
            if limits is not LOGIN_LIMITS or not is_known:
                _refuse_above(limits, [row["at"] for row in failed if row["subject"] == subject], now)
        await sql.run(
            "INSERT INTO attempt (id, subject, at) SELECT id, subject, $3 FROM unnest($1::uuid[], $2::text[]) "
            "AS t (id, subject)",
            ids,
            list(subjects),
            now,
        )
    return _Guess(ids, pair)


def _refuse_above(limits: Sequence[tuple[timedelta, int]], times: list[datetime], now: datetime) -> None:
    """Raise StaffSignInTooMany where a limit is reached; `times` newest first."""
    for window, most in limits:
        if len(times) >= most and times[most - 1] > now - window:
            raise StaffSignInTooMany(retry_after=math.ceil((times[most - 1] + window - now).total_seconds()))


def _known(pair: str) -> str:
    """What stands in the attempts where a name has signed in from an address."""
    return vault().index(pair, "staff-known")


async def _forgive(guess: _Guess) -> None:
    """The try was no failure; from here the name is known."""
    await sql.run("DELETE FROM attempt WHERE id = ANY($1) OR subject = $2", guess.ids, _known(guess.pair))
    await sql.run(
        "INSERT INTO attempt (id, subject, at) VALUES ($1, $2, $3)", new_id(), _known(guess.pair), clock.now()
    )


async def _note_failure(account: Staff | None) -> None:
    """The audit knows; a name that nobody has is written down as such, never as it was typed."""
    await audit.record(
        "system",
        None,
        "staff.sign_in_failed",
        subject_kind="staff",
        subject_id=str(account.id) if account else "unknown",
        region_code=account.region_code if account else None,
    )
