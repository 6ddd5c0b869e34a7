"""What staff write to a worker about a booking is kept with it: it names nobody."""

from __future__ import annotations

from uuid import UUID

from server.bookings.errors import ReasonNamesSomebody
from server.kit.reasons import names_somebody
from server.people import queries as people


async def refuse_names(reason: str, person_id: UUID) -> None:
    """Raise ReasonNamesSomebody for a number of a person, or for how the worker is called."""
    if reason:
        found = (await people.contacts([person_id])).get(person_id)
        if names_somebody(reason, found.name if found else ""):
            raise ReasonNamesSomebody(field="reason")
