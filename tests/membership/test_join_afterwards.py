"""What becomes of an application, as its worker sees it; and a member who has the entry put right."""

import pytest

from server.membership import reviewing
from server.people import service as people
from tests.fixtures.joining import (
    agree_and_send,
    application_of,
    as_member,
    field_of,
    make_reviewer,
    make_waiting,
    place_after,
)
from tests.fixtures.membership import make_id_card
from tests.fixtures.people import make_person


class TestAfterwards:
    @pytest.fixture
    async def waiting(self, street, applicant):
        return await make_waiting(applicant), await make_reviewer(street.id)

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

    async def test_approved_the_page_gives_way_to_the_card(self, waiting, phone):
        application, reviewer = waiting
        assert (await phone.fragment("/membership")).headers.get("hx-redirect") is None
        await reviewing.approve(actor=reviewer, application_id=application.id)
        assert (await phone.fragment("/membership")).headers["hx-redirect"] == "/card"
        assert place_after(await phone.open("/membership")) == "/card"
        card = await phone.open("/card")
        assert card.text.lstrip().startswith("<!doctype html>")
        assert "韦秀英" in card.text

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
    async def member(self, street, applicant, phone):
        """A member's phone."""
        await as_member(applicant, street)
        return phone

    async def ask(self, member, name="韦秀芳"):
        done = await member.submit("/membership/correct", {"name": name, "number": ""})
        assert place_after(done) == "/membership/correct/check"
        page = await member.open("/membership/correct/check")
        form = {"version": field_of(page, "version"), "sensitive": "true"}
        return page, await member.submit("/membership/correct/check", form)

    async def test_a_name_is_put_right_and_the_card_stays_meanwhile(self, street, applicant, member):
        assert "不改就空着" in (await member.open("/membership/correct")).text
        page, done = await self.ask(member)
        assert "韦秀英" in page.text
        assert "韦秀芳" in page.text
        assert place_after(done) == "/membership/correct?sent=1"
        assert "工会在核对" in (await member.open("/membership/correct")).text
        assert "韦秀英" in (await member.open("/card")).text
        await reviewing.approve(
            actor=await make_reviewer(street.id), application_id=(await application_of(applicant)).id
        )
        assert "改好了" in (await member.open("/membership/correct")).text
        assert "韦秀芳" in (await member.open("/card")).text

    async def test_nothing_to_correct_is_said(self, member):
        _page, done = await self.ask(member, name="韦秀英")
        assert done.status_code == 422
        assert "没有要改的" in done.text

    async def test_returned_it_is_put_right_and_taken_back_it_is_gone(self, street, applicant, member):
        await self.ask(member)
        await reviewing.return_to_worker(
            actor=await make_reviewer(street.id),
            application_id=(await application_of(applicant)).id,
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
