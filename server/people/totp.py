"""The second factor: time-based codes of an authenticator app, and ten codes on paper for when it is not at hand."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

import pyotp
import segno
from cryptography.exceptions import InvalidTag

from server.db import sql
from server.kit import clock
from server.kit.crypto import UnknownKey, vault
from server.kit.ids import new_code, new_id, read_code
from server.kit.text import half_width
from server.people.errors import EnrolmentOld, FirstCodeWrong

TOTP = "totp"
STEP_SECONDS = 30
RECOVERY_CODES, RECOVERY_CHARS = 10, 10
ISSUER = "娘家人"


def new_secret() -> str:
    """A secret for an authenticator app."""
    return pyotp.random_base32()


def offer(secret: str, subject: UUID) -> str:
    """A secret as a form carries it until its first code is there: sealed, and of use for this one only."""
    return base64.urlsafe_b64encode(vault().seal(secret, _enrolling(subject))).decode()


def taken(offered: str, subject: UUID) -> str:
    """The secret of an `offer`. Raises EnrolmentOld for anything else."""
    try:
        return vault().open(base64.urlsafe_b64decode(offered), _enrolling(subject))
    except (binascii.Error, InvalidTag, UnknownKey, ValueError) as error:
        raise EnrolmentOld from error


def _enrolling(subject: UUID) -> str:
    return f"enrol {subject}"


def link_of(secret: str, login: str) -> str:
    """What the app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=login or ISSUER, issuer_name=ISSUER)


def picture_of(secret: str, login: str) -> str:
    """The same as a QR code, as an image for a page."""
    uri: str = segno.make_qr(link_of(secret, login), error="m").svg_data_uri(border=4, svgclass=None, lineclass=None)
    return uri


def fitting_step(secret: str, typed: str) -> int | None:
    """The half minute, this one or a neighbour, whose code this is."""
    code = "".join(ch for ch in half_width(typed) if ch.isdigit())
    totp, step = pyotp.TOTP(secret), int(clock.now().timestamp()) // STEP_SECONDS
    fitting = [s for s in (step - 1, step, step + 1) if pyotp.utils.strings_equal(totp.generate_otp(s), code)]
    return fitting[-1] if fitting else None


def first_step(secret: str, typed: str) -> int:
    """The half minute of the first code, which proves that the app has the secret. Raises FirstCodeWrong."""
    step = fitting_step(secret, typed)
    if step is None:
        raise FirstCodeWrong(field="totp")
    return step


async def use_second_factor(staff_id: UUID, sealed: bytes, typed: str) -> str:
    """How somebody proved the second factor, "totp" or "recovery"; "" where not. Each code works once."""
    plain = read_code(half_width(typed))
    if len(plain) == RECOVERY_CHARS:
        return "recovery" if await _use_recovery_code(staff_id, plain) else ""
    step = fitting_step(vault().open(sealed, TOTP), typed)
    if step is None:
        return ""
    tag = await sql.run("UPDATE staff SET totp_step = $2 WHERE id = $1 AND totp_step < $2", staff_id, step)
    return "totp" if tag == "UPDATE 1" else ""


async def _use_recovery_code(staff_id: UUID, plain: str) -> bool:
    tag = await sql.run(
        "UPDATE recovery_code SET used_at = $3 WHERE staff_id = $1 AND code_index = $2 AND used_at IS NULL",
        staff_id,
        _recovery_index(staff_id, plain),
        clock.now(),
    )
    return tag == "UPDATE 1"


async def renew_recovery_codes(staff_id: UUID) -> list[str]:
    """Ten new codes in place of all before, as they are shown this once. In the caller's transaction."""
    codes = [new_code(RECOVERY_CHARS) for _ in range(RECOVERY_CODES)]
    await sql.run("DELETE FROM recovery_code WHERE staff_id = $1", staff_id)
    await sql.copy(
        "recovery_code",
        ("id", "staff_id", "code_index"),
        [(new_id(), staff_id, _recovery_index(staff_id, code)) for code in codes],
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _recovery_index(staff_id: UUID, plain: str) -> str:
    return vault().index(f"{staff_id} {plain}", "recovery")
