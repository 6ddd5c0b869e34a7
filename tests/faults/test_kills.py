"""The quick part of `make faults DRILLS=kills`: two kinds of `kill -9` under load, once each."""

from tests.drills import kills
from tests.drills.journal import Journal
from tests.drills.town import town


async def test_what_was_acknowledged_survives():
    async with town(60) as place:
        journal = Journal()
        for victim in ("a web process", "the whole database server"):
            line = await kills.one(place, journal, victim, victim, watched=3)
            assert line.good, line.result
