"""A transfer: asked, accepted, refused, forgotten, taken back; who hears of it."""

import asyncio
from datetime import timedelta

import pytest

from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.ids import new_id
from server.membership import members, transfers
from server.membership.errors import (
    ConsentOutdated,
    NotAMember,
    ReasonNamesSomebody,
    ReasonNeeded,
    SameUnion,
    SharingConsentNeeded,
    TransferMoved,
    TransferOpen,
    UnionUnknown,
)
from server.membership.models import Member, MemberState, Transfer, Union
from server.membership.transfer_queries import coming, leaving, union_history
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.moving import make_mover, make_two, steps, told, told_worker
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")
WEEK = timedelta(days=7, minutes=1)


@pytest.fixture
async def two(settings, db):
    assert settings, db
    return await make_two()


@pytest.fixture
async def mover(two):
    return await make_mover(two.nanning, joined_on=clock.today() - timedelta(days=900), employer="旧工地")


async def ask(two, person, **given):
    made = {"to_union_id": two.dongguan.id, "employer": "长安电子厂", "agreed": True} | given
    return await transfers.ask_for_transfer(actor=person, **made)


async def test_nothing_moves_before_it_is_accepted_and_the_years_go_on(two, mover):
    person, before = mover
    transfer_id = await ask(two, person)
    asked = await Member.get(id=before.id)
    assert (asked.state, asked.union_id) == (MemberState.TRANSFERRING, two.nanning.id)
    await transfers.accept_transfer(actor=two.new, transfer_id=transfer_id)
    after = await Member.get(id=before.id)
    assert (after.state, after.union_id, after.employer) == (MemberState.ACTIVE, two.dongguan.id, "长安电子厂")
    assert (after.number, after.joined_on) == (before.number, before.joined_on)
    assert after.card_version == before.card_version + 1, "the card names the union"
    assert await steps(before.id) == ["joined", "moved_out", "moved_in"]
    assert await steps(transfer_id) == ["requested", "accepted"]
    assert [(stay.union, stay.since) for stay in await union_history(before.id)] == [
        ("南宁农民工联合工会", before.joined_on),
        ("东莞长安电子厂工会", clock.today()),
    ]


async def test_both_unions_and_the_worker_hear_of_it(two, mover):
    person, _ = mover
    transfer_id = await ask(two, person)
    assert await told(two.new) == ["transfer_asked"]
    assert await told(two.old) == ["transfer_leaving"]
    assert await told(two.above_new) == []
    await transfers.accept_transfer(actor=two.new, transfer_id=transfer_id)
    assert await told(two.old) == ["transfer_leaving", "transfer_gone"]
    assert await told_worker(person) == ["transfer_accepted"]


async def test_who_reviews_both_unions_hears_of_a_request_once(two):
    other = await make_union(name="柳州联合工会", parent=two.guangxi, region_code=450200)
    another = await make_union(name="桂林联合工会", parent=two.guangxi, region_code=450300)
    person, _ = await make_mover(other)
    await ask(two, person, to_union_id=another.id)
    assert await told(two.above_old) == ["transfer_asked"]
    await transfers.withdraw_transfer(actor=person)
    assert await told(two.above_old) == ["transfer_asked", "transfer_withdrawn"]


async def test_a_refusal_leaves_the_member_where_he_is_and_says_why(two, mover):
    person, member = mover
    transfer_id = await ask(two, person)
    for empty in ("", "  "):
        with pytest.raises(ReasonNeeded):
            await transfers.refuse_transfer(actor=two.new, transfer_id=transfer_id, reason=empty)
    for naming in ("韦秀英没来", "电话13812345678打不通"):
        with pytest.raises(ReasonNamesSomebody):
            await transfers.refuse_transfer(actor=two.new, transfer_id=transfer_id, reason=naming)
    await transfers.refuse_transfer(actor=two.new, transfer_id=transfer_id, reason="厂里没有这个人")
    after = await Member.get(id=member.id)
    assert (after.state, after.union_id, after.employer) == (MemberState.ACTIVE, two.nanning.id, "旧工地")
    assert after.card_version == member.card_version
    assert await told_worker(person) == ["transfer_refused"]
    assert await told(two.old) == ["transfer_leaving", "transfer_stayed"]
    assert await ask(two, person), "he may ask again"


async def test_a_member_takes_his_request_back(two, mover):
    person, member = mover
    await ask(two, person)
    await transfers.withdraw_transfer(actor=person)
    assert (await Member.get(id=member.id)).state is MemberState.ACTIVE
    assert await told(two.new) == ["transfer_asked", "transfer_withdrawn"]
    assert await told(two.old) == ["transfer_leaving", "transfer_stayed"]
    with pytest.raises(TransferMoved):
        await transfers.withdraw_transfer(actor=person)


async def test_after_a_week_the_union_above_is_called_and_a_week_later_nothing_moved(two, mover):
    person, member = mover
    transfer_id = await ask(two, person)
    assert await transfers.escalate_transfers() == 0
    with clock.travel(WEEK):
        assert await transfers.expire_transfers() == 0
        assert [await transfers.escalate_transfers(), await transfers.escalate_transfers()] == [1, 0]
        assert await told(two.above_new) == ["transfer_overdue"]
        assert [move.escalated for move in await coming(two.above_new)] == [True]
        assert await transfers.expire_transfers() == 0
    with clock.travel(2 * WEEK):
        assert [await transfers.expire_transfers(), await transfers.expire_transfers()] == [1, 0]
    after = await Member.get(id=member.id)
    assert (after.state, after.union_id) == (MemberState.ACTIVE, two.nanning.id)
    assert await steps(transfer_id) == ["requested", "escalated", "expired"]
    assert await told_worker(person) == ["transfer_expired"]
    assert (await told(two.new))[-1] == "transfer_lapsed"
    assert (await told(two.old))[-1] == "transfer_stayed"


async def test_the_union_above_has_its_week_however_late_it_was_called(two, mover):
    """Workers that stood still for a month expire nothing that nobody was asked about."""
    person, _ = mover
    await ask(two, person)
    with clock.travel(timedelta(days=30)):
        assert await transfers.expire_transfers() == 0
        assert await transfers.escalate_transfers() == 1
        assert await transfers.expire_transfers() == 0
    with clock.travel(timedelta(days=30) + WEEK):
        assert await transfers.expire_transfers() == 1


async def test_the_union_above_answers_for_the_one_that_did_not(two, mover):
    person, member = mover
    transfer_id = await ask(two, person)
    with clock.travel(WEEK):
        await transfers.escalate_transfers()
        await transfers.accept_transfer(actor=two.above_new, transfer_id=transfer_id)
    assert (await Member.get(id=member.id)).union_id == two.dongguan.id


async def test_where_nobody_reviews_the_asked_union_the_next_ones_above_hear(two, mover):
    person, _ = mover
    site = await make_union(name="虎门工地工会", parent=two.dongguan, region_code=441900)
    await ask(two, person, to_union_id=site.id)
    assert await told(two.new) == ["transfer_asked"]
    with clock.travel(WEEK):
        await transfers.escalate_transfers()
    assert await told(two.above_new) == ["transfer_overdue"]
    assert await told(two.new) == ["transfer_asked"]


async def test_a_request_needs_consent_to_these_words(two, mover):
    person, _ = mover
    with pytest.raises(SharingConsentNeeded):
        await ask(two, person, agreed=False)
    with pytest.raises(ConsentOutdated):
        await ask(two, person, version="2020-01")
    await ask(two, person)
    kept = await sql.row("SELECT purpose, version, agreed FROM consent WHERE person_id = $1", person.id)
    assert (kept["purpose"], kept["agreed"]) == ("sharing", True)
    assert kept["version"] == transfers.TRANSFER.version


async def test_what_cannot_be_asked(two, mover):
    person, _ = mover
    with pytest.raises(SameUnion):
        await ask(two, person, to_union_id=two.nanning.id)
    for unknown in (new_id(), two.guangdong.id):
        with pytest.raises(UnionUnknown):
            await ask(two, person, to_union_id=unknown)
    await Union.filter(id=two.dongguan.id).update(closed_at=clock.now())
    with pytest.raises(UnionUnknown):
        await ask(two, person)
    with pytest.raises(NotAMember):
        await ask(two, await make_person())
    with pytest.raises(NotAMember):
        await ask(two, two.new)


async def test_one_request_at_a_time(two, mover):
    person, _ = mover
    await ask(two, person)
    with pytest.raises(TransferOpen):
        await ask(two, person, to_union_id=(await make_union(name="别处")).id)
    assert await Transfer.all().count() == 1


async def test_only_the_asked_union_and_those_above_it_answer(two, mover):
    person, _ = mover
    transfer_id = await ask(two, person)
    for stranger in (two.old, two.above_old, person):
        with pytest.raises(Forbidden):
            await transfers.accept_transfer(actor=stranger, transfer_id=transfer_id)
        with pytest.raises(Forbidden):
            await transfers.refuse_transfer(actor=stranger, transfer_id=transfer_id, reason="不行")
    with pytest.raises(NotFound):
        await transfers.accept_transfer(actor=two.new, transfer_id=new_id())


async def test_who_leaves_or_is_struck_off_moves_nowhere(two, mover):
    person, member = mover
    transfer_id = await ask(two, person)
    await members.strike_off(actor=two.old, member_id=member.id, reason="重复登记")
    assert (await Transfer.get(id=transfer_id)).state == "withdrawn"
    assert await told(two.new) == ["transfer_asked", "transfer_withdrawn"]
    with pytest.raises(TransferMoved):
        await transfers.accept_transfer(actor=two.new, transfer_id=transfer_id)
    other, _ = await make_mover(two.nanning)
    await ask(two, other)
    await members.leave(actor=other)
    assert await coming(two.new) == []
    with pytest.raises(NotAMember):
        await transfers.withdraw_transfer(actor=other)


async def test_reviewers_see_who_comes_and_who_leaves_and_nobody_else(two, mover):
    person, member = mover
    await ask(two, person)
    for staff in (two.new, two.above_new):
        (move,) = await coming(staff)
        assert (move.name, move.number, move.employer) == ("韦秀英", member.number, "长安电子厂")
        assert (move.from_union, move.to_union) == (two.nanning.name, two.dongguan.name)
        assert await leaving(staff) == []
    for staff in (two.old, two.above_old):
        assert [move.name for move in await leaving(staff)] == ["韦秀英"]
        assert await coming(staff) == []
    for kind in (coming, leaving):
        with pytest.raises(Forbidden):
            await kind(person)


async def test_an_imported_member_without_a_phone_has_a_history_too(two):
    member = await make_member(union=two.nanning)
    assert [stay.union for stay in await union_history(member.id)] == [two.nanning.name]


@pytest.mark.parametrize("first", ["withdraw", "accept", "refuse", "leave"])
@pytest.mark.parametrize("second", ["accept", "refuse", "expire"])
async def test_two_at_once_one_wins(two, mover, first, second):
    person, member = mover
    transfer_id = await ask(two, person)
    verbs = {
        "withdraw": lambda: transfers.withdraw_transfer(actor=person),
        "accept": lambda: transfers.accept_transfer(actor=two.new, transfer_id=transfer_id),
        "refuse": lambda: transfers.refuse_transfer(actor=two.above_new, transfer_id=transfer_id, reason="不是我们的"),
        "expire": transfers.expire_transfers,
        "leave": lambda: members.leave(actor=person),
    }
    with clock.travel(WEEK):
        await transfers.escalate_transfers()
    with clock.travel(2 * WEEK):
        results = await asyncio.gather(verbs[first](), verbs[second](), return_exceptions=True)
    assert all(isinstance(result, TransferMoved | int | None) for result in results), results
    assert len((await steps(transfer_id))[2:]) == 1, "it ended once"
    after, ended = await Member.get(id=member.id), await Transfer.get(id=transfer_id)
    assert after.union_id == (two.dongguan.id if ended.state == "accepted" else two.nanning.id)
    assert after.state == ("left" if first == "leave" else "active")
    assert len([kind for kind in await told_worker(person) if kind.startswith("transfer")]) <= 1
