"""Reasons that staff write down. They stay in histories and in the audit log, so they say why and name nobody."""

from __future__ import annotations

from server.kit.reasons import names_somebody
from server.kit.text import clean
from server.membership.errors import ReasonNamesSomebody, ReasonNeeded
from server.membership.identity import Identity

LONGEST_REASON = 200


def read_reason(typed: str, about: Identity | None = None) -> str:
    """Why, in one line without numbers of people and without the name of who it is about.

    Raises ReasonNeeded, ReasonNamesSomebody.
    """
    reason = clean(typed)[:LONGEST_REASON]
    if not reason:
        raise ReasonNeeded(field="reason")
    if names_somebody(reason, about.name if about else ""):
        raise ReasonNamesSomebody(field="reason")
    return reason
