"""Divisions: names, centres, what people call them."""

import pytest

from server.db import sql
from server.kit.geo import Point
from server.stations import queries
from server.stations.divisions import children, choose_place, find_place, places, spoken_places
from server.stations.naming import initials, pinyin, short_name
from server.stations.service import load_divisions


def test_all_divisions_are_known_with_their_place_in_the_tree():
    assert len(places()) > 3_400
    qingxiu = find_place(450103)
    assert qingxiu.full_name == "广西壮族自治区南宁市青秀区"
    assert qingxiu.chain == ("广西", "南宁", "青秀")
    assert find_place(110101).full_name == "北京市东城区"
    assert find_place(999999) is None
    assert [place.short for place in children(None)[:2]] == ["广西", "广东"]
    assert len([place for city in children(450000) for place in children(city.code)]) == 111
    assert children(441900) == []


def test_every_centre_is_in_wgs84_and_near_its_parent():
    # The fountain of Nanning's 朝阳广场 stands at about 22.816 N, 108.318 E by GPS; the city's centre near it.
    assert find_place(450100).centre == pytest.approx((22.8167, 108.3610), abs=0.06)
    assert all(3 < place.centre.lat < 54 and 73 < place.centre.lng < 136 for place in places().values())
    pingguo, baise = find_place(451082), find_place(451000)
    assert pingguo.centre != baise.centre


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("广西壮族自治区", "广西"),
        ("内蒙古自治区", "内蒙古"),
        ("融水苗族自治县", "融水"),
        ("积石山保安族东乡族撒拉族自治县", "积石山"),
        ("龙胜各族自治县", "龙胜"),
        ("青秀区", "青秀"),
        ("忠县", "忠县"),
        ("香港特别行政区", "香港"),
        ("神农架林区", "神农架"),
    ],
)
def test_people_use_short_names(name, short):
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("name", "sound", "letters"),
    [("重庆", "chongqing", "cq"), ("番禺", "panyu", "py"), ("百色", "baise", "bs"), ("长洲", "changzhou", "cz"),
     ("龙圩", "longxu", "lx"), ("覃塘", "qintang", "qt"), ("广西", "guangxi", "gx")],
)  # fmt: skip
def test_names_are_read_as_their_people_read_them(name, sound, letters):
    assert pinyin(name) == sound
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("text", "codes", "rest"),
    [
        ("南宁", [450100], ""),
        ("南宁市青秀区万达", [450103], "万达"),
        ("广西南宁", [450100], ""),
        ("北京", [110000], ""),
        ("东莞长安", [441900], "长安"),
        ("万达广场", [], "万达广场"),
        ("", [], ""),
    ],
)
def test_a_text_begins_with_a_division(text, codes, rest):
    named, left = spoken_places(text)
    assert [place.code for place in named] == codes
    assert left == rest


def test_of_several_the_nearest_is_meant_else_the_highest():
    drum_towers, _ = spoken_places("鼓楼")
    assert len(drum_towers) == 4
    assert choose_place(drum_towers, None) is None
    assert choose_place(drum_towers, Point(26.08, 119.30)).code == 350102
    assert choose_place(spoken_places("中山")[0], None).code == 442000


@pytest.mark.usefixtures("db")
async def test_loading_twice_changes_nothing():
    await load_divisions()
    first = await sql.rows("SELECT *, xmin FROM division ORDER BY code")
    await load_divisions()
    assert await sql.rows("SELECT *, xmin FROM division ORDER BY code") == first
    assert len(first) == len(places())


@pytest.mark.usefixtures("db")
async def test_divisions_are_found_by_name_pinyin_and_initials_below_a_parent():
    await load_divisions()
    for text in ("青秀", "qingxiu", "nnqx", "ＱＩＮＧＸＩＵ"):
        found = await queries.find_divisions(parent=450000, text=text, limit=10)
        assert found[0].code == 450103, text
    assert [d.code for d in await queries.find_divisions(parent=441900, text="", limit=10)] == []
    assert len(await queries.find_divisions(parent=450100, text="", limit=100)) == len(children(450100))
    assert await queries.find_divisions(parent=None, text="%", limit=10) == []
