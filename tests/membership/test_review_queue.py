"""The reviewers' queue over HTTP: its order, filters and pages, and approving several at once."""

from __future__ import annotations

import re

from server.membership import applying, reviewing
from tests.fixtures.joining import make_identity
from tests.fixtures.membership import make_member, make_union
from tests.fixtures.people import make_person
from tests.fixtures.reviewing import WHY, apply, ask_to_correct, grown_up, state_of, waiting_since, worker_of


def names_in(html):
    """Who stands in a list, in its order."""
    return re.findall(r'class="row-link"[^>]*><strong>([^<]*)', html)


async def test_the_queue_shows_the_oldest_first_and_how_long_it_waits(review):
    young, old = await apply(review.union, name="韦小妹"), await apply(review.union, name="韦大姐")
    middle = await apply(review.union, name="韦二姐")
    await waiting_since(old, days=6)
    await waiting_since(middle, hours=5)
    html = (await (await review.site()).open("/review")).text
    assert names_in(html) == ["韦大姐", "韦二姐", "韦小妹"]
    for words in ("等了 6 天", "等了 5 小时", "刚交来"):
        assert words in html
    assert young


async def test_the_queue_holds_ones_own_subtree_and_no_numbers(review):
    number = grown_up()
    below = await make_union(parent=review.union, name="凤岭工地工会")
    await apply(below, name="韦小妹", number=number)
    await apply(await make_union(parent=review.above, name="仙葫街道联合工会"), name="别人家")
    html = (await (await review.site()).open("/review")).text
    assert names_in(html) == ["韦小妹"]
    assert number not in html
    assert sorted(names_in((await (await review.site(review.judge)).open("/review")).text)) == ["别人家", "韦小妹"]


async def test_the_queue_is_filtered_by_union_with_all_below(review):
    site_union = await make_union(parent=review.union, name="凤岭工地工会")
    other = await make_union(parent=review.above, name="仙葫街道联合工会")
    for union, name in ((review.union, "韦一"), (site_union, "韦二"), (other, "韦三")):
        await apply(union, name=name)
    site = await review.site(review.judge)
    for typed, shown in (
        (review.union.name, ["韦一", "韦二"]),
        (site_union.code, ["韦二"]),
        ("仙葫", ["韦三"]),
        (review.above.name, ["韦一", "韦二", "韦三"]),
        ("没有这个工会", []),
        ("%", []),
    ):
        assert names_in((await site.open("/review", params={"q": typed})).text) == shown, typed
    # A union that is not one's own is not found by its name either.
    assert names_in((await (await review.site()).open("/review", params={"q": "仙葫"})).text) == []


async def test_the_queue_is_filtered_by_kind_and_doubts(review):
    await apply(review.union, name="韦新")
    number = grown_up()
    await make_member(union=review.union, document_number=number, imported=True)
    await apply(review.union, name="韦认领", number=number)
    person = await make_person()
    await make_member(union=review.union, person=person, name="韦错")
    await ask_to_correct(person, make_identity(grown_up(), "韦对"))
    before = await apply(review.union, name="韦又来")
    await reviewing.reject(actor=review.reviewer, application_id=before.id, reason=WHY)
    await apply(review.union, person=worker_of(before), name="韦又来")
    appealed = await apply(review.union, name="韦申诉")
    await reviewing.reject(actor=review.reviewer, application_id=appealed.id, reason=WHY)
    await applying.appeal(actor=worker_of(appealed), application_id=appealed.id, words="请再看看")
    site = await review.site(review.judge)
    for show, shown in {
        "": ["韦又来", "韦对", "韦新", "韦申诉", "韦认领"],
        "join": ["韦又来", "韦新", "韦申诉"],
        "claim": ["韦认领"],
        "correction": ["韦对"],
        "appealed": ["韦申诉"],
        "doubts": ["韦又来"],
        "nonsense": ["韦又来", "韦对", "韦新", "韦申诉", "韦认领"],
    }.items():
        assert sorted(names_in((await site.open("/review", params={"show": show})).text)) == shown, show
    # The reviewer who rejected it does not even see the appeal.
    assert "韦申诉" not in (await (await review.site()).open("/review")).text


async def test_a_long_queue_goes_on_page_after_page(review):
    for number in range(32):
        await apply(review.union, name=f"韦{'一二三四五六七八九十'[number % 10]}{'甲乙丙丁'[number // 10]}")
    site = await review.site()
    first = (await site.open("/review")).text
    more = re.search(r'href="(/review\?[^"]*after=[^"]*)"', first)
    assert more
    second = (await site.open(more.group(1).replace("&amp;", "&"))).text
    assert (len(names_in(first)), len(names_in(second))) == (30, 2)
    assert len(set(names_in(first) + names_in(second))) == 32
    assert "after=" not in second.split("</main>")[0].split("<ul")[0]
    for nonsense in ("x", "2026-01-01~x", "9999-99-99T00:00:00+00:00~" + "0" * 32):
        assert len(names_in((await site.open("/review", params={"after": nonsense})).text)) == 30


async def test_doubts_are_found_behind_many_plain_ones(review, monkeypatch):
    monkeypatch.setattr("server.membership.review_queries.SCANNED", 4)
    plain = [await apply(review.union) for _ in range(5)]
    doubtful = await apply(review.union, name="韦又来")
    await reviewing.reject(actor=review.reviewer, application_id=doubtful.id, reason=WHY)
    await apply(review.union, person=worker_of(doubtful), name="韦又来")
    for at, application in enumerate(plain):
        await waiting_since(application, days=9 - at)
    site = await review.site()
    html = (await site.open("/review", params={"show": "doubts"})).text
    assert names_in(html) == []
    more = re.search(r'href="(/review\?[^"]*after=[^"]*)"', html)
    assert more
    assert names_in((await site.open(more.group(1).replace("&amp;", "&"))).text) == ["韦又来"]


async def test_what_is_to_be_looked_at_twice_says_so(review):
    number = grown_up()
    person = await make_person("+8613900000001")
    await make_member(union=review.union, phone="+8613900000001")
    await apply(review.union, person=person, number=number)
    draft = await make_person()
    await applying.start(actor=draft)
    await applying.save_identity(actor=draft, identity=make_identity(number))
    html = (await (await review.site()).open("/review")).text
    for words in ("手机号是别的会员的", "这个证件别人也填过"):
        assert words in html
    assert 'name="ids"' not in html  # nothing of this is approved in passing


async def test_several_are_checked_by_name_before_they_are_approved(review):
    one, two = await apply(review.union, name="韦一"), await apply(review.union, name="韦二")
    foreign = await apply(await make_union(name="别处的工会"), name="别人家")
    site = await review.site()
    ids = [str(one.id), str(two.id), str(foreign.id), "nonsense"]
    assert (await site.submit("/review/check-list", {"ids": ids})).status_code == 303
    check = await site.submit("/review/check-list", {"ids": ids[:3]})
    assert check.status_code == 200
    assert ("韦一" in check.text, "韦二" in check.text, "别人家" in check.text) == (True, True, False)
    assert check.text.count(" checked") == 2
    # The tick of one was taken away; a stranger's id is sent along.
    done = await site.submit("/review/approve-many", {"ids": [ids[0], ids[2]]})
    assert [await state_of(each) for each in (one, two, foreign)] == ["approved", "submitted", "submitted"]
    told = (await site.open(done.headers["location"])).text
    assert "1 份通过了" in told
    assert "1 份没有动" in told
    assert (await site.submit("/review/check-list", {})).status_code == 303
    assert (await site.submit("/review/approve-many", {})).status_code == 303
