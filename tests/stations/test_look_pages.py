"""What a station has and looks like, over HTTP."""

from io import BytesIO

import pytest
from PIL import Image

from server.edge.csrf import FIELD
from server.people.models import Role
from server.stations.models import Station, StationPhoto
from tests.fixtures.pictures import make_photo
from tests.fixtures.stations import make_station


@pytest.fixture
async def station():
    return await make_station(facilities=["wifi"])


@pytest.fixture
async def manager(browser_of, make_staff_session, station):
    return browser_of().use_session(await make_staff_session(Role.MANAGER, station_id=station.id))


@pytest.fixture
def url(station) -> str:
    return f"/desk/{station.id}/plan"


async def send(site, url, content, words="大门朝东"):
    return await site.client.post(
        f"{url}/photos", data={FIELD: site.token(), "words": words}, files={"photo": ("a.jpg", content, "image/jpeg")}
    )


async def test_facilities_are_exactly_the_ticked_ones(manager, site, station, url):
    assert 'value="wifi" checked' in (await manager.open(f"{url}/facilities")).text
    await manager.submit(f"{url}/facilities", {"facility": ["hot_water", "heating"]})
    assert (await Station.get(id=station.id)).facilities == ["heating", "hot_water"]
    assert "取暖" in (await site.open(f"/stations/{station.id}")).text
    await manager.submit(f"{url}/facilities")
    assert (await Station.get(id=station.id)).facilities == []


async def test_a_photo_is_small_without_metadata_and_for_ever(manager, site, station, url):
    taken = Image.new("RGB", (3000, 2000), "#a52")
    exif = Image.Exif()
    exif[0x010F] = "Huawei"
    out = BytesIO()
    taken.save(out, "JPEG", exif=exif)
    await send(manager, url, out.getvalue())
    page = (await site.open(f"/stations/{station.id}")).text
    assert 'alt="大门朝东" loading="lazy"' in page
    photo = await StationPhoto.get()
    answer = await site.open(f"/stations/{station.id}/photos/{photo.digest}/photo.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert b"Huawei" not in answer.content
    with Image.open(BytesIO(answer.content)) as shown:
        assert max(shown.size) == 1280
        assert not shown.getexif()


async def test_four_photos_in_an_order_and_no_more(manager, url):
    for colour in ("#111", "#333", "#555", "#777"):
        assert (await send(manager, url, make_photo(colour=colour), colour)).status_code == 303
    assert (await send(manager, url, make_photo(colour="#999"))).status_code == 422
    assert await StationPhoto.all().count() == 4
    last = await StationPhoto.get(words="#777")
    await manager.submit(f"{url}/photos/{last.id}/first")
    assert (await StationPhoto.all().order_by("place").first()).id == last.id
    await manager.submit(f"{url}/photos/{last.id}/words", {"words": "里面有八张椅子"})
    assert 'alt="里面有八张椅子"' in (await manager.open(f"{url}/photos")).text
    await manager.submit(f"{url}/photos/{last.id}/delete")
    assert await StationPhoto.all().count() == 3


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [(b"no picture", "大门", "打不开"), (make_photo(), "", "请写一句"), (b"", "大门", "打不开")],
)
async def test_what_cannot_be_shown_is_refused(manager, url, content, words, said):
    answer = await send(manager, url, content, words)
    assert answer.status_code == 422
    assert said in answer.text
    assert not await StationPhoto.exists()


async def test_another_stations_photo_is_not_touched(manager, url):
    other = await make_station()
    picture = {"digest": "1" * 32, "width": 1, "height": 1, "content": b"1"}
    photo = await StationPhoto.create(station_id=other.id, place=1, words="别家", **picture)
    for verb in ("words", "first", "delete"):
        assert (await manager.submit(f"{url}/photos/{photo.id}/{verb}", {"words": "x"})).status_code == 404
    assert (await StationPhoto.get()).words == "别家"
