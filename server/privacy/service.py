"""The worker's verbs over their own data: take a consent back, change the phone number, be forgotten."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from server.audit import own_data as audit_data
from server.audit import service as audit
from server.bookings import own_data as bookings
from server.db import sql
from server.errors import Forbidden, SignInNeeded, Unavailable
from server.groups import own_data as groups
from server.membership import own_data as membership
from server.notices import own_data as notices
from server.people import own_data as people
from server.people import phones
from server.people import service as sessions
from server.people.actors import Actor
from server.people.consents import withdraw_consent
from server.people.models import Purpose
from server.privacy.reading import subjects_of
from server.reports import own_data as reports

TRIES = 5


async def take_back_consent(*, actor: Actor, purpose: Purpose) -> None:
    """The worker agrees no more, from now on; what rested on it ends at once. Twice changes nothing more.

    Without the consent to sensitive data no union may keep an identity: membership and applications end, and are
    blanked. Without the one to sharing, a transfer that waits is taken back.
    """
    person_id = _worker(actor)
    async with sql.transaction():
        await membership.hold(person_id)
        if not await withdraw_consent(person_id, purpose):
            return
        if purpose is Purpose.SENSITIVE:
            await sql.blank_histories()
            await membership.erase(actor)
        else:
            await membership.stop_sharing(actor)


async def change_phone(*, actor: Actor, proof: str, phone: str, code: str) -> None:
    """Sign in with another number from now on. Raises ProofExpired, CodeWrong, CodeExpired, PhoneInUse."""
    person_id = _worker(actor)
    await phones.prove_new_phone(actor=actor, proof=proof, phone=phone, code=code)
    async with sql.transaction():
        await phones.set_phone(actor, phone)
        await membership.forget_register_phone(person_id)


async def erase(*, actor: Actor, code: str) -> None:
    """Forget the worker: at once, in every room, once. `code` was sent to their number.

    What must be counted or proved stays under an id that names nobody: see docs/privacy.md. The number can sign in
    anew, as somebody new. Raises CodeWrong, CodeExpired, SignInNeeded.
    """
    _worker(actor)
    for _ in range(TRIES):
        try:
            right = await _try_erasing(actor, code)
        except asyncpg.DeadlockDetectedError:
            continue  # met a booking of theirs under way
        phones.refuse_unless(right=right)
        return
    raise Unavailable


async def _try_erasing(actor: Actor, code: str) -> bool | None:
    """What became of the code; True too where everything is gone already."""
    person_id = _worker(actor)
    async with sql.transaction():
        await membership.hold(person_id)
        person = await people.hold(person_id)
        if person is None:
            return True
        right = await sessions.try_code(people.phone_of(person), code)
        if right:
            await _erase(actor, person_id, person)
    return right


async def _erase(actor: Actor, person_id: UUID, person: asyncpg.Record) -> None:
    await sql.blank_histories()
    subjects = await subjects_of(person_id)
    await membership.erase(actor)
    await bookings.erase(actor)
    await groups.erase(actor)
    await reports.erase(actor)
    await notices.erase(person_id)
    await audit_data.forget_words(subjects)
    await people.erase(person)
    await audit.record("worker", person_id, "person.erased", subject_kind="person", subject_id=str(person_id))


def _worker(actor: Actor) -> UUID:
    if actor.kind == "visitor" or actor.id is None:
        raise SignInNeeded
    if actor.kind != "worker":
        raise Forbidden
    return actor.id
