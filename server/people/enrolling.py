"""Whoever was invited gets an account, whoever was reset a new second factor: all of it at once, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.crypto import vault
from server.kit.ids import new_id
from server.kit.text import clean, half_width
from server.people import service
from server.people.actors import Actor
from server.people.errors import (
    FactorWrong,
    InvitationTooMany,
    InvitationUnusable,
    LoginTaken,
    LoginUnfit,
    PasswordWrong,
)
from server.people.inviting import Invited, use_invitation
from server.people.models import InvitationKind, RequestKind
from server.people.passwords import check_password, hash_password, password_fits
from server.people.scopes import Placed, in_turn
from server.people.staff_admin import give
from server.people.totp import TOTP, first_step, renew_recovery_codes, use_second_factor
from server.people.two_officers import ask

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
PASSWORD_TRIES, PASSWORD_WINDOW = 5, timedelta(minutes=5)
FACTOR_TRIES, FACTOR_WINDOW = 5, timedelta(hours=1)


@dataclass(frozen=True)
class Enrolled:
    """A session begun, and the codes to be printed; `waits` where a second officer has still to agree to the role."""

    token: str
    codes: list[str]
    waits: bool = False


@dataclass(frozen=True)
class _NewAccount:
    id: UUID
    login: str
    display_name: str
    password_hash: str
    secret: str
    step: int


def read_login(typed: str) -> str:
    """A login as it is kept. Raises LoginUnfit."""
    login = clean(half_width(typed)).lower()
    if not LOGIN.fullmatch(login):
        raise LoginUnfit(field="login")
    return login


async def join(
    *, invited: Invited, login: str, display_name: str, password: str, secret: str, totp: str, device: str
) -> Enrolled:
    """Make the account of an invitation, with its role or with the question to a second officer.

    Raises LoginUnfit, LoginTaken, what `check_password` and `first_step` raise, InvitationUnusable.
    """
    if invited.kind is not InvitationKind.JOIN or invited.role is None:
        raise InvitationUnusable(field="code")
    login = read_login(login)
    check_password(password, login)
    step = first_step(secret, totp)
    staff_id = new_id()
    account = _NewAccount(staff_id, login, display_name, await hash_password(password), secret, step)
    async with sql.transaction():
        inviter = await _inviter(invited)
        await _make_account(account, invited.role)
        await use_invitation(invited.id, staff_id)
        waits = invited.role.needs_two
        if waits:
            await ask(inviter, staff_id, RequestKind.GRANT, invited.role)
        else:
            await give(staff_id, invited.role)
        codes = await renew_recovery_codes(staff_id)
        token = await service.open_session(staff_id=staff_id, device=device)
        await _note("staff.joined", staff_id)
    return Enrolled(token, codes, waits)


async def _inviter(invited: Invited) -> Actor:
    """Whoever invited, with the roles of this instant, in turn. Raises InvitationUnusable."""
    try:
        return await in_turn(Actor("staff", invited.invited_by))
    except Forbidden as error:
        raise InvitationUnusable(field="code") from error


async def _make_account(new: _NewAccount, role: Placed) -> None:
    try:
        await sql.run(
            """INSERT INTO staff
                (id, login, display_name, password_hash, totp_sealed, totp_step, region_code, locale, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'zh_CN', $8)""",
            new.id,
            new.login,
            new.display_name,
            new.password_hash,
            vault().seal(new.secret, TOTP),
            new.step,
            role.lies_in,
            clock.now(),
        )
    except asyncpg.UniqueViolationError as error:
        raise LoginTaken(field="login") from error


async def set_up_again(*, invited: Invited, password: str, secret: str, totp: str, device: str) -> Enrolled:
    """A new second factor after a reset; the password stays and proves who it is.

    Raises PasswordWrong, InvitationTooMany, what `first_step` raises, InvitationUnusable.
    """
    if invited.kind is not InvitationKind.RESET or invited.staff_id is None:
        raise InvitationUnusable(field="code")
    staff_id = invited.staff_id
    tries = vault().index(str(invited.id), "invitation-password")
    if retry_after := await service.count_try(tries, PASSWORD_WINDOW, PASSWORD_TRIES):
        raise InvitationTooMany(retry_after=retry_after, field="password")
    stored = await sql.value("SELECT password_hash FROM staff WHERE id = $1 AND disabled_at IS NULL", staff_id)
    if not await password_fits(stored, password):
        raise PasswordWrong(field="password")
    step = first_step(secret, totp)
    async with sql.transaction():
        await use_invitation(invited.id, staff_id)
        codes = await enrol(staff_id, secret, step)
        token = await service.open_session(staff_id=staff_id, device=device)
        await _note("staff.factor_enrolled", staff_id)
    return Enrolled(token, codes)


async def choose_password(*, invited: Invited, password: str, totp: str, device: str) -> str:
    """Another password for whoever forgot it, proved by the authenticator or a code on paper; the token of a session.

    All other sessions end. Raises what `check_password` raises, FactorWrong, InvitationTooMany, InvitationUnusable.
    """
    if invited.kind is not InvitationKind.FORGOTTEN or invited.staff_id is None:
        raise InvitationUnusable(field="code")
    staff_id = invited.staff_id
    check_password(password, invited.login)
    # By person and not by code: whoever gave the code, and gives another one, guesses no more often.
    tries = vault().index(str(staff_id), "forgotten-password")
    if retry_after := await service.count_try(tries, FACTOR_WINDOW, FACTOR_TRIES):
        raise InvitationTooMany(retry_after=retry_after, field="totp")
    sealed = await sql.value("SELECT totp_sealed FROM staff WHERE id = $1 AND disabled_at IS NULL", staff_id)
    if sealed is None or not await use_second_factor(staff_id, sealed, totp):
        await _note("staff.sign_in_failed", staff_id)
        raise FactorWrong(field="totp")
    hashed = await hash_password(password)
    async with sql.transaction():
        await use_invitation(invited.id, staff_id)
        await sql.run("UPDATE staff SET password_hash = $2 WHERE id = $1", staff_id, hashed)
        await sql.run("DELETE FROM session WHERE staff_id = $1", staff_id)
        token = await service.open_session(staff_id=staff_id, device=device)
        await _note("staff.password_chosen", staff_id)
    return token


async def enrol(staff_id: UUID, secret: str, step: int) -> list[str]:
    """Another second factor, with new codes on paper; all sessions end. In the caller's transaction."""
    await sql.run(
        "UPDATE staff SET totp_sealed = $2, totp_step = greatest(totp_step, $3) WHERE id = $1",
        staff_id,
        vault().seal(secret, TOTP),
        step,
    )
    await sql.run("DELETE FROM session WHERE staff_id = $1", staff_id)
    return await renew_recovery_codes(staff_id)


async def _note(action: str, staff_id: UUID) -> None:
    await audit.record("staff", staff_id, action, subject_kind="staff", subject_id=str(staff_id))
