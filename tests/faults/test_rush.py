"""500 clients at once for 50 places: exactly 50 bookings, 450 clear refusals, nothing broken."""

import pytest

from tests.fixtures.rush import rush, tokens_of

CLIENTS, PLACES = 500, 50


@pytest.mark.parametrize("copies", [1, 2])
async def test_exactly_as_many_as_there_are_places(live, copies):
    outcome = await rush(live.url, await tokens_of(CLIENTS), places=PLACES, copies=copies)
    assert outcome.statuses == {201: PLACES * copies, 409: (CLIENTS - PLACES) * copies}
    assert outcome.told == outcome.stored
    assert len(outcome.stored) == outcome.taken == PLACES
