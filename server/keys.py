"""Which columns are sealed and for what, and how the operator changes the key that seals them.

tests/test_rotation.py compares SEALED with the database: a new sealed column cannot be forgotten here.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from server.bookings.walk_in_queries import NAME as WALK_IN_NAME
from server.db.rotation import SealedColumn, keys_in_use, rewrite
from server.kit.crypto import Vault
from server.membership.sealing import APPEAL, IDENTITY, IMPORT
from server.people.queries import NAME, PHONE
from server.people.totp import TOTP

SEALED = (
    SealedColumn("person", "phone_sealed", PHONE),
    SealedColumn("person", "name_sealed", NAME),
    SealedColumn("staff", "totp_sealed", TOTP),
    SealedColumn("walk_in", "name_sealed", WALK_IN_NAME),
    SealedColumn("application", "identity_sealed", IDENTITY),
    SealedColumn("application", "appeal_sealed", APPEAL),
    SealedColumn("member", "identity_sealed", IDENTITY),
    SealedColumn("member", "phone_sealed", PHONE),
    SealedColumn("member_import", "file_name_sealed", IMPORT),
    SealedColumn("member_import", "content_sealed", IMPORT, batch=1),  # whole files
)
TELL_EVERY = 20_000
Say = Callable[[str], object]


async def rotate(vault: Vault, say: Say) -> bool:
    """Bring every sealed value under the current key and say how it stands; whether nothing is left to do."""
    readable = True
    for column in SEALED:
        readable &= await _rotate_column(column, vault, say)
    return await say_keys(vault, say) and readable


async def _rotate_column(column: SealedColumn, vault: Vault, say: Say) -> bool:
    rewritten, told, unreadable = 0, 0, dict[UUID, None]()
    async for done in rewrite(column, vault):
        rewritten += done.rewritten
        unreadable |= dict.fromkeys(done.unreadable)
        if rewritten - told >= TELL_EVERY:
            told = rewritten
            say(f"{column}: {rewritten} …")
    say(f"{column}: {rewritten} rewritten")
    if unreadable:
        say(f"{column}: {len(unreadable)} cannot be opened with the keys given, such as {next(iter(unreadable))}")
    return not unreadable


async def say_keys(vault: Vault, say: Say) -> bool:
    """Count values by key and say which keys may be removed; whether all are under the current one."""
    found = await keys_in_use(SEALED)
    for key_id in sorted({*found, *vault.keys}):
        say(f"key {key_id}: {found[key_id]} values" + (" (seals now)" if key_id == vault.current else ""))
    for key_id in sorted(found.keys() - vault.keys.keys()):
        say(f"key {key_id} is missing from NIANGJIA_DATA_KEYS: what it sealed cannot be read")
    idle = [key_id for key_id in vault.keys if not found[key_id] and key_id != vault.current]
    if idle:
        say(f"may be removed once no process seals with them: {', '.join(idle)}")
    left = found.total() - found[vault.current]
    if left:
        say(f"{left} values are not under {vault.current} yet: run rotate-keys (again)")
    return not left
