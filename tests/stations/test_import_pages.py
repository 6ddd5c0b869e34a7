"""Officers import and export over HTTP."""

import csv
import io
import json

import pytest

from server.db import sql
from server.people import service as people
from server.people.models import Role
from server.stations.exporting import template_csv
from tests.fixtures.people import make_staff
from tests.fixtures.stations import make_station
from tests.stations.test_importing import GOOD, as_csv

FORM = "/officer/stations/import"


@pytest.fixture
async def officer_site(site):
    actor = await make_staff(Role.OFFICER, region_code=450000)
    return site.use_session(await people.open_session(staff_id=actor.id, device="test"))


async def send(site, content, name="站点.csv"):
    return await site.submit(FORM, files={"file": (name, content, "text/csv")})


async def test_an_officer_uploads_looks_and_applies(officer_site):
    page = await officer_site.open(FORM)
    assert page.status_code == 200
    assert "广西壮族自治区" in page.text
    sent = await send(officer_site, as_csv(GOOD, encoding="gb18030"))
    assert sent.status_code == 303
    look = await officer_site.open(sent.headers["location"])
    assert "凤岭驿站" in look.text
    assert "导入这些站点" in look.text
    done = await officer_site.submit(f"{sent.headers['location']}/apply")
    assert done.status_code == 303
    assert "已经导入" in (await officer_site.open(done.headers["location"])).text
    assert await sql.value("SELECT count(*) FROM station") == 1
    again = await officer_site.submit(f"{sent.headers['location']}/apply")
    assert again.status_code == 409


async def test_mistakes_are_shown_by_line_and_column(officer_site):
    sent = await send(officer_site, as_csv(GOOD | {"纬度": "<b>北</b>"}))
    look = await officer_site.open(sent.headers["location"])
    assert "第 2 行 · 纬度" in look.text
    assert "&lt;b&gt;北&lt;/b&gt;" in look.text
    assert "导入这些站点" not in look.text


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x00" * 100, b"x" * 5_000_000])
async def test_a_file_that_cannot_be_read_is_refused_on_the_form(officer_site, content):
    sent = await send(officer_site, content)
    assert sent.status_code == 422
    assert "这个文件打不开" in sent.text


async def test_a_form_without_a_file_is_refused(officer_site):
    assert (await officer_site.submit(FORM, {"file": ""})).status_code == 422
    assert (await officer_site.submit(FORM)).status_code == 422


async def test_others_are_kept_out(site, browser_of, make_person_session):
    paths = (FORM, "/officer/stations/template.csv", "/api/v1/stations.csv", "/api/v1/stations.geojson")
    for path in paths:
        assert (await site.open(path)).status_code in (303, 401)
    worker = browser_of().use_session(await make_person_session())
    auditor = await make_staff(Role.AUDITOR)
    other = browser_of().use_session(await people.open_session(staff_id=auditor.id, device="test"))
    for path in paths:
        assert (await worker.open(path)).status_code == 403
        assert (await other.open(path)).status_code == 403
    assert (await send(worker, as_csv(GOOD))).status_code == 403


async def test_an_upload_belongs_to_whoever_sent_it(officer_site, browser_of):
    sent = await send(officer_site, as_csv(GOOD))
    actor = await make_staff(Role.OFFICER, region_code=450000)
    other = browser_of().use_session(await people.open_session(staff_id=actor.id, device="test"))
    assert (await other.open(sent.headers["location"])).status_code == 404
    assert (await other.submit(f"{sent.headers['location']}/apply")).status_code == 404


async def test_the_template_downloads(officer_site):
    got = await officer_site.open("/officer/stations/template.csv")
    assert got.content == template_csv()
    assert "attachment" in got.headers["content-disposition"]


async def test_exports_stream_the_stations_of_ones_own_regions(officer_site):
    for number in range(1_100):
        await make_station(external_id=f"S{number:04d}", search_text="")
    await make_station(external_id="elsewhere", region_code=440104)
    got = await officer_site.open("/api/v1/stations.csv")
    rows = list(csv.DictReader(io.StringIO(got.content.decode("utf-8-sig"))))
    assert sorted(row["编号"] for row in rows) == [f"S{number:04d}" for number in range(1_100)]
    geo = json.loads((await officer_site.open("/api/v1/stations.geojson")).content)
    assert geo["type"] == "FeatureCollection"
    assert len(geo["features"]) == 1_100
    assert geo["features"][0]["geometry"] == {"type": "Point", "coordinates": [108.3665, 22.817]}
