"""Importing stations: every mistake named at its cell, all or nothing, the same file twice changes nothing."""

import csv
import io
import zipfile
from datetime import date, datetime

import pytest

from server.bookings.station_changes import follow_openings
from server.db import sql
from server.errors import Forbidden
from server.kit.geo import Point, to_datum
from server.kit.ids import new_id
from server.people.actors import Actor, GrantHeld
from server.people.models import Role
from server.stations import exporting, importing
from server.stations.changes import when_opening_changes
from server.stations.errors import (
    FileTooLarge,
    FileUnreadable,
    ImportApplied,
    ImportHasErrors,
    ImportNotFound,
)
from server.stations.models import Station
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station
from tests.fixtures.tables import csv_of, xlsx_of

pytestmark = pytest.mark.usefixtures("db", "settings")
HEADER = (
    "编号", "名称", "类型", "地区", "纬度", "经度", "坐标系", "开门时间", "地址", "地标", "电话", "设施",
    "无人值守", "开放起", "开放止", "上级编号", "停用",
)  # fmt: skip
GOOD = {
    "编号": "A-1", "名称": "凤岭驿站", "类型": "工会驿站", "地区": "450103", "纬度": "22.8170", "经度": "108.3665",
    "坐标系": "WGS-84", "开门时间": "每天 8:00-20:00", "设施": "热水、充电",
}  # fmt: skip


def officer(*regions, role=Role.OFFICER):
    return Actor("staff", new_id(), grants=tuple(GrantHeld(role, region_code=code) for code in regions))


GUANGXI = officer(450000)


def as_csv(*rows, encoding="utf-8", header=HEADER, delimiter=","):
    return csv_of(header, rows, encoding=encoding, by=delimiter)


def as_xlsx(*rows):
    return xlsx_of(HEADER, rows)


async def look_at(content, actor=GUANGXI):
    made = await importing.upload(actor=actor, file_name="站点.csv", content=content)
    return made, (await importing.find_import(actor=actor, import_id=made)).look


async def bring_in(content, actor=GUANGXI):
    made, _ = await look_at(content, actor)
    return await importing.apply_import(actor=actor, import_id=made)


async def test_looking_writes_nothing_and_applying_writes_all():
    made, look = await look_at(as_csv(GOOD, GOOD | {"编号": "A-2", "名称": "第二站"}))
    assert (look.rows, look.new, look.changed, look.unchanged, look.error_count) == (2, 2, 0, 0, 0)
    assert look.first[0]["name"] == "凤岭驿站"
    assert await Station.all().count() == 0
    await importing.apply_import(actor=GUANGXI, import_id=made)
    station = await Station.get(external_id="A-1")
    assert (station.name, station.region_code, station.facilities) == ("凤岭驿站", 450103, ["charging", "hot_water"])
    assert station.hours == [[[480, 1200]]] * 8
    assert (station.lat, station.lng) == (22.8170, 108.3665)
    assert await sql.value("SELECT count(*) FROM audit_entry WHERE action = 'stations.imported'") == 1
    with pytest.raises(ImportApplied):
        await importing.apply_import(actor=GUANGXI, import_id=made)


async def test_the_same_file_twice_changes_nothing_and_a_change_changes_one():
    await bring_in(as_csv(GOOD, GOOD | {"编号": "A-2"}))
    before = await sql.rows("SELECT id, version, updated_at FROM station ORDER BY external_id")
    again = await bring_in(as_csv(GOOD, GOOD | {"编号": "A-2"}))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert await sql.rows("SELECT id, version, updated_at FROM station ORDER BY external_id") == before
    look = await bring_in(as_csv(GOOD, GOOD | {"编号": "A-2", "名称": "改了名"}))
    assert (look.new, look.changed, look.unchanged) == (0, 1, 1)
    changed = await Station.get(external_id="A-2")
    assert (changed.id, changed.name, changed.version) == (before[1]["id"], "改了名", 2)
    assert " 改了 了名" in changed.search_text


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("编号", "", "要填"),
        ("编号", "有空格 的", "编号用字母"),
        ("编号", "x" * 65, "编号用字母"),
        ("名称", "", "要填"),
        ("名称", "长" * 81, "最多 80"),
        ("类型", "小卖部", "小卖部"),
        ("地区", "999999", "999999"),
        ("地区", "鼓楼区", "鼓楼区"),
        ("地区", "440104", "不归您管"),
        ("纬度", "北纬", "北纬"),
        ("经度", "", "要填"),
        ("坐标系", "", "要填"),
        ("坐标系", "北京54", "北京54"),
        ("开门时间", "看情况", "看情况"),
        ("电话", "打给老王", "电话只能"),
        ("设施", "热水、游泳池", "游泳池"),
        ("无人值守", "也许", "也许"),
        ("开放起", "春节前", "春节前"),
        ("开放起", "2027-02-30", "2027-02-30"),
        ("上级编号", "没有这个", "编号用字母"),
    ],
)
async def test_a_mistake_is_named_at_its_line_and_cell(cell, value, said):
    _, look = await look_at(as_csv(GOOD, GOOD | {"编号": "A-2", cell: value}))
    assert [(m.line, m.column) for m in look.errors] == [(3, cell)]
    assert said in look.errors[0].message % look.errors[0].params


@pytest.mark.parametrize(
    ("more", "cell"),
    [
        ({"纬度": "108.3665", "经度": "22.8170"}, "纬度"),
        ({"纬度": "0", "经度": "0"}, "纬度"),
        ({"纬度": "nan"}, "纬度"),
        ({"纬度": "45.8", "经度": "126.5"}, "纬度"),
        ({"开放起": "2027-02-20", "开放止": "2027-02-10"}, "开放止"),
        ({"上级编号": "NOBODY"}, "上级编号"),
        ({"上级编号": "A-1"}, "上级编号"),
    ],
)
async def test_cells_that_contradict_each_other_are_named(more, cell):
    _, look = await look_at(as_csv(GOOD | more))
    assert [(m.line, m.column) for m in look.errors] == [(2, cell)]


async def test_all_mistakes_are_told_at_once_and_nothing_is_written():
    rows = [GOOD, GOOD | {"编号": "B", "类型": "？", "纬度": "？", "坐标系": "？"}, GOOD | {"名称": ""}, GOOD]
    made, look = await look_at(as_csv(*rows))
    assert [(m.line, m.column) for m in look.errors] == [
        (3, "类型"), (3, "纬度"), (3, "坐标系"), (4, "编号"), (4, "名称"), (5, "编号"),
    ]  # fmt: skip
    with pytest.raises(ImportHasErrors):
        await importing.apply_import(actor=GUANGXI, import_id=made)
    assert await Station.all().count() == 0


async def test_thousands_of_mistakes_are_counted_but_not_all_kept():
    _, look = await look_at(as_csv(*({"编号": f"A{n}"} for n in range(200))))
    assert look.error_count == 200 * 7
    assert len(look.errors) == 500


async def test_parents_may_stand_in_the_file_or_in_the_table():
    await bring_in(as_csv(GOOD | {"编号": "HUB", "类型": "服务总站"}))
    await bring_in(as_csv(GOOD | {"编号": "B", "上级编号": "A"}, GOOD | {"编号": "A", "上级编号": "HUB"}))
    found = await sql.rows(
        "SELECT s.external_id, p.external_id AS parent FROM station s JOIN station p ON p.id = s.parent_id ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [("A", "HUB"), ("B", "A")]
    await bring_in(as_csv(GOOD | {"编号": "A"}))
    assert await sql.value("SELECT parent_id FROM station WHERE external_id = 'A'") is None


async def test_a_station_is_retired_and_brought_back():
    await bring_in(as_csv(GOOD | {"停用": "是"}))
    assert (await Station.get(external_id="A-1")).retired_at is not None
    await bring_in(as_csv(GOOD | {"停用": "否"}))
    assert (await Station.get(external_id="A-1")).retired_at is None


async def test_another_regions_station_cannot_be_taken_over():
    await make_station(external_id="A-1", region_code=440104, at=(23.12, 113.27))
    _, look = await look_at(as_csv(GOOD))
    assert [(m.line, m.column) for m in look.errors] == [(2, "编号")]
    _, look = await look_at(as_csv(GOOD), officer(450000, 440000))
    assert look.error_count == 0


async def test_only_officers_import_and_only_their_own_uploads():
    for actor in (officer(450000, role=Role.AUDITOR), Actor(), Actor("staff", new_id())):
        with pytest.raises(Forbidden):
            await importing.upload(actor=actor, file_name="x.csv", content=as_csv(GOOD))
    made, _ = await look_at(as_csv(GOOD))
    with pytest.raises(ImportNotFound):
        await importing.apply_import(actor=officer(450000), import_id=made)
    with pytest.raises(ImportNotFound):
        await importing.find_import(actor=officer(450000), import_id=made)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_encodings_that_spreadsheets_write_are_read(encoding):
    await bring_in(as_csv(GOOD, encoding=encoding))
    assert (await Station.get(external_id="A-1")).name == "凤岭驿站"


@pytest.mark.parametrize("delimiter", [";", "\t"])
async def test_other_delimiters_are_read(delimiter):
    assert (await bring_in(as_csv(GOOD, delimiter=delimiter))).new == 1


async def test_english_headers_any_order_and_unknown_columns_are_read():
    header = ("name", "备注", "external_id", "kind", "region_code", "longitude", "latitude", "datum", "hours")
    row = {"name": "站", "external_id": "E1", "kind": "rest_stop", "region_code": "广西南宁市青秀区", "hours": "全天",
           "longitude": "１０８.３６６５", "latitude": "22.8170", "datum": "gps", "备注": "没用"}  # fmt: skip
    await bring_in(as_csv(row, header=header))
    assert (await Station.get(external_id="E1")).region_code == 450103


@pytest.mark.parametrize(("said", "datum"), [("GCJ-02", "gcj02"), ("高德", "gcj02"), ("百度", "bd09")])
async def test_coordinates_are_converted(said, datum):
    lat, lng = to_datum(Point(22.8170, 108.3665), datum)
    await bring_in(as_csv(GOOD | {"纬度": str(lat), "经度": str(lng), "坐标系": said}))
    station = await Station.get(external_id="A-1")
    assert (station.lat, station.lng) == pytest.approx((22.8170, 108.3665), abs=1e-5)


async def test_a_spreadsheet_with_numbers_dates_and_booleans_is_read():
    row = GOOD | {"地区": 450103, "纬度": 22.817, "经度": 108.3665, "无人值守": True, "电话": 12351,
                  "开放起": datetime(2027, 1, 18), "开放止": date(2027, 2, 28), "开门时间": "全天"}  # fmt: skip  # noqa: DTZ001
    await bring_in(as_xlsx(row))
    station = await Station.get(external_id="A-1")
    assert (station.season_from, station.season_until) == (date(2027, 1, 18), date(2027, 2, 28))
    assert station.unattended
    assert station.phone == "12351"


async def test_blank_lines_are_no_lines():
    look = await bring_in(as_csv({}, GOOD, {}, {}))
    assert (look.rows, look.new) == (1, 1)


def repacked(content, name, change):
    """The same spreadsheet with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry.filename)
            new.writestr(entry.filename, change(data) if entry.filename == name else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"just some text",
        b"\xff\xfe\x00",
        b"\x80\x81\xff" * 50,
        b"%PDF-1.7 ...",
        b"PK\x03\x04 not a zip",
        as_csv(GOOD, header=("一", "二", "三")),
        as_xlsx(GOOD)[:-200],
        repacked(as_xlsx(GOOD), SHEET, lambda xml: xml[: len(xml) // 2]),
    ],
)
async def test_what_is_no_table_of_stations_is_refused(content):
    with pytest.raises(FileUnreadable):
        await importing.upload(actor=GUANGXI, file_name="x", content=content)


@pytest.mark.parametrize(
    "content",
    [
        "编号,名称\n".encode() + b"A,B\n" * 300_001,
        b"x" * 64_000_001,
        repacked(as_xlsx(GOOD), SHEET, lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"')),
        repacked(as_xlsx(GOOD), SHEET, lambda xml: xml + b" " * 701_000_000),
    ],
    ids=["lines", "bytes", "far corner", "unpacked"],
)
async def test_a_file_that_is_too_large_is_refused_before_it_is_held_in_memory(content):
    with pytest.raises(FileTooLarge):
        await importing.upload(actor=GUANGXI, file_name="x", content=content)


async def test_slots_follow_hours_that_an_import_changes():
    when_opening_changes(follow_openings)
    station = await make_station(external_id="A-1", at=(22.8170, 108.3665))
    offering = await make_offering(station, minutes=60)
    free = await make_slot(offering)
    held = await make_slot(offering, free.starts_at.replace(minute=(free.starts_at.minute + 1) % 60), taken=1)
    person = await make_person()
    await sql.run(
        """INSERT INTO booking (id, code, slot_id, offering_id, station_id, region_code, person_id, service, starts_at,
          ends_at, status, reason, changed_at, created_at, request_key)
        SELECT $1, 'ABC123', id, offering_id, station_id, region_code, $2, 'haircut', starts_at, ends_at, 'confirmed',
          '', now(), now(), 'k' FROM slot WHERE id = $3""",
        new_id(),
        person.id,
        held.id,
    )
    await bring_in(as_csv(GOOD | {"开门时间": "每天 休息"}))
    assert await sql.value("SELECT count(*) FROM slot WHERE id = $1", free.id) == 0
    assert await sql.value("SELECT closed FROM slot WHERE id = $1", held.id)
    assert await sql.value("SELECT count(*) FROM notice WHERE kind = 'booking_affected'") == 1


async def test_an_export_reads_back_as_unchanged_and_runs_no_formula(tmp_path):
    await bring_in(
        as_csv(
            GOOD
            | {
                "名称": "=HYPERLINK(1)",
                "地址": "+86 号",
                "地标": "@here",
                "电话": "-12351",
                "开门时间": "周一 9:00-10:00",
            },
            GOOD | {"编号": "A-2", "停用": "是", "上级编号": "A-1", "开放起": "2027-01-18", "开放止": "2027-02-28"},
        )
    )
    await make_station(external_id="GD", region_code=440104, at=(23.12, 113.27))
    out = b"".join([chunk async for chunk in exporting.stations_csv([450000])])
    assert "GD" not in out.decode()
    cells = [cell for line in csv.reader(io.StringIO(out.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    look = await bring_in(out)
    assert (look.new, look.changed, look.unchanged) == (0, 0, 2)
    (tmp_path / "stations.csv").write_bytes(out)
    assert (await importing.import_file(tmp_path / "stations.csv")).unchanged == 2


async def test_the_template_can_be_imported():
    look = await bring_in(exporting.template_csv())
    assert (look.new, look.error_count) == (1, 0)
