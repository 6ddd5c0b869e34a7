"""What a password must be: long, not the login, and none of those that everybody tries first. No other rules.

Length is what resists guessing; rules about digits and signs make people write passwords on paper.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from server.config import ROOT
from server.people.errors import PasswordCommon, PasswordLikeLogin, PasswordShort

DATA = ROOT / "server" / "data"
SHORTEST, LONGEST = 12, 200
T = TypeVar("T")
hasher = PasswordHasher()
# Each hash takes 64 MB: few at a time, or a crowd of guesses takes all memory.
_hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# Verified where the login is unknown, so that the answer takes as long.
_DUMMY = hasher.hash("nobody has this password")
# Of the lists of leaked passwords (here and abroad) the most frequent ones that are long enough; compared without case.
COMMON = frozenset((DATA / "common_passwords.txt").read_text("utf-8").split())


def check_password(password: str, login: str) -> None:
    """Raise PasswordShort, PasswordLikeLogin or PasswordCommon."""
    plain, name = password.casefold(), login.casefold()
    if len(password) < SHORTEST:
        raise PasswordShort(field="password", shortest=SHORTEST)
    if name and (name in plain or name[::-1] in plain):
        raise PasswordLikeLogin(field="password")
    if plain in COMMON or plain.replace(" ", "") in COMMON or len(set(plain)) == 1:
        raise PasswordCommon(field="password")


async def hash_password(password: str) -> str:
    """What is stored of a password."""
    return await _hashed(lambda: hasher.hash(password))


async def password_fits(stored: str | None, password: str) -> bool:
    """Whether it is the password of this hash; without a hash it takes as long and does not fit."""
    try:
        await _hashed(lambda: hasher.verify(stored or _DUMMY, password))
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


async def _hashed(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_hashing, work)
