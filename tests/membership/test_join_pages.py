"""The way into the union over HTTP: by poster and by page; and the last button, for all who press it at once."""

import asyncio
import re

import pytest

from server.db import sql
from server.membership import applying
from server.membership.models import ApplicationState, UnionKind
from server.people import service as people
from tests.fixtures.joining import (
    agree_and_send,
    application_of,
    as_member,
    field_of,
    make_draft,
    make_waiting,
    place_after,
)
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.stations import QINGXIU

PHONE = "13800138000"


@pytest.fixture
async def site_union(street):
    return await make_union(name="凤岭工地工会", kind=UnionKind.SITE, code="S1TEC0DE", parent=street)


async def sign_in(site, start="/join", number=PHONE, **carried):
    """Phone and code on the first page, as a new applicant does."""
    sent = await site.submit(f"{start}/code", {"phone": number, **carried})
    code = re.search(r"<strong>(\d{6})</strong>", sent.text)[1]
    return await site.submit(start, {"phone": number, "code": code, **carried})


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

    async def test_a_closed_unions_poster_is_an_unknown_one(self, street, site):
        await sql.run("UPDATE trade_union SET closed_at = now() WHERE id = $1", street.id)
        assert place_after(await site.open("/j/AB0D1F2H")) == "/join?unknown=1"

    async def test_a_federations_poster_leads_to_joining_without_a_union(self, site):
        federation = await make_union(name="南宁市总工会", kind=UnionKind.FEDERATION, code="FEDERAT0")
        assert place_after(await site.open("/j/FEDERAT0")) == "/join?union=FEDERAT0"
        assert federation.name not in (await site.open("/join?union=FEDERAT0")).text

    async def test_a_draft_is_asked_before_its_union_changes(self, street, site_union, applicant, phone):
        await make_draft(applicant)
        page = await phone.open("/join?union=S1TEC0DE")
        assert "只把工会换成这个" in page.text
        assert (await application_of(applicant)).union_id == street.id
        assert place_after(await phone.submit("/join", {"union": "S1TEC0DE"})) == "/join/check"
        assert (await application_of(applicant)).union_id == site_union.id
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == "/join/check"

    async def test_while_an_application_waits_a_poster_changes_nothing_and_says_so(
        self, street, site_union, applicant, phone
    ):
        await make_waiting(applicant)
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == "/membership?scanned=1"
        assert "不用再扫" in (await phone.open("/membership?scanned=1")).text
        assert place_after(await phone.submit("/join", {"union": "S1TEC0DE"})) == "/membership?scanned=1"
        assert (await application_of(applicant)).union_id == street.id != site_union.id

    async def test_a_member_comes_to_the_card_and_at_another_unions_poster_to_the_transfer(
        self, street, site_union, applicant, phone
    ):
        await as_member(applicant, street)
        for own in ("/join", "/join?union=AB0D1F2H", "/join?unknown=1"):
            assert place_after(await phone.open(own)) == "/card"
        moving = f"/membership/transfer?union={site_union.id}"
        assert place_after(await phone.open("/join?union=S1TEC0DE")) == moving
        assert (await phone.open(moving)).status_code == 200

    async def test_staff_see_the_page_as_visitors_do(self, site):
        staff = await make_staff()
        site.use_session(await people.open_session(staff_id=staff.id, device="test"))
        assert "手机号" in (await site.open("/join?union=AB0D1F2H")).text


class TestByPage:
    async def test_whoever_is_signed_in_gives_no_phone_and_his_name_is_there(self, applicant, phone):
        await people.set_name(applicant, "韦秀英")
        start = await phone.open("/join")
        assert 'name="phone"' not in start.text
        assert place_after(await phone.submit("/join")) == "/join/identity"
        assert field_of(await phone.open("/join/identity"), "name") == "韦秀英"

    async def test_looking_at_the_first_page_begins_nothing(self, applicant, phone):
        await phone.open("/join")
        assert not await sql.value("SELECT count(*) FROM application WHERE person_id = $1", applicant.id)

    async def test_a_stations_page_presets_its_district(self, street, applicant, phone):
        assert place_after(await phone.submit("/join", {"place": str(QINGXIU)})) == "/join/identity"
        made = await application_of(applicant)
        assert (made.region_code, made.union_id) == (QINGXIU, street.id)

    @pytest.mark.parametrize("place", ["450000", "999999", "x", "-1", "４５０１０３"])
    async def test_a_place_that_says_nothing_presets_nothing(self, applicant, phone, place):
        assert place_after(await phone.submit("/join", {"place": place})) == "/join/identity"
        assert (await application_of(applicant)).region_code is None

    async def test_on_another_phone_it_goes_on_where_it_stopped(self, applicant, phone, browser_of):
        await phone.submit("/join")
        await phone.submit("/join/identity", {"name": "韦秀英", "number": make_id_card()})
        other = browser_of().use_session(await people.open_session(person_id=applicant.id, device="other"))
        assert place_after(await other.open("/join")) == "/join/work"
        again = await other.open("/join/identity")
        assert field_of(again, "name") == "韦秀英"

    async def test_without_an_application_the_questions_lead_back_to_the_start(self, phone):
        assert place_after(await phone.open("/join/check")) == "/join"
        assert place_after(await phone.open("/membership")) == "/join"

    @pytest.mark.usefixtures("street")
    async def test_a_wrong_code_is_said_and_the_poster_is_not_forgotten(self, site):
        await site.submit("/join/code", {"phone": PHONE, "union": "AB0D1F2H"})
        wrong = await site.submit("/join", {"phone": PHONE, "code": "000000", "union": "AB0D1F2H"})
        assert wrong.status_code == 422
        assert field_of(wrong, "union") == "AB0D1F2H"


class TestSending:
    async def test_without_consent_the_consequence_is_said_and_nothing_is_sent(self, applicant, phone):
        await make_draft(applicant)
        page = await phone.open("/join/check")
        assert "不同意也行" in page.text
        answer = await phone.submit("/join/check", {"version": field_of(page, "version"), "sharing": "true"})
        assert answer.status_code == 422
        assert "网上没法办入会" in answer.text
        assert 'href="#sensitive"' in answer.text
        assert re.search(r'id="sharing"[^>]* checked', answer.text)
        assert (await application_of(applicant)).state == ApplicationState.DRAFT

    async def test_words_that_changed_are_shown_again(self, applicant, phone):
        await make_draft(applicant)
        answer = await phone.submit("/join/check", {"version": "2020-01", "sensitive": "true"})
        assert answer.status_code == 409
        assert "授权书刚刚更新了" in answer.text

    async def test_whoever_does_not_agree_leaves_nothing_behind(self, applicant, phone):
        await make_draft(applicant)
        gone = await phone.submit("/membership/withdraw")
        assert place_after(gone) == "/join?deleted=1"
        assert "什么都没有留下" in (await phone.open("/join?deleted=1")).text
        assert not await sql.value("SELECT count(*) FROM application")

    async def test_a_second_tap_finds_it_sent(self, applicant, phone):
        await make_draft(applicant)
        page = await phone.open("/join/check")
        form = {"version": field_of(page, "version"), "sensitive": "true"}
        for _ in range(2):
            assert place_after(await phone.submit("/join/check", form)) == "/membership?sent=1"
        assert place_after(await phone.open("/join/check")) == "/membership"

    @pytest.mark.usefixtures("street")
    async def test_the_same_document_from_two_phones_at_once_is_one_application(self, browser_of):
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
                phone.submit("/join/check", {"version": field_of(page, "version"), "sensitive": "true"})
                for phone, page in zip(phones, pages, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert "这个证件号已经有人在用" in refused.text
        assert number not in refused.text
        assert await sql.value("SELECT count(*) FROM application WHERE state = 'submitted'") == 1

    async def test_a_members_document_is_refused_in_the_same_words(self, street, applicant, phone):
        number = make_id_card()
        await make_member(union=street, person=await make_person(), document_number=number)
        await make_draft(applicant, number=number)
        answer = await agree_and_send(phone)
        assert answer.status_code == 409
        assert "这个证件号已经有人在用" in answer.text

    async def test_an_imported_members_document_is_answered_like_anybodys(self, street, applicant, phone, browser_of):
        """A guesser cannot tell the two pages apart."""
        home = await make_union(name="百色农民工联合工会")
        number = make_id_card()
        await make_member(union=home, document_number=number)
        await make_draft(applicant, number=number)
        other = await make_person()
        await make_draft(other)
        second = browser_of().use_session(await people.open_session(person_id=other.id, device="test"))
        pages = []
        for one in (phone, second):
            await agree_and_send(one)
            page = await one.open("/membership")
            inbox = await one.open("/inbox")
            pages.append(re.sub(r'seen=[^"]*|value="[^"]*"|nonce="[^"]*"|data-owner="[^"]*"', "", page.text))
            assert street.name in page.text
            assert home.name not in page.text + inbox.text
        assert sorted(pages[0].split()) == sorted(pages[1].split())


async def test_pages_are_not_kept_by_anybody(applicant, phone):
    await make_draft(applicant)
    for path in ("/join/identity", "/join/work", "/join/union", "/join/check"):
        assert "no-store" in (await phone.open(path)).headers["cache-control"]


async def test_each_page_asks_the_database_little(applicant, phone, monkeypatch):
    """Who is asking, the application, and one thing more: three statements at most."""
    await make_draft(applicant)
    asked = []
    for verb in ("row", "rows", "value", "run"):
        monkeypatch.setattr(sql, verb, _counted(getattr(sql, verb), asked))
    for path in ("/join/identity", "/join/work", "/join/place", "/join/union", "/join/check", "/membership"):
        await phone.open(path)  # the session's own note that it is in use comes once
        asked.clear()
        assert (await phone.open(path)).status_code == 200
        assert len(asked) <= 3, path
    await applying.withdraw(actor=applicant)
    asked.clear()
    await phone.open("/join")
    assert len(asked) <= 2


def _counted(verb, asked):
    async def counting(statement, *values):
        asked.append(statement)
        return await verb(statement, *values)

    return counting
