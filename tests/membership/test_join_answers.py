"""The questions of an application over HTTP: every kind of document, every way to say a place, every mistake."""

from datetime import timedelta

import pytest
from stdnum.cn import ric

from server.kit import clock
from server.membership.models import UnionKind
from server.stations.naming import search_words
from tests.fixtures.joining import application_of, field_of, place_after
from tests.fixtures.membership import make_id_card, make_union
from tests.fixtures.stations import QINGXIU


@pytest.fixture
async def begun(phone):
    await phone.submit("/join")
    return phone


def id_card_of(born):
    body = f"450103{born:%Y%m%d}103"
    return body + ric.calc_check_digit(f"{body}0")


def years_ago(years):
    return clock.today().replace(year=clock.today().year - years)  # 16 years before a leap day lies another one


class TestWho:
    @pytest.mark.parametrize(
        "typed",
        [
            lambda number: number,
            lambda number: f" {number[:6]} {number[6:14]} {number[14:]} ",
            lambda number: number.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")),
            lambda number: number.lower(),
            lambda number: f"{number[:6]}-{number[6:]}",
        ],
    )
    async def test_a_number_is_read_however_it_is_typed(self, begun, applicant, typed):
        number = "45010319900101018X"
        done = await begun.submit("/join/identity", {"name": "韦 秀 英", "number": typed(number)})
        assert place_after(done) == "/join/work"
        made = (await application_of(applicant)).document_index
        await begun.submit("/join/identity", {"name": "韦秀英", "number": number})
        assert (await application_of(applicant)).document_index == made

    @pytest.mark.parametrize(
        ("number", "said"),
        [
            ("450103199001010031", "身份证号不对"),
            ("45010319900101", "身份证号不对"),
            ("450103901301003", "身份证号不对"),
            ("", "请填证件号"),
        ],
    )
    async def test_a_wrong_number_is_said_at_its_field_and_stays_typed(self, begun, number, said):
        answer = await begun.submit("/join/identity", {"name": "韦秀英", "number": number})
        assert answer.status_code == 422
        assert said in answer.text
        assert 'href="#number"' in answer.text
        assert field_of(answer, "number") == number

    async def test_who_turns_16_today_joins_and_who_does_tomorrow_does_not(self, begun):
        for born, status in ((years_ago(16), 303), (years_ago(16) + timedelta(days=1), 422)):
            answer = await begun.submit("/join/identity", {"name": "韦秀英", "number": id_card_of(born)})
            assert answer.status_code == status
        assert "年满 16 岁才能入会" in answer.text

    async def test_all_mistakes_are_said_at_once(self, begun):
        answer = await begun.submit("/join/identity", {"name": "韦3", "number": "1"})
        assert 'href="#name"' in answer.text
        assert 'href="#number"' in answer.text
        empty = await begun.submit("/join/identity", {})
        assert "请填姓名" in empty.text
        assert "请填证件号" in empty.text

    async def test_the_number_is_not_shown_again_and_not_asked_again(self, begun, applicant):
        number = make_id_card()
        await begun.submit("/join/identity", {"name": "韦秀英", "number": number})
        before = (await application_of(applicant)).document_index
        again = await begun.open("/join/identity")
        assert number not in again.text
        assert "不改就空着" in again.text
        assert place_after(await begun.submit("/join/identity", {"name": "韦秀芳", "number": ""})) == "/join/work"
        assert (await application_of(applicant)).document_index == before

    async def test_another_document_asks_which_then_what_it_does_not_say_itself(self, begun):
        which = await begun.open("/join/identity?document=other")
        for kind in ("home_return_permit", "taiwan_permit", "residence_permit", "passport"):
            assert f"?document={kind}" in which.text
        assert 'name="birth"' in (await begun.open("/join/identity?document=passport")).text
        assert 'name="birth"' not in (await begun.open("/join/identity?document=residence_permit")).text
        assert 'name="birth"' not in (await begun.open("/join/identity")).text

    @pytest.mark.parametrize(
        "given",
        [
            {"document": "passport", "number": "c1234567", "name": "Nguyễn Thị Hoa"},
            {"document": "home_return_permit", "number": "H12345678", "name": "陈大文"},
            {"document": "taiwan_permit", "number": "12345678", "name": "林美玲"},
        ],
    )
    async def test_people_from_elsewhere_join_too(self, begun, given):
        done = await begun.submit("/join/identity", given | {"birth": "1990-01-05", "sex": "female"})
        assert place_after(done) == "/join/work"
        await begun.submit("/join/work", {"place": "南宁青秀区"})
        check = await begun.open("/join/check")
        assert "1990 年 1 月 5 日生" in check.text
        assert given["number"].upper() not in check.text

    async def test_a_residence_permit_says_birth_and_sex_itself(self, begun):
        done = await begun.submit(
            "/join/identity", {"document": "residence_permit", "number": "810000199408230021", "name": "陈大文"}
        )
        assert place_after(done) == "/join/work"

    async def test_a_passport_says_neither_birth_nor_sex(self, begun):
        given = {"document": "passport", "number": "C1234567", "name": "Nguyễn Thị Hoa"}
        assert 'href="#birth"' in (await begun.submit("/join/identity", given)).text
        answer = await begun.submit("/join/identity", given | {"birth": "1990-01-05"})
        assert answer.status_code == 422
        assert 'href="#sex"' in answer.text

    async def test_changing_the_document_asks_for_its_number(self, begun):
        await begun.submit("/join/identity", {"name": "韦秀英", "number": make_id_card()})
        given = {"document": "passport", "number": "", "name": "韦秀英", "birth": "1990-01-05", "sex": "male"}
        answer = await begun.submit("/join/identity", given)
        assert answer.status_code == 422
        assert "请填证件号" in answer.text


class TestWhere:
    @pytest.fixture
    async def known(self, begun):
        await begun.submit("/join/identity", {"name": "韦秀英", "number": make_id_card()})
        return begun

    async def test_a_place_is_typed_and_the_nearest_union_proposed(self, known, applicant, street):
        done = await known.submit("/join/work", {"place": "南宁 青秀区", "employer": "三队"})
        assert place_after(done) == "/join/check"
        made = await application_of(applicant)
        assert (made.region_code, made.employer, made.union_id) == (QINGXIU, "三队", street.id)

    async def test_a_name_of_several_places_offers_them_to_be_tapped(self, known, applicant):
        answer = await known.submit("/join/work", {"place": "鼓楼区", "employer": "三队"})
        assert answer.status_code == 422
        assert ">南京鼓楼</button>" in answer.text
        assert field_of(answer, "employer") == "三队"
        await known.submit("/join/work", {"place": "鼓楼区", "employer": "三队", "region": "320106"})
        made = await application_of(applicant)
        assert (made.region_code, made.employer) == (320106, "三队")

    @pytest.mark.parametrize(("place", "offered"), [("广西", "南宁"), ("北京", "朝阳")])
    async def test_a_whole_province_offers_what_is_in_it(self, known, place, offered):
        answer = await known.submit("/join/work", {"place": place})
        assert answer.status_code == 422
        assert f">{offered}</button>" in answer.text

    @pytest.mark.parametrize("place", ["", "火星", "<b>"])
    async def test_a_place_that_nobody_knows_is_said(self, known, place):
        answer = await known.submit("/join/work", {"place": place})
        assert answer.status_code == 422
        assert 'href="#place"' in answer.text
        assert "<b>" not in answer.text

    async def test_tapped_from_province_to_district_and_the_employer_is_kept(self, known, applicant):
        done = await known.submit("/join/work", {"employer": "三队", "pick": "true"})
        assert place_after(done) == "/join/place"
        assert "/join/place/450000" in (await known.open("/join/place")).text
        assert "/join/place/450100" in (await known.open("/join/place/450000")).text
        assert f'value="{QINGXIU}"' in (await known.open("/join/place/450100")).text
        assert place_after(await known.submit("/join/place", {"region": str(QINGXIU)})) == "/join/check"
        made = await application_of(applicant)
        assert (made.region_code, made.employer) == (QINGXIU, "三队")

    async def test_in_a_city_without_districts_the_city_answers(self, known):
        assert 'value="441900"' in (await known.open("/join/place/440000")).text

    @pytest.mark.parametrize("region", ["", "450000", "999999", "x"])
    async def test_a_place_that_is_none_cannot_be_tapped(self, known, region):
        assert (await known.submit("/join/place", {"region": region})).status_code == 404
        assert (await known.open("/join/place/999999")).status_code == 404

    async def test_the_position_brings_the_places_around_and_is_not_kept(self, known, applicant):
        page = await known.open("/join/work?lat=22.8170&lng=113.8030&datum=wgs84")
        for name in ("深圳宝安", "广东东莞"):
            assert f"<span>{name}</span>" in page.text
        assert (await application_of(applicant)).region_code is None
        await known.submit("/join/work", {"employer": "三队", "region": "441900"})
        assert (await application_of(applicant)).region_code == 441900

    @pytest.mark.parametrize("query", ["lat=0&lng=0", "lat=22.8", "lat=x&lng=y", "lat=200&lng=108"])
    async def test_a_position_that_is_none_is_no_dead_end(self, known, query):
        page = await known.open(f"/join/work?{query}")
        assert page.status_code in (200, 422)
        assert field_of(page, "place") == ""

    async def test_another_union_is_searched_and_chosen_and_the_last_look_comes_back(self, known, applicant):
        other = await make_union(
            name="长安电子厂工会",
            kind=UnionKind.EMPLOYER,
            region_code=441900,
            search_text=search_words("长安电子厂工会"),
        )
        await known.submit("/join/work", {"place": "南宁青秀区"})
        assert "凤岭街道联合工会" in (await known.open("/join/union")).text
        assert other.name in (await known.open("/join/union?q=长安电子")).text
        assert "没有找到" in (await known.open("/join/union?q=没有这个")).text
        assert place_after(await known.submit("/join/union", {"union": str(other.id)})) == "/join/check"
        assert (await application_of(applicant)).union_id == other.id

    async def test_where_there_is_no_union_one_is_asked_for(self, known):
        done = await known.submit("/join/work", {"place": "湖南长沙芙蓉区"})
        assert place_after(done) == "/join/union"
        assert "12351" in (await known.open("/join/union")).text
