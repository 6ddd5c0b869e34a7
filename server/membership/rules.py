"""Rules of membership that need no database."""

from __future__ import annotations

import secrets
from datetime import timedelta

from stdnum import luhn

from server.membership.models import ApplicationState as A

NUMBER_DIGITS = 12
# How long a union has to answer a transfer before the union above is asked to, and until nothing moves.
ANSWER_TIME = timedelta(days=7)
ESCALATION_TIME = timedelta(days=7)
APPEAL_TIME = timedelta(days=60)
USUAL_DAYS = 5  # what workers are told, until there are decisions to measure

# Who may bring an application from where to where: w(orker), r(eviewer).
STEPS: dict[tuple[A, A], str] = {
    (A.DRAFT, A.SUBMITTED): "w",
    (A.RETURNED, A.SUBMITTED): "w",
    (A.DRAFT, A.WITHDRAWN): "w",
    (A.SUBMITTED, A.WITHDRAWN): "w",
    (A.RETURNED, A.WITHDRAWN): "w",
    (A.APPEALED, A.WITHDRAWN): "w",
    (A.REJECTED, A.APPEALED): "w",
    (A.SUBMITTED, A.APPROVED): "r",
    (A.SUBMITTED, A.RETURNED): "r",
    (A.SUBMITTED, A.REJECTED): "r",
    (A.APPEALED, A.APPROVED): "r",
    (A.APPEALED, A.REJECTED): "r",
}


def new_number(province: int) -> str:
    """A member number: the union's province, nine random digits, a check digit. Nothing can be counted from it."""
    body = f"{province:02d}{secrets.randbelow(10**9):09d}"
    return body + luhn.calc_check_digit(body)


def read_number(typed: str) -> str:
    """A member number as somebody typed it; "" where it is none."""
    plain = "".join(ch for ch in typed if ch.isdigit())
    return plain if len(plain) == NUMBER_DIGITS and luhn.is_valid(plain) else ""
