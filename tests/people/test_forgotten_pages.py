"""A forgotten password on pages: the colleague's code, the form, signed in."""

from __future__ import annotations

import re
from datetime import timedelta

from server.kit import clock
from server.people import service
from server.people.models import Role
from tests.fixtures.people import make_staff
from tests.fixtures.staffing import joined, role_at, staff_id_of, totp_code
from tests.fixtures.stations import make_station

NEW = "a longer sentence than before"


async def test_from_the_colleagues_page_to_ones_own(site, browser_of):
    station = await make_station()
    manager = await make_staff(Role.MANAGER, station_id=station.id)
    made = await joined(manager, await role_at(Role.STAFF, station_id=station.id))
    site.use_session(await service.open_session(staff_id=manager.id))
    one = f"/staff/people/{await staff_id_of(made.token)}"
    assert "他忘了密码" in (await site.open(one)).text
    given = await site.submit(f"{one}/forgotten-password")
    code = re.search(r"/staff/invitation\?code=([\w-]+)", given.text)[1]
    assert "他还要填自己验证器里的数字" in given.text

    mine = browser_of()
    asked = await mine.submit("/staff/invitation", {"code": code})
    assert "设新密码" in asked.text
    assert "xiaoli" in asked.text
    form = {"code": code, "password": NEW}
    wrong = await mine.submit("/staff/invitation/password", form | {"totp": "000000"})
    assert wrong.status_code == 422
    assert "动态码不对" in wrong.text
    assert NEW not in wrong.text
    with clock.travel(timedelta(minutes=1)):
        done = await mine.submit("/staff/invitation/password", form | {"totp": totp_code()})
        assert (done.status_code, done.headers["location"]) == (303, "/staff/account")
        assert (await mine.open("/staff/account")).status_code == 200
    used = await browser_of().submit("/staff/invitation/password", form | {"totp": totp_code()})
    assert used.headers["location"] == f"/staff/invitation?code={code}"
