"""Reasons that staff write down. They stay in histories and in the audit log, so they say why and name nobody."""

from __future__ import annotations

import re

from server.kit.text import clean, half_width
from server.membership.errors import ReasonNamesSomebody, ReasonNeeded
from server.membership.identity import Identity

LONGEST_REASON = 200
# A run of digits, or a number that is written in groups: an ID card, a phone, a passport, a date of birth.
# 12351 and years are shorter.
NUMBERS = re.compile(r"[0-9]{6}|(?:[0-9][ .·_–—-]?){11}")


def read_reason(typed: str, about: Identity | None = None) -> str:
    """Why, in one line without numbers of people and without the name of who it is about.

    Raises ReasonNeeded, ReasonNamesSomebody.
    """
    reason = clean(typed)[:LONGEST_REASON]
    if not reason:
        raise ReasonNeeded(field="reason")
    plain = half_width(reason)
    if NUMBERS.search(plain) or (about is not None and about.name.casefold() in plain.casefold()):
        raise ReasonNamesSomebody(field="reason")
    return reason
