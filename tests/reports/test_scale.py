"""With the country's faults and suggestions in the tables, each list finds its rows by an index."""

import json
from datetime import UTC, datetime

import pytest

from server.db import sql
from server.kit import clock
from server.kit.ids import new_id
from server.people.actors import VISITOR
from server.reports import fault_queries, queries, suggestion_queries
from server.reports.fault_queries import CLOSED_LIST, LAST_ID, NO_ID, OPEN_LIST
from server.reports.suggestion_queries import AROUND, DECIDED, MOST, MOST_WANTED, SAME_DISTRICT, SAME_SPOT, TO_DECIDE

STATIONS = """
INSERT INTO station (id, kind, name, region_code, address, landmark, phone, lat, lng, hours, facilities, unattended,
  search_text, demo, version, updated_at)
SELECT gen_random_uuid(), 'rest_stop', 'S' || n, 110000 + n * 150, '', '', '', 20 + n % 200 / 20.0,
  100 + n % 300 / 20.0, '[[],[],[],[],[],[],[],[]]', '{}', true, '', false, 1, now() FROM generate_series(1, 2500) n
"""
FAULTS = """
INSERT INTO fault (id, station_id, region_code, thing, state, voices, reason, opened_at, said_at, changed_at, closed_at)
SELECT gen_random_uuid(), s.id, s.region_code, 'other', CASE WHEN n = 1 THEN 'open' ELSE 'fixed' END, 1, '',
  now() - n * interval '1 day', now(), now(), CASE WHEN n > 1 THEN now() - (n - 1) * interval '1 day' END
FROM station s, generate_series(1, 40) n
"""
SUGGESTIONS = """
INSERT INTO suggestion (id, region_code, lat, lng, by_position, landmark, wants, state, supporters, reason, request_key,
  proposed_at, changed_at)
SELECT gen_random_uuid(), s.region_code, round((s.lat + n / 100.0)::numeric, 3)::float8,
  round(s.lng::numeric, 3)::float8,
  true, 'L' || n, '{}', CASE WHEN n > 7 THEN 'declined' ELSE 'new' END, n * 3, CASE WHEN n > 7 THEN 'no' ELSE '' END,
  s.id || '-' || n, now(), now() - n * interval '1 hour' FROM station s, generate_series(1, 15) n
"""
pytestmark = pytest.mark.usefixtures("settings", "db", "country")
GUANGXI = ([450000], [459999])
BIG = {"fault", "suggestion"}


@pytest.fixture
async def country():
    for statement in (STATIONS, FAULTS, SUGGESTIONS, "ANALYZE"):
        await sql.run(statement)


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def read_whole(statement, *values):
    """The big tables that a statement reads from end to end."""
    found = await sql.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    plan = json.loads(found)[0]["Plan"]
    return {
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG and node["Actual Loops"]
    }


async def test_lists_of_faults_are_found_by_index():
    station = await sql.value("SELECT id FROM station LIMIT 1")
    for stations, spans in (([station], ([], [])), ([], GUANGXI), ([station], GUANGXI)):
        first = datetime(1970, 1, 1, tzinfo=UTC), NO_ID
        last = datetime(9999, 1, 1, tzinfo=UTC), LAST_ID
        most = fault_queries.PAGE + 1
        assert not await read_whole(OPEN_LIST, stations, *spans, ["open", "in_progress"], "", *first, most)
        assert not await read_whole(CLOSED_LIST, stations, *spans, ["fixed", "cannot_fix"], "", *last, most)
    assert not await read_whole(queries.BROKEN, station, clock.now())


async def test_lists_of_suggestions_are_found_by_index():
    nobody, here, most = new_id(), (22.8, 108.4), suggestion_queries.PAGE + 1
    top, last = (MOST, LAST_ID), (datetime(9999, 1, 1, tzinfo=UTC), LAST_ID)
    for statement, values in (
        (AROUND, (*here, 5_000, most)),
        (SAME_SPOT, (*here, 300, most)),
        (SAME_DISTRICT, (450100, 200)),
        (MOST_WANTED, (450000, 459999, *top, most)),
        (TO_DECIDE, (*GUANGXI, *top, most)),
        (DECIDED, (*GUANGXI, *last, most)),
    ):
        assert not await read_whole(statement, nobody, *values), statement
    assert len(await suggestion_queries.of_region(450000, VISITOR)) == most
