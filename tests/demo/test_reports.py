"""The demo's unattended stations: a door that is counted at, broken things in every state, suggestions with support."""

from server.db import sql
from server.demo.load import load_demo
from server.reports.models import Fault, FaultPhoto, FaultState, Suggestion, SuggestionState
from server.stations.models import Station
from server.visits.models import Door, Occupation, VisitDay


async def test_it_shows_what_workers_say_and_shows_it_once(settings, db):
    assert settings
    assert db
    await load_demo()
    doors = await Door.all()
    assert all([(await Station.get(id=door.station_id)).unattended for door in doors])
    assert {row.occupation for row in await VisitDay.filter(station_id=doors[0].station_id)} == set(Occupation)
    states = set(await Fault.all().values_list("state", flat=True))
    assert states == {FaultState.OPEN, FaultState.IN_PROGRESS, FaultState.FIXED}
    assert await FaultPhoto.all().count() >= 1
    wanted = await Suggestion.all().order_by("-supporters")
    assert {one.state for one in wanted} == set(SuggestionState) - {SuggestionState.BUILT}
    assert wanted[0].supporters > 20
    counts = (
        "SELECT (SELECT count(*) FROM fault), (SELECT count(*) FROM suggestion), (SELECT sum(visits) FROM visit_day)"
    )
    before = tuple(await sql.row(counts))
    await load_demo()
    assert tuple(await sql.row(counts)) == before
