"""A worker's phone number is what they sign in with: it changes only by proof of the old one and of the new one.

First a code to the old number, which earns a short-lived word of ours; with it, a code to the new number. Whether
that number is somebody's is said only to who holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden, SignInNeeded
from server.kit import clock
from server.kit.crypto import vault
from server.people import service
from server.people.actors import Actor
from server.people.errors import CodeExpired, CodeWrong, PhoneInUse, PhoneSame, ProofExpired
from server.people.queries import PHONE

PROOF_LIFE = timedelta(minutes=15)
PURPOSE = "phone-change"


async def send_own_code(*, actor: Actor, address: str) -> str | None:
    """A code to the worker's own number. Raises what `service.request_code` raises."""
    return await service.request_code(phone=await own_phone(actor), address=address)


async def prove_old_phone(*, actor: Actor, code: str) -> str:
    """The word that the old number is in the worker's hand, good for this session. Raises CodeWrong, CodeExpired."""
    await use_code(await own_phone(actor), code)
    until = str(int((clock.now() + PROOF_LIFE).timestamp()))
    return f"{until}.{vault().sign(_proved(actor, until), PURPOSE)}"


async def send_new_code(*, actor: Actor, proof: str, phone: str, address: str) -> str | None:
    """A code to the new number. Raises ProofExpired, PhoneSame and what `service.request_code` raises."""
    _check(actor, proof)
    if phone == await own_phone(actor):
        raise PhoneSame(field="phone")
    return await service.request_code(phone=phone, address=address)


async def prove_new_phone(*, actor: Actor, proof: str, phone: str, code: str) -> None:
    """Both numbers are in the worker's hand. Raises ProofExpired, CodeWrong, CodeExpired."""
    _check(actor, proof)
    await use_code(phone, code)


async def set_phone(actor: Actor, phone: str) -> None:
    """From now on the worker signs in with a number that was proved; everywhere else their sessions end.

    Raises PhoneInUse.
    """
    try:
        async with sql.transaction():
            await sql.run(
                """UPDATE person SET phone_index = $2, phone_sealed = $3, phone_tail = $4
                WHERE id = $1 AND erased_at IS NULL""",
                actor.id,
                service.phone_index_of(phone),
                vault().seal(phone, PHONE),
                phone[-4:],
            )
            await sql.run("DELETE FROM session WHERE person_id = $1 AND id <> $2", actor.id, actor.session_id)
            await audit.record(
                "worker", actor.id, "person.phone_changed", subject_kind="person", subject_id=str(actor.id)
            )
    except asyncpg.UniqueViolationError as error:
        raise PhoneInUse(field="phone") from error


async def own_phone(actor: Actor) -> str:
    """The worker's number. Raises SignInNeeded, Forbidden."""
    if actor.kind != "worker":
        raise SignInNeeded if actor.kind == "visitor" else Forbidden
    sealed: Any = await sql.value("SELECT phone_sealed FROM person WHERE id = $1 AND erased_at IS NULL", actor.id)
    if sealed is None:
        raise SignInNeeded
    return vault().open(sealed, PHONE)


async def use_code(phone: str, code: str) -> None:
    """Use up the code that was sent to a number; tries count whatever comes of it. Raises CodeWrong, CodeExpired."""
    async with sql.transaction():
        right = await service.try_code(phone, code)
    refuse_unless(right=right)


def refuse_unless(*, right: bool | None) -> None:
    """Raise CodeWrong or CodeExpired for what `service.try_code` says, unless it was right."""
    if right is None:
        raise CodeExpired(field="code")
    if not right:
        raise CodeWrong(field="code")


def _check(actor: Actor, proof: str) -> None:
    until, _, signature = proof.partition(".")
    fits = vault().verify(_proved(actor, until), PURPOSE, signature)
    if not fits or int(until) < clock.now().timestamp():
        raise ProofExpired


def _proved(actor: Actor, until: str) -> str:
    return f"{actor.id} {actor.session_id} {until}"
