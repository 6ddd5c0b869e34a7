"""Whether a member card is good now, and which cards a desk without a network must refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.db import sql
from server.kit import clock
from server.membership.card import CARD_LIFE, CardFacts, is_card, read_card, serial_of
from server.membership.errors import CardRevoked
from server.membership.models import MemberState

# A card that was replaced oftener within its life lists its latest versions only.
VERSIONS_LISTED = 20
# The last day of a card's life has not ended before the day after.
LISTED = CARD_LIFE + timedelta(days=1)


@dataclass(frozen=True)
class CheckedCard:
    """A good card; `person_id` is whose phone shows it."""

    facts: CardFacts
    person_id: UUID | None


async def check_card(text: str) -> CheckedCard:
    """What a scanned card says, if it is good today. Raises CardForged, CardExpired, CardRevoked."""
    facts = read_card(text, clock.today())
    found = await sql.row("SELECT person_id, state, card_version FROM member WHERE number = $1", facts.number)
    if found is None or found["state"] == MemberState.LEFT:
        raise CardRevoked(field="card")
    if facts.serial != serial_of(facts.number, found["card_version"]):
        raise CardRevoked(field="card")
    return CheckedCard(facts, found["person_id"])


async def holder_of(text: str) -> UUID | None:
    """The person whose good card this is; None for a text that is no card. Raises what `check_card` raises."""
    return (await check_card(text)).person_id if is_card(text) else None


async def revoked_serials() -> list[str]:
    """The cards that were revoked and that their own date does not refuse yet."""
    found = await sql.rows("SELECT number, card_version FROM member WHERE card_revoked_at > $1", clock.now() - LISTED)
    return sorted(
        serial_of(row["number"], version)
        for row in found
        for version in range(max(1, row["card_version"] - VERSIONS_LISTED), row["card_version"])
    )
