"""One's own account: password, authenticator, codes on paper. Before any of them changes, both are given again."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden
from server.kit import clock
from server.kit.crypto import vault
from server.people import service
from server.people.actors import Actor
from server.people.enrolling import enrol
from server.people.errors import ProofNeeded, StaffSignInTooMany, StaffSignInWrong
from server.people.passwords import check_password, hash_password, password_fits
from server.people.totp import first_step, renew_recovery_codes, use_second_factor

PROVED_FOR = timedelta(minutes=10)
TRIES, TRIES_WINDOW = 5, timedelta(minutes=5)


class OwnAccount(msgspec.Struct, frozen=True):
    """What the page about oneself shows."""

    login: str
    proved: bool
    codes_left: int


async def own_account(actor: Actor) -> OwnAccount:
    """One's own account. Raises Forbidden."""
    found = await sql.row(
        """SELECT t.login, s.proved_at,
            (SELECT count(*) FROM recovery_code c WHERE c.staff_id = t.id AND c.used_at IS NULL) AS codes_left
        FROM session s JOIN staff t ON t.id = s.staff_id WHERE s.id = $1 AND s.staff_id = $2""",
        actor.session_id,
        actor.id,
    )
    if found is None:
        raise Forbidden
    return OwnAccount(found["login"], _holds(found["proved_at"]), found["codes_left"])


def _holds(proved_at: datetime | None) -> bool:
    return proved_at is not None and proved_at > clock.now() - PROVED_FOR


async def prove(*, actor: Actor, password: str, totp: str) -> None:
    """Show again who sits here: it holds for ten minutes, in this session.

    Raises StaffSignInWrong, StaffSignInTooMany.
    """
    tries = vault().index(str(actor.id), "prove")
    if retry_after := await service.count_try(tries, TRIES_WINDOW, TRIES):
        raise StaffSignInTooMany(retry_after=retry_after)
    found = await sql.row("SELECT id, password_hash, totp_sealed FROM staff WHERE id = $1", actor.id)
    fits = await password_fits(found["password_hash"] if found else None, password)
    if not found or not fits or not await use_second_factor(found["id"], found["totp_sealed"], totp):
        raise StaffSignInWrong
    await sql.run("UPDATE session SET proved_at = $2 WHERE id = $1", actor.session_id, clock.now())


async def _proved(actor: Actor) -> tuple[UUID, str]:
    """Who it is, and the login. Raises ProofNeeded."""
    account = await own_account(actor)
    if not account.proved or actor.id is None:
        raise ProofNeeded
    return actor.id, account.login


async def change_password(*, actor: Actor, password: str) -> None:
    """Another password; all other sessions end. Raises ProofNeeded, what `check_password` raises."""
    staff_id, login = await _proved(actor)
    check_password(password, login)
    hashed = await hash_password(password)
    async with sql.transaction():
        await sql.run("UPDATE staff SET password_hash = $2 WHERE id = $1", staff_id, hashed)
        await sql.run("DELETE FROM session WHERE staff_id = $1 AND id <> $2", staff_id, actor.session_id)
        await _note(actor, "staff.password_changed")


async def change_authenticator(*, actor: Actor, secret: str, totp: str) -> tuple[list[str], str]:
    """Another authenticator, proved by its first code: new codes on paper, and a new session in place of all.

    Raises ProofNeeded, what `first_step` raises.
    """
    staff_id, _ = await _proved(actor)
    step = first_step(secret, totp)
    async with sql.transaction():
        device = await sql.value("SELECT device FROM session WHERE id = $1", actor.session_id)
        codes = await enrol(staff_id, secret, step)
        token = await service.open_session(staff_id=staff_id, device=device or "")
        await _note(actor, "staff.factor_enrolled")
    return codes, token


async def change_recovery_codes(*, actor: Actor) -> list[str]:
    """Ten new codes on paper; those of before work no more. Raises ProofNeeded."""
    staff_id, _ = await _proved(actor)
    async with sql.transaction():
        codes = await renew_recovery_codes(staff_id)
        await _note(actor, "staff.codes_renewed")
    return codes


async def _note(actor: Actor, action: str) -> None:
    await audit.record("staff", actor.id, action, subject_kind="staff", subject_id=str(actor.id))
