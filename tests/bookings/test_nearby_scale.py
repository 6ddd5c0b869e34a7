"""Search over 200,000 stations: the indexes carry it, and a page asks the database once."""

import json

import asyncpg
import pytest

from server.bookings.models import ServiceKind
from server.bookings.nearby import find_nearby, statement_of
from server.bookings.nearby_schemas import Search
from server.db import sql
from server.db.lifespan import database
from server.kit import clock
from server.kit.geo import Point, distance_m
from server.people.actors import VISITOR
from server.stations.models import Facility, StationKind
from server.stations.service import load_divisions
from tests.fixtures.people import make_person

STATIONS = 200_000
NANNING = Point(22.8170, 108.3665)
# Spread around the centres of all counties; words repeat as street names do.
FILL = f"""
INSERT INTO station (id, external_id, kind, name, region_code, address, landmark, phone, lat, lng, hours, facilities,
  unattended, search_text, demo, version, updated_at)
SELECT gen_random_uuid(), 'g' || n, (ARRAY['rest_stop', 'workstation', 'workers_home'])[1 + n % 3], '站点' || n,
  d.code, '', '', '', d.lat + sin(n) * 0.2, d.lng + cos(n) * 0.2,
  jsonb_build_array(w, w, w, w, w, w, w, w), ARRAY[(ARRAY['wifi', 'toilet', 'charging'])[1 + n % 3], 'hot_water'],
  false, ' ' || d.pinyin || ' ' || d.initials || ' n' || n ||
  (ARRAY[' 万达 广场', ' 凤岭 岭北 北路 fengling lingbei beilu', ' 工业 业园 gongye yeyuan', ' 白沙'])[1 + n % 7 % 4],
  false, 1, now()
FROM generate_series(1, {STATIONS}) n
JOIN (SELECT *, '[[480, 1200]]'::jsonb AS w, row_number() OVER (ORDER BY code) AS place
  FROM division WHERE level = 'county') d
  ON d.place = 1 + n % (SELECT count(*) FROM division WHERE level = 'county')
"""
OFFER = """
INSERT INTO offering (id, station_id, region_code, service, minutes, capacity, notice_minutes, cutoff_minutes,
  confirm_minutes, horizon_days, general_days, auto_confirm, eligibility, bring, provider, active, created_at)
SELECT gen_random_uuid(), id, region_code, 'haircut', 30, 2, 30, 60, 30, 14, 3, true, 'everybody', '', '', true, now()
FROM station WHERE external_id LIKE '%7'
"""


INDEXES = ("station_position", "station_search", "station_facilities")


@pytest.fixture
async def country(database_server, template):
    """All the stations: filled once, copied for each test."""
    server = await asyncpg.connect(database_server)
    if not await server.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'country')"):
        await server.execute(f"CREATE DATABASE country TEMPLATE {template}")
        async with database(database_server.replace("/postgres?", "/country?")):
            await fill()
    await server.execute("CREATE DATABASE country_copy TEMPLATE country")
    async with database(database_server.replace("/postgres?", "/country_copy?")):
        yield
    await server.execute("DROP DATABASE country_copy WITH (FORCE)")
    await server.close()


async def fill():
    """Indexes are built over all rows, as after a restore: many times faster than row by row."""
    await load_divisions()
    kept = [await sql.value("SELECT pg_get_indexdef($1::regclass)", name) for name in INDEXES]
    await sql.run(f"DROP INDEX {', '.join(INDEXES)}")
    await sql.run(FILL)
    for definition in kept:
        await sql.run(definition)
    await sql.run(OFFER)
    await sql.run("ANALYZE")


async def plan_of(search):
    statement, values = statement_of(search, VISITOR)
    found = await sql.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    return json.loads(found)[0]["Plan"]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(plan):
    """Index scans of stations that ran: name of the index, how many rows it gave."""
    return {
        node["Index Name"]: node["Actual Rows"] * node["Actual Loops"]
        for node in nodes(plan)
        if "Index Name" in node and node["Actual Loops"]
    }


def scanned_all(plan):
    return any(
        n["Node Type"] == "Seq Scan" and n["Relation Name"] == "station" and n["Actual Loops"] for n in nodes(plan)
    )


@pytest.fixture
def ten_in_the_morning():
    with clock.travel(clock.at(clock.today(), 600) - clock.now()):
        yield


@pytest.mark.usefixtures("country", "ten_in_the_morning")
async def test_the_nearest_of_200_000_come_from_the_position_index():
    for search in (
        Search(NANNING),
        Search(NANNING, services=(ServiceKind.HAIRCUT,)),
        Search(NANNING, kinds=(StationKind.REST_STOP,), facilities=(Facility.HOT_WATER,)),
        Search(NANNING, open_now=True, facilities=(Facility.WIFI,)),
        Search(region=450000),
    ):
        plan = await plan_of(search)
        used = scans(plan)
        assert "station_position" in used, search
        assert used["station_position"] < 2_000, search
        assert not scanned_all(plan), search


@pytest.mark.usefixtures("country")
async def test_words_come_from_the_trigram_index():
    for text in ("n4711", "n199999", "fenglnig n77"):
        plan = await plan_of(Search(NANNING, text=text))
        assert "station_search" in scans(plan), text
        assert not scanned_all(plan), text


@pytest.mark.usefixtures("country")
async def test_the_order_is_that_of_the_great_circle():
    found = await find_nearby(Search(NANNING), VISITOR)
    metres = [distance_m(NANNING, hit.point) for hit in found.hits]
    assert metres == sorted(metres)
    every = await sql.rows("SELECT lat, lng FROM station WHERE region_code BETWEEN 450000 AND 459999")
    nearest = sorted(distance_m(NANNING, Point(row["lat"], row["lng"])) for row in every)[: len(metres)]
    assert metres == pytest.approx(nearest)


@pytest.mark.usefixtures("country")
async def test_pages_follow_each_other_without_gap_or_repeat():
    whole = await find_nearby(Search(NANNING, limit=60), VISITOR)
    read = []
    after = ""
    for _ in range(3):
        found = await find_nearby(Search(NANNING, after=after), VISITOR)
        read += [hit.id for hit in found.hits]
        after = found.more
    assert read == [hit.id for hit in whole.hits]


@pytest.fixture
def statements(monkeypatch):
    """Every statement that this process sends to PostgreSQL."""
    sent = []
    real = asyncpg.Connection._execute

    async def execute(self, query, *args, **kwargs):
        if not query.startswith("LISTEN"):  # live events have a connection of their own
            sent.append(query)
        return await real(self, query, *args, **kwargs)

    monkeypatch.setattr(asyncpg.Connection, "_execute", execute)
    return sent


async def test_a_page_of_results_asks_the_database_once_and_once_for_the_session(site, statements, make_person_session):
    for path in (
        "/stations?lat=22.8&lng=108.3",
        "/stations?region=450103&service=haircut&open=true",
        "/stations?q=%E5%87%A4%E5%B2%AD+%E7%90%86%E5%8F%91",
    ):
        statements.clear()
        assert (await site.open(path)).status_code == 200
        assert len(statements) == 1, path
    token = await make_person_session(await make_person())
    statements.clear()
    assert (await site.use_session(token).open("/stations?lat=22.8&lng=108.3")).status_code == 200
    assert len(statements) == 2
