"""Joining over HTTP: by poster and without, on one phone and another, with every kind of document and mistake."""

import asyncio
import html
import re
from datetime import timedelta

import pytest
from stdnum.cn import ric

from server.db import sql
from server.kit import clock
from server.membership import applying, reviewing
from server.membership.models import ApplicationState, UnionKind
from server.people import service as people
from server.stations.naming import search_words
from tests.fixtures.joining import application_of, make_draft, make_reviewer, make_waiting
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import QINGXIU

PHONE = "13800138000"
CHANGSHA_COUNTY = 430102


@pytest.fixture
async def union(app):
    assert app
    return await make_union(code="AB0D1F2H", search_text=search_words("凤岭街道联合工会"))


@pytest.fixture
async def site_union(union):
    return await make_union(name="凤岭工地工会", kind=UnionKind.SITE, code="S1TEC0DE", parent=union)


@pytest.fixture
async def worker(app):
    assert app
    return await make_person()


@pytest.fixture
async def phone(site, worker):
    """The browser of a worker who is signed in."""
    return site.use_session(await people.open_session(person_id=worker.id, device="test"))


async def sign_in(site, start="/join", number=PHONE, **carried):
    """Phone and code on the first page, as a new worker does."""
    sent = await site.submit(f"{start}/code", {"phone": number, **carried})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    return await site.submit(start, {"phone": number, "code": code, **carried})


def field_of(page, name):
    """What stands in a field of a page."""
    return html.unescape(re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text)[1])


def id_card_of(born):
    body = f"450103{born:%Y%m%d}103"
    return body + ric.calc_check_digit(f"{body}0")


def years_ago(years):
    return clock.today().replace(year=clock.today().year - years)  # 16 years before a leap day lies another one


def version_in(page):
    return field_of(page, "version")


async def agree_and_send(site, **ticked):
    page = await site.open("/join/check")
    return await site.submit("/join/check", {"version": version_in(page), "sensitive": "true", **ticked})


def place_after(answer):
    assert answer.status_code == 303, answer.text[-2000:]
    return answer.headers["location"]


class TestByPoster:
    async def test_a_new_worker_answers_who_he_is_and_sends(self, site_union, site):
        assert place_after(await site.open("/j/s1te-c0de")) == "/join?union=S1TEC0DE"
        start = await site.open("/join?union=S1TEC0DE")
        assert site_union.name in start.text
        assert "第 1 步，共 3 步" in start.text
        assert place_after(await sign_in(site, union="S1TEC0DE")) == "/join/identity"
        number = make_id_card()
        done = await site.submit("/join/identity", {"name": "韦秀英", "number": number})
        assert place_after(done) == "/join/check"
        check = await site.open("/join/check")
        for said in ("韦秀英", site_union.name, "籍贯：广西壮族自治区南宁市青秀区", f"{int(number[6:10])} 年"):
            assert said in check.text
        assert number not in check.text
        assert place_after(await agree_and_send(site)) == "/membership?sent=1"
        assert "一般 5 天内有结果" in (await site.open("/membership?sent=1")).text

    @pytest.mark.parametrize("code", ["NOBODY00", "%3Cb%3E", "x" * 300])
    async def test_an_unknown_code_is_said_and_joining_goes_on(self, site, code):
        assert place_after(await site.open(f"/j/{code}")) == "/join?unknown=1"
        page = await site.open("/join?unknown=1")
        assert page.status_code == 200
        assert "没认出这个码" in page.text
        assert "手机号" in page.text

    async def test_a_closed_unions_poster_is_an_unknown_one(self, union, site):
        await sql.run("UPDATE trade_union SET closed_at = now() WHERE id = $1", union.id)
        assert place_after(await site.open("/j/AB0D1F2H")) == "/join?unknown=1"

    async def test_a_federations_poster_leads_to_joining_without_a_union(self, site):
        federation = await make_union(name="南宁市总工会", kind=UnionKind.FEDERATION, code="FEDERAT0")
        assert place_after(await site.open("/j/FEDERAT0")) == "/join?union=FEDERAT0"
        assert federation.name not in (await site.open("/join?union=FEDERAT0")).text

    async def test_a_draft_is_asked_before_its_union_changes(self, union, site_union, worker, phone):
        assert union
        await make_draft(worker)
        page = await phone.open("/join?union=S1TEC0DE")
        assert "只把工会换成这个" in page.text
        assert (await application_of(worker)).union_id == union.id
        assert place_after(await phone.submit("/join", {"union": "S1TEC0DE"})) == "/join/check"
        assert (await application_of(worker)).union_id == site_union.id
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == "/join/check"

    async def test_while_an_application_waits_a_poster_changes_nothing_and_says_so(
        self, union, site_union, worker, phone
    ):
        await make_waiting(worker)
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == "/membership?scanned=1"
        assert "不用再扫" in (await phone.open("/membership?scanned=1")).text
        assert place_after(await phone.submit("/join", {"union": "S1TEC0DE"})) == "/membership?scanned=1"
        assert (await application_of(worker)).union_id == union.id != site_union.id

    async def test_a_member_comes_to_the_card_and_at_another_unions_poster_to_the_transfer(
        self, union, site_union, worker, phone
    ):
        await make_member(union=union, person=worker)
        await sql.run("UPDATE person SET is_member = true WHERE id = $1", worker.id)
        for own in ("/join", "/join?union=AB0D1F2H", "/join?unknown=1"):
            assert place_after(await phone.open(own)) == "/card"
        moving = f"/membership/transfer?union={site_union.id}"
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == moving
        assert (await phone.open(moving)).status_code == 200

    async def test_staff_see_the_page_as_visitors_do(self, union, site):
        assert union
        staff = await make_staff()
        site.use_session(await people.open_session(staff_id=staff.id, device="test"))
        assert "手机号" in (await site.open("/join?union=AB0D1F2H")).text


class TestByPage:
    async def test_whoever_is_signed_in_gives_no_phone_and_his_name_is_there(self, worker, phone):
        await people.set_name(worker, "韦秀英")
        start = await phone.open("/join")
        assert 'name="phone"' not in start.text
        assert place_after(await phone.submit("/join")) == "/join/identity"
        assert field_of(await phone.open("/join/identity"), "name") == "韦秀英"

    async def test_looking_at_the_first_page_begins_nothing(self, worker, phone):
        await phone.open("/join")
        assert not await sql.value("SELECT count(*) FROM application WHERE person_id = $1", worker.id)

    async def test_a_stations_page_presets_its_district(self, union, worker, phone):
        assert place_after(await phone.submit("/join", {"place": str(QINGXIU)})) == "/join/identity"
        made = await application_of(worker)
        assert (made.region_code, made.union_id) == (QINGXIU, union.id)

    @pytest.mark.parametrize("place", ["450000", "999999", "x", "-1", "４５０１０３"])
    async def test_a_place_that_says_nothing_presets_nothing(self, union, worker, phone, place):
        assert union
        assert place_after(await phone.submit("/join", {"place": place})) == "/join/identity"
        assert (await application_of(worker)).region_code is None

    async def test_on_another_phone_it_goes_on_where_it_stopped(self, worker, phone, browser_of):
        await phone.submit("/join")
        await phone.submit("/join/identity", {"name": "韦秀英", "number": make_id_card()})
        other = browser_of().use_session(await people.open_session(person_id=worker.id, device="other"))
        assert place_after(await other.open("/join")) == "/join/work"
        again = await other.open("/join/identity")
        assert field_of(again, "name") == "韦秀英"

    async def test_without_an_application_the_questions_lead_back_to_the_start(self, phone):
        assert place_after(await phone.open("/join/check")) == "/join"
        assert place_after(await phone.open("/membership")) == "/join"

    async def test_a_wrong_code_is_said_and_the_poster_is_not_forgotten(self, union, site):
        assert union
        await site.submit("/join/code", {"phone": PHONE, "union": "AB0D1F2H"})
        wrong = await site.submit("/join", {"phone": PHONE, "code": "000000", "union": "AB0D1F2H"})
        assert wrong.status_code == 422
        assert field_of(wrong, "union") == "AB0D1F2H"


@pytest.fixture
async def begun(union, phone):
    assert union
    await phone.submit("/join")
    return phone


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
    async def test_a_number_is_read_however_it_is_typed(self, begun, worker, typed):
        number = "45010319900101018X"
        done = await begun.submit("/join/identity", {"name": "韦 秀 英", "number": typed(number)})
        assert place_after(done) == "/join/work"
        made = (await application_of(worker)).document_index
        await begun.submit("/join/identity", {"name": "韦秀英", "number": number})
        assert (await application_of(worker)).document_index == made

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

    async def test_the_number_is_not_shown_again_and_not_asked_again(self, begun, worker):
        number = make_id_card()
        await begun.submit("/join/identity", {"name": "韦秀英", "number": number})
        before = (await application_of(worker)).document_index
        again = await begun.open("/join/identity")
        assert number not in again.text
        assert "不改就空着" in again.text
        assert place_after(await begun.submit("/join/identity", {"name": "韦秀芳", "number": ""})) == "/join/work"
        assert (await application_of(worker)).document_index == before

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

    async def test_a_place_is_typed_and_the_nearest_union_proposed(self, known, worker, union):
        done = await known.submit("/join/work", {"place": "南宁 青秀区", "employer": "三队"})
        assert place_after(done) == "/join/check"
        made = await application_of(worker)
        assert (made.region_code, made.employer, made.union_id) == (QINGXIU, "三队", union.id)

    async def test_a_name_of_several_places_offers_them_to_be_tapped(self, known, worker):
        answer = await known.submit("/join/work", {"place": "鼓楼区", "employer": "三队"})
        assert answer.status_code == 422
        assert ">南京鼓楼</button>" in answer.text
        assert field_of(answer, "employer") == "三队"
        await known.submit("/join/work", {"place": "鼓楼区", "employer": "三队", "region": "320106"})
        made = await application_of(worker)
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

    async def test_tapped_from_province_to_district_and_the_employer_is_kept(self, known, worker):
        done = await known.submit("/join/work", {"employer": "三队", "pick": "true"})
        assert place_after(done) == "/join/place"
        assert "/join/place/450000" in (await known.open("/join/place")).text
        assert "/join/place/450100" in (await known.open("/join/place/450000")).text
        assert f'value="{QINGXIU}"' in (await known.open("/join/place/450100")).text
        assert place_after(await known.submit("/join/place", {"region": str(QINGXIU)})) == "/join/check"
        made = await application_of(worker)
        assert (made.region_code, made.employer) == (QINGXIU, "三队")

    async def test_in_a_city_without_districts_the_city_answers(self, known):
        assert 'value="441900"' in (await known.open("/join/place/440000")).text

    @pytest.mark.parametrize("region", ["", "450000", "999999", "x"])
    async def test_a_place_that_is_none_cannot_be_tapped(self, known, region):
        assert (await known.submit("/join/place", {"region": region})).status_code == 404
        assert (await known.open("/join/place/999999")).status_code == 404

    async def test_the_position_brings_the_places_around_and_is_not_kept(self, known, worker):
        page = await known.open("/join/work?lat=22.8170&lng=113.8030&datum=wgs84")
        for name in ("深圳宝安", "广东东莞"):
            assert f"<span>{name}</span>" in page.text
        assert (await application_of(worker)).region_code is None
        await known.submit("/join/work", {"employer": "三队", "region": "441900"})
        assert (await application_of(worker)).region_code == 441900

    @pytest.mark.parametrize("query", ["lat=0&lng=0", "lat=22.8", "lat=x&lng=y", "lat=200&lng=108"])
    async def test_a_position_that_is_none_is_no_dead_end(self, known, query):
        page = await known.open(f"/join/work?{query}")
        assert page.status_code in (200, 422)
        assert field_of(page, "place") == ""

    async def test_another_union_is_searched_and_chosen_and_the_last_look_comes_back(self, known, worker):
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
        assert (await application_of(worker)).union_id == other.id

    async def test_where_there_is_no_union_one_is_asked_for(self, known):
        done = await known.submit("/join/work", {"place": "湖南长沙芙蓉区"})
        assert place_after(done) == "/join/union"
        assert "12351" in (await known.open("/join/union")).text


class TestSending:
    async def test_without_consent_the_consequence_is_said_and_nothing_is_sent(self, union, worker, phone):
        assert union
        await make_draft(worker)
        page = await phone.open("/join/check")
        assert "不同意也行" in page.text
        answer = await phone.submit("/join/check", {"version": version_in(page), "sharing": "true"})
        assert answer.status_code == 422
        assert "网上没法办入会" in answer.text
        assert 'href="#sensitive"' in answer.text
        assert re.search(r'id="sharing"[^>]* checked', answer.text)
        assert (await application_of(worker)).state == ApplicationState.DRAFT

    async def test_words_that_changed_are_shown_again(self, union, worker, phone):
        assert union
        await make_draft(worker)
        answer = await phone.submit("/join/check", {"version": "2020-01", "sensitive": "true"})
        assert answer.status_code == 409
        assert "授权书刚刚更新了" in answer.text

    async def test_whoever_does_not_agree_leaves_nothing_behind(self, union, worker, phone):
        assert union
        await make_draft(worker)
        gone = await phone.submit("/membership/withdraw")
        assert place_after(gone) == "/join?deleted=1"
        assert "什么都没有留下" in (await phone.open("/join?deleted=1")).text
        assert not await sql.value("SELECT count(*) FROM application")

    async def test_a_second_tap_finds_it_sent(self, union, worker, phone):
        assert union
        await make_draft(worker)
        page = await phone.open("/join/check")
        form = {"version": version_in(page), "sensitive": "true"}
        for _ in range(2):
            assert place_after(await phone.submit("/join/check", form)) == "/membership?sent=1"
        assert place_after(await phone.open("/join/check")) == "/membership"

    async def test_the_same_document_from_two_phones_at_once_is_one_application(self, union, browser_of):
        assert union
        number = make_id_card()
        phones = []
        for at in range(2):
            phone = browser_of()
            await sign_in(phone, number=f"1380013800{at}", union="AB0D1F2H")
            await phone.submit("/join/identity", {"name": "韦秀英", "number": number})
            phones.append(phone)
        pages = [await phone.open("/join/check") for phone in phones]
        answers = await asyncio.gather(
            *(
                phone.submit("/join/check", {"version": version_in(page), "sensitive": "true"})
                for phone, page in zip(phones, pages, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert "这个证件号已经有人在用" in refused.text
        assert number not in refused.text
        assert await sql.value("SELECT count(*) FROM application WHERE state = 'submitted'") == 1

    async def test_a_members_document_is_refused_in_the_same_words(self, union, worker, phone):
        number = make_id_card()
        await make_member(union=union, person=await make_person(), document_number=number)
        await make_draft(worker, number=number)
        answer = await agree_and_send(phone)
        assert answer.status_code == 409
        assert "这个证件号已经有人在用" in answer.text

    async def test_an_imported_members_document_is_answered_like_anybodys(self, union, worker, phone, browser_of):
        """A guesser cannot tell the two pages apart."""
        home = await make_union(name="百色农民工联合工会")
        number = make_id_card()
        await make_member(union=home, document_number=number)
        await make_draft(worker, number=number)
        other = await make_person()
        await make_draft(other)
        second = browser_of().use_session(await people.open_session(person_id=other.id, device="test"))
        pages = []
        for one in (phone, second):
            await agree_and_send(one)
            page = await one.open("/membership")
            inbox = await one.open("/inbox")
            pages.append(re.sub(r'seen=[^"]*|value="[^"]*"|nonce="[^"]*"', "", page.text))
            assert union.name in page.text
            assert home.name not in page.text + inbox.text
        assert sorted(pages[0].split()) == sorted(pages[1].split())


class TestAfterwards:
    @pytest.fixture
    async def waiting(self, union, worker):
        return await make_waiting(worker), await make_reviewer(union.id)

    async def test_returned_it_leads_straight_to_what_is_wrong(self, waiting, phone):
        application, reviewer = waiting
        await reviewing.return_to_worker(
            actor=reviewer, application_id=application.id, fields=["identity"], reason="名字和证件对不上"
        )
        page = await phone.open("/membership")
        assert "名字和证件对不上" in page.text
        assert 'href="/join/identity"' in page.text
        assert place_after(await phone.open("/join")) == "/join/identity"
        assert "名字和证件对不上" in (await phone.open("/join/identity")).text
        assert place_after(await phone.open("/join/check")) == "/join/identity"
        done = await phone.submit("/join/identity", {"name": "韦秀芳", "number": ""})
        assert place_after(done) == "/join/check"
        assert place_after(await agree_and_send(phone)) == "/membership?sent=1"

    async def test_rejected_it_is_appealed_or_begun_anew(self, waiting, phone):
        application, reviewer = waiting
        await reviewing.reject(actor=reviewer, application_id=application.id, reason="不在这里干活")
        page = await phone.open("/membership")
        assert "不在这里干活" in page.text
        assert "重新申请" in page.text
        empty = await phone.submit("/membership/appeal", {"words": ""})
        assert empty.status_code == 422
        assert 'href="#words"' in empty.text
        assert (await phone.submit("/membership/appeal", {"words": "长" * 501})).status_code == 422
        assert place_after(await phone.submit("/membership/appeal", {"words": "我在这里干活"})) == "/membership"
        assert "上级工会在复核" in (await phone.open("/membership")).text

    async def test_taken_back_a_new_one_is_ready_to_send(self, waiting, phone):
        assert waiting
        assert place_after(await phone.submit("/membership/withdraw")) == "/membership"
        assert "撤回了" in (await phone.open("/membership")).text
        assert "开始填" in (await phone.open("/join")).text
        assert place_after(await phone.submit("/join")) == "/join/check"

    async def test_approved_the_page_gives_way_to_the_card(self, waiting, worker, phone):
        application, reviewer = waiting
        assert (await phone.fragment("/membership")).headers.get("hx-redirect") is None
        await reviewing.approve(actor=reviewer, application_id=application.id)
        assert (await phone.fragment("/membership")).headers["hx-redirect"] == "/card"
        assert place_after(await phone.open("/membership")) == "/card"
        card = await phone.open("/card")
        assert card.text.lstrip().startswith("<!doctype html>")
        assert "韦秀英" in card.text
        assert worker

    async def test_whoever_left_may_come_back(self, waiting, phone):
        application, reviewer = waiting
        await reviewing.approve(actor=reviewer, application_id=application.id)
        await phone.submit("/membership/leave")
        assert place_after(await phone.open("/membership")) == "/join"
        assert place_after(await phone.submit("/join")) == "/join/check"

    async def test_applications_are_nobody_elses(self, waiting, browser_of):
        assert waiting
        other = browser_of().use_session(await people.open_session(person_id=(await make_person()).id, device="test"))
        assert place_after(await other.open("/membership")) == "/join"
        assert (await other.submit("/membership/withdraw")).status_code == 404
        assert (await other.open("/join/identity")).status_code == 404
        assert place_after(await browser_of().open("/membership")).startswith("/sign-in")


class TestCorrection:
    @pytest.fixture
    async def member(self, union, worker, phone):
        """A member's phone."""
        await make_member(union=union, person=worker)
        await sql.run("UPDATE person SET is_member = true WHERE id = $1", worker.id)
        return phone

    async def ask(self, member, name="韦秀芳"):
        done = await member.submit("/membership/correct", {"name": name, "number": ""})
        assert place_after(done) == "/membership/correct/check"
        page = await member.open("/membership/correct/check")
        form = {"version": version_in(page), "sensitive": "true"}
        return page, await member.submit("/membership/correct/check", form)

    async def test_a_name_is_put_right_and_the_card_stays_meanwhile(self, union, worker, member):
        assert "不改就空着" in (await member.open("/membership/correct")).text
        page, done = await self.ask(member)
        assert "韦秀英" in page.text
        assert "韦秀芳" in page.text
        assert place_after(done) == "/membership/correct?sent=1"
        assert "工会在核对" in (await member.open("/membership/correct")).text
        assert "韦秀英" in (await member.open("/card")).text
        await reviewing.approve(actor=await make_reviewer(union.id), application_id=(await application_of(worker)).id)
        assert "改好了" in (await member.open("/membership/correct")).text
        assert "韦秀芳" in (await member.open("/card")).text

    async def test_nothing_to_correct_is_said(self, member):
        _page, done = await self.ask(member, name="韦秀英")
        assert done.status_code == 422
        assert "没有要改的" in done.text

    async def test_returned_it_is_put_right_and_taken_back_it_is_gone(self, union, worker, member):
        await self.ask(member)
        await reviewing.return_to_worker(
            actor=await make_reviewer(union.id),
            application_id=(await application_of(worker)).id,
            fields=["identity"],
            reason="名字和证件对不上",
        )
        form = await member.open("/membership/correct")
        assert "名字和证件对不上" in form.text
        assert field_of(form, "name") == "韦秀芳"
        assert place_after(await member.submit("/membership/correct/withdraw")) == "/card"
        assert field_of(await member.open("/membership/correct"), "name") == "韦秀英"

    async def test_whoever_is_no_member_applies_instead(self, phone):
        assert place_after(await phone.open("/membership/correct")) == "/membership"
        given = {"name": "韦秀英", "number": make_id_card()}
        assert (await phone.submit("/membership/correct", given)).status_code == 409

    async def test_wrong_answers_are_said(self, member):
        answer = await member.submit("/membership/correct", {"name": "韦3", "number": "1"})
        assert answer.status_code == 422
        assert 'href="#name"' in answer.text
        assert 'href="#number"' in answer.text


async def test_pages_are_not_kept_by_anybody(union, worker, phone):
    assert union
    await make_draft(worker)
    for path in ("/join/identity", "/join/work", "/join/union", "/join/check"):
        assert "no-store" in (await phone.open(path)).headers["cache-control"]


async def test_each_page_asks_the_database_little(union, worker, phone, monkeypatch):
    """Who is asking, the application, and one thing more: three statements at most."""
    assert union
    await make_draft(worker)
    asked = []
    for verb in ("row", "rows", "value", "run"):
        monkeypatch.setattr(sql, verb, _counted(getattr(sql, verb), asked))
    for path in ("/join/identity", "/join/work", "/join/place", "/join/union", "/join/check", "/membership"):
        await phone.open(path)  # the session's own note that it is in use comes once
        asked.clear()
        assert (await phone.open(path)).status_code == 200
        assert len(asked) <= 3, path
    await applying.withdraw(actor=worker)
    asked.clear()
    await phone.open("/join")
    assert len(asked) <= 2


def _counted(verb, asked):
    async def counting(statement, *values):
        asked.append(statement)
        return await verb(statement, *values)

    return counting
