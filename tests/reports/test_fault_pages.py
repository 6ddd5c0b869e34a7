"""Saying that something is broken, and seeing to it, over HTTP and without JavaScript."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from server.kit import clock, pictures
from server.people import service as people
from server.reports import faults
from server.reports.models import Fault, FaultState, FaultVoice, Thing
from server.reports.rules import REOPEN_WITHIN
from server.stations.models import Facility
from tests.fixtures.people import make_person, make_staff
from tests.fixtures.pictures import PHOTO, make_photo
from tests.fixtures.stations import make_station

WATER = {"thing": "hot_water", "words": "不出热水"}


@pytest.fixture
async def station(app):
    assert app
    return await make_station(facilities=[Facility.HOT_WATER, Facility.CHARGING])


@pytest.fixture
def form(station):
    return f"/stations/{station.id}/broken"


@pytest.fixture
async def desk(station, browser_of):
    staff = await make_staff(station_id=station.id)
    return browser_of().use_session(await people.open_session(staff_id=staff.id))


@pytest.fixture
async def worker(browser_of):
    return browser_of().use_session(await people.open_session(person_id=(await make_person()).id))


async def send(site, form, photo=None, **data):
    files = {"photo": ("IMG_1.jpg", photo, "image/jpeg")} if photo is not None else None
    return await site.submit(form, WATER | data, files=files)


async def test_the_form_offers_what_the_station_has(site, station, form):
    assert f'href="{form}"' in (await site.open(f"/stations/{station.id}")).text
    shown = (await site.open(form)).text
    things = re.findall(r'name="thing"[^>]* value="(\w+)"', shown)
    assert things == ["hot_water", "charging", "door", "lights", "cleanliness", "other"]
    assert "有人说过" not in shown
    await send(site, form)
    assert shown.count("有人说过") + 1 == (await site.open(form)).text.count("有人说过")


async def test_staff_find_a_new_one_in_their_inbox_and_the_way_to_it(site, station, form, desk):
    badge = '<span class="badge"'
    assert badge not in (await desk.open("/desk/faults")).text
    await send(site, form)
    assert badge in (await desk.open("/desk/faults")).text
    inbox = (await desk.open("/desk/inbox")).text
    assert f"有人说坏了：{station.name}的热水。请去看看。" in inbox
    assert f'href="/desk/{station.id}/faults"' in inbox
    assert "不出热水" in (await desk.open(f"/desk/{station.id}/faults")).text


async def test_a_visitor_says_it_and_sees_how_it_goes(site, form, desk):
    answer = await send(site, form)
    assert answer.status_code == 303
    own = answer.headers["location"]
    shown = await site.open(own)
    assert "知道了，谢谢您说一声" in shown.text
    assert "不出热水" in shown.text
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in shown.headers["cache-control"]
    fault = await Fault.get()
    await desk.submit(f"/desk/faults/{fault.id}/start")
    assert "正在修" in (await site.open(own)).text
    await desk.submit(f"/desk/faults/{fault.id}/fix")
    fixed = (await site.open(own)).text
    assert "修好了，谢谢您说一声" in fixed
    assert "还是坏的" in fixed
    assert (await site.submit(f"{own}/again")).headers["location"] == own
    assert (await Fault.get()).state is FaultState.OPEN
    answer = await site.submit(f"{own}/again")
    assert answer.status_code == 409
    assert "有人处理过" in answer.text


async def test_after_a_week_it_is_said_anew(site, form, desk):
    own = (await send(site, form)).headers["location"]
    await desk.submit(f"/desk/faults/{(await Fault.get()).id}/fix")
    with clock.travel(REOPEN_WITHIN + timedelta(minutes=1)):
        assert "还是坏的" not in (await site.open(own)).text
        answer = await site.submit(f"{own}/again")
        assert answer.status_code == 409
        assert "请重新说一次" in answer.text


async def test_many_who_say_the_same_are_counted_together(site, browser_of, form):
    first = (await send(site, form)).headers["location"]
    for _ in range(3):
        await send(browser_of(), form)
    assert "还有 3 位工友也说坏了" in (await site.open(first)).text
    assert (await send(site, form)).headers["location"] == first
    assert (await Fault.get()).voices == 4


async def test_a_form_without_a_thing_keeps_what_was_typed(site, form):
    answer = await send(site, form, thing="")
    assert answer.status_code == 422
    assert "请点一下什么坏了" in answer.text
    assert "不出热水" in answer.text
    assert "有误" in answer.text


async def test_a_photo_is_made_small_and_shown_to_the_station_and_whoever_sent_it(site, browser_of, form, desk):
    own = (await send(site, form, make_photo((3000, 2000)))).headers["location"]
    mine = await site.open(f"{own}/photo.webp")
    assert mine.headers["content-type"] == "image/webp"
    assert mine.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in mine.headers["cache-control"]
    assert Image.open(BytesIO(mine.content)).size == (1280, 853)
    fault, voice = await Fault.get(), await FaultVoice.get()
    address = f"/desk/faults/{fault.id}/photos/{voice.id}/photo.webp"
    assert address in (await desk.open(f"/desk/faults/{fault.id}")).text
    assert (await desk.open(address)).content == mine.content
    elsewhere = await make_staff(station_id=(await make_station()).id)
    stranger = browser_of().use_session(await people.open_session(staff_id=elsewhere.id))
    assert (await stranger.open(address)).status_code == 403
    assert (await site.open(address)).status_code in (303, 401)
    other = await send(browser_of(), form, thing="charging")
    another = await Fault.get(thing=Thing.CHARGING)
    assert (await desk.open(f"/desk/faults/{another.id}/photos/{voice.id}/photo.webp")).status_code == 404
    assert (await site.open(f"{other.headers['location']}/photo.webp")).status_code == 404


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (b"GIF89a nothing", "这张照片打不开"),
        (PHOTO + b"\0" * pictures.MOST_BYTES, "照片太大了"),
        (b"", "这张照片打不开"),
    ],
    ids=["no photo", "too large", "empty"],
)
async def test_a_photo_that_cannot_be_used_is_named_and_the_rest_is_kept(site, form, photo, said):
    answer = await send(site, form, photo)
    assert answer.status_code == 422
    assert said in answer.text
    assert "不出热水" in answer.text
    assert re.search(r'value="hot_water" checked', answer.text)
    assert await Fault.all().count() == 0
    assert (await send(site, form)).status_code == 303


async def test_a_browser_cannot_flood(site, form):
    for _ in range(faults.FROM_BROWSER[1]):
        assert (await send(site, form, thing="other")).status_code == 303
    answer = await send(site, form, thing="other")
    assert answer.status_code == 422
    assert "太频繁" in answer.text
    assert "不出热水" in answer.text


async def test_a_worker_finds_what_he_said_and_is_told(worker, form, desk):
    own = (await send(worker, form)).headers["location"]
    assert own in (await worker.open("/broken")).text
    await desk.submit(f"/desk/faults/{(await Fault.get()).id}/give-up", {"reason": "配件买不到了。"})
    inbox = (await worker.open("/inbox")).text
    assert "热水修不了：配件买不到了。" in inbox
    assert 'href="/broken"' in inbox
    assert "配件买不到了。" in (await worker.open(own)).text


async def test_what_is_unknown_is_not_found(site, desk):
    for path in ("/broken/unknown", "/broken/unknown/photo.webp", f"/stations/{(await make_person()).id}/broken"):
        assert (await site.open(path)).status_code == 404
    assert (await site.submit("/broken/unknown/again")).status_code == 404
    assert (await desk.open(f"/desk/faults/{(await make_person()).id}")).status_code == 404


async def test_the_desk_lists_sees_and_closes(site, browser_of, form, desk, station):
    await send(site, form, PHOTO)
    await send(browser_of(), form)
    listed = (await desk.open("/desk/faults")).text
    for said in ("热水", "2 人说坏了", "1 张照片", "等人看", "不出热水"):
        assert said in listed
    fault = await Fault.get()
    assert f"/desk/faults/{fault.id}" in listed
    assert f"/desk/faults/{fault.id}" in (await desk.open(f"/desk/{station.id}/faults")).text
    assert f"/desk/faults/{fault.id}" not in (await desk.open("/desk/faults?thing=toilet")).text
    refused = await desk.submit(f"/desk/faults/{fault.id}/give-up", {"reason": ""})
    assert refused.status_code == 422
    assert "请写一句原因" in refused.text
    await desk.submit(f"/desk/faults/{fault.id}/give-up", {"ready": "1"})
    closed = (await desk.open("/desk/faults?show=closed")).text
    assert "修不了" in closed
    assert f"/desk/faults/{fault.id}" in closed
    late = await desk.submit(f"/desk/faults/{fault.id}/start")
    assert late.status_code == 409
    assert "有人处理过" in late.text
    page = (await desk.open(f"/desk/faults/{fault.id}")).text
    assert "要等房东或物业来修" in page
    assert "小王" in page


@pytest.mark.parametrize("query", ["show=x&thing=y", "after=nonsense", "after=2026-01-01T00:00:00~x", "after=~"])
async def test_an_address_that_was_bent_begins_at_the_top(site, form, desk, query):
    await send(site, form)
    assert "不出热水" in (await desk.open(f"/desk/faults?{query}")).text
