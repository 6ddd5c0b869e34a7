"""Staff accounts: a name, a password and a time-based code; all three or nothing."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from server.audit import service as audit
from server.db import sql
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.text import clean, half_width
from server.people.actors import GrantHeld
from server.people.errors import StaffSignInTooMany, StaffSignInWrong
from server.people.models import Grant, Staff
from server.people.service import SignedIn, find_actor, open_session

TOTP = "totp"
STEP_SECONDS = 30
GUESSES = ((timedelta(minutes=5), 5), (timedelta(hours=1), 20))
_hasher = PasswordHasher()
# Verified where the login is unknown, so that the answer takes as long.
_DUMMY = _hasher.hash("nobody has this password")


async def create_staff(
    *, login: str, display_name: str, password: str, grants: Sequence[GrantHeld], totp_secret: str | None = None
) -> tuple[UUID, str]:
    """Make an account with its roles; its id and the secret for the authenticator app."""
    secret = totp_secret or pyotp.random_base32()
    async with sql.transaction():
        made = await Staff.create(
            login=clean(login).lower(),
            display_name=display_name,
            password_hash=await asyncio.to_thread(_hasher.hash, password),
            totp_sealed=vault().seal(secret, TOTP),
        )
        for grant in grants:
            await Grant.create(staff=made, role=grant.role, station_id=grant.station_id, region_code=grant.region_code)
        await audit.record("system", None, "staff.created", subject_kind="staff", subject_id=str(made.id))
    return made.id, secret


async def sign_in_staff(*, login: str, password: str, totp: str, address: str, device: str) -> SignedIn:
    """Begin a session of staff. Raises StaffSignInWrong or StaffSignInTooMany.

    Guesses are counted per login from one address and per address, so nobody can lock out another.
    """
    login = clean(login).lower()
    subjects = [vault().index(f"{login} {address}", "staff"), vault().index(address, "staff-address")]
    await _refuse_guessing(subjects)
    account = await Staff.get_or_none(login=login, disabled_at=None)
    known = await _password_fits(account, password)
    if account is None or not known or not await _use_totp(account, totp):
        await _note_failure(subjects, account)
        raise StaffSignInWrong
    async with sql.transaction():
        token = await open_session(staff_id=account.id, device=device)
        await audit.record("staff", account.id, "staff.signed_in", subject_kind="staff", subject_id=str(account.id))
    actor = await find_actor(token)
    if actor is None:
        raise StaffSignInWrong
    return SignedIn(token, actor)


async def _password_fits(account: Staff | None, password: str) -> bool:
    stored = account.password_hash if account else _DUMMY
    try:
        await asyncio.to_thread(_hasher.verify, stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return account is not None


async def _use_totp(account: Staff, typed: str) -> bool:
    """Whether the code fits this half minute or a neighbour, and is used for the first time."""
    code = "".join(ch for ch in half_width(typed) if ch.isdigit())
    totp = pyotp.TOTP(vault().open(account.totp_sealed, TOTP))
    step = int(clock.now().timestamp()) // STEP_SECONDS
    fitting = [s for s in (step - 1, step, step + 1) if pyotp.utils.strings_equal(totp.generate_otp(s), code)]
    if not fitting:
        return False
    tag = await sql.run("UPDATE staff SET totp_step = $2 WHERE id = $1 AND totp_step < $2", account.id, fitting[-1])
    return tag == "UPDATE 1"


async def _refuse_guessing(subjects: list[str]) -> None:
    now = clock.now()
    failed = await sql.rows(
        "SELECT subject, at FROM attempt WHERE subject = ANY($1) AND at > $2 ORDER BY at DESC",
        subjects,
        now - GUESSES[-1][0],
    )
    # A shared address gets ten times the room of one login behind it.
    for subject, room in zip(subjects, (1, 10), strict=True):
        times = [row["at"] for row in failed if row["subject"] == subject]
        for window, most in GUESSES:
            if len(times) >= most * room and times[most * room - 1] > now - window:
                wait = math.ceil((times[most * room - 1] + window - now).total_seconds())
                raise StaffSignInTooMany(retry_after=wait)


async def _note_failure(subjects: list[str], account: Staff | None) -> None:
    now = clock.now()
    for subject in subjects:
        await sql.run("INSERT INTO attempt (id, subject, at) VALUES ($1, $2, $3)", new_id(), subject, now)
    if account:
        await audit.record("system", None, "staff.sign_in_failed", subject_kind="staff", subject_id=str(account.id))
