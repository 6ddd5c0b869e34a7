"""Posters: what their code says, who may print them, and that following it presets the union."""

import base64
import re
from urllib.parse import unquote, urlsplit

import pytest
import segno

from server.membership.models import Union
from server.membership.posters import poster_link, poster_qr, poster_uri
from server.people import service as people
from tests.fixtures.http import ORIGIN
from tests.fixtures.moving import make_two

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
async def two(app):
    assert app
    return await make_two()


@pytest.fixture
async def desk(two, browser_of):
    return browser_of().use_session(await people.open_session(staff_id=two.above_old.id, device="test"))


def dark(uri):
    """The dark modules of a drawn code, read back from its one path."""
    kind, _, data = uri.partition(",")
    svg = base64.b64decode(data).decode() if kind.endswith("base64") else unquote(data)
    (path,) = re.findall(r'd="([^"]+)"', svg.replace("'", '"'))[-1:]
    modules, x, y = set(), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        given = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            modules |= {(int(x) + step, int(y)) for step in range(int(given[0]))}
            x += given[0]
        else:
            x, y = (given[0], given[1]) if command == "M" else (x + given[0], y + given[1])
    return modules


def expected(link):
    matrix = segno.make_qr(link, error="q").matrix
    return {(x + 4, y + 4) for y, row in enumerate(matrix) for x, cell in enumerate(row) if cell}


def shown_code(page):
    (uri,) = set(re.findall(r'class="poster-qr" src="([^"]+)"', page))
    return uri.replace("&#39;", "'").replace("&amp;", "&")


async def test_the_code_on_the_page_is_the_short_address_of_the_union(two, desk):
    page = (await desk.open(f"/review/unions/{two.nanning.id}/poster")).text
    link = f"{ORIGIN}/j/{two.nanning.code}"
    assert dark(shown_code(page)) == expected(link)
    assert dark(shown_code(page)) != expected(f"{ORIGIN}/j/{two.dongguan.code}")
    assert two.nanning.code in page
    assert "扫一扫，三分钟加入工会" in page
    assert "12351" in page


async def test_following_it_presets_the_union(two, site):
    link = poster_link(ORIGIN, two.nanning.code)
    answer = await site.open(urlsplit(link).path)
    assert two.nanning.name in (await site.open(answer.headers["location"])).text


async def test_a_sheet_holds_one_or_four_and_reads_out_one(two, desk):
    url = f"/review/unions/{two.nanning.id}/poster"
    for query, count in (("", 1), ("?per=4", 4), ("?per=1000000", 1)):
        page = (await desk.open(url + query)).text
        assert page.count('class="poster"') == count
        assert page.count('aria-hidden="true">\n  <header') == count - 1


async def test_posters_speak_chinese_unless_another_language_is_asked_for(two, desk):
    desk.client.cookies.set("nj_lang", "en", domain="localhost.local")
    url = f"/review/unions/{two.nanning.id}/poster"
    assert 'lang="zh-CN"' in (await desk.open(url)).text
    assert '<html lang="vi"' in (await desk.open(f"{url}?lang=vi")).text
    assert '<html lang="zh-CN"' in (await desk.open(f"{url}?lang=../x")).text


async def test_a_federation_takes_nobody_in_and_leads_to_the_choice(two, desk):
    page = (await desk.open(f"/review/unions/{two.guangxi.id}/poster")).text
    assert dark(shown_code(page)) == expected(f"{ORIGIN}/join")
    assert two.guangxi.code not in page


async def test_posters_are_for_those_who_keep_the_union(two, site, browser_of, make_person_session, desk):
    url = f"/review/unions/{two.nanning.id}/poster"
    assert (await desk.open(url)).status_code == 200
    assert (await site.open(url)).status_code == 303
    worker = browser_of().use_session(await make_person_session())
    assert (await worker.open(url)).status_code == 403
    stranger = browser_of().use_session(await people.open_session(staff_id=two.above_new.id, device="test"))
    assert (await stranger.open(url)).status_code == 403


def test_a_quarter_of_the_code_may_be_torn_off():
    code = poster_qr("https://niangjia.example/j/ABCD1234")
    assert code.error in {"Q", "H"}
    assert "svg" in poster_uri("https://niangjia.example/j/ABCD1234")


async def test_the_code_never_changes(two, desk):
    """What hangs on walls stays true."""
    before = (await desk.open(f"/review/unions/{two.nanning.id}/poster")).text
    form = {"name": "南宁第一联合工会", "kind": "holding", "place": "南宁"}
    assert (await desk.submit(f"/review/unions/{two.nanning.id}/edit", form)).status_code == 303
    after = (await desk.open(f"/review/unions/{two.nanning.id}/poster")).text
    assert shown_code(before) == shown_code(after)
    assert (await Union.get(id=two.nanning.id)).code == two.nanning.code
