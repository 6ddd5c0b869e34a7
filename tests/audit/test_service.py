"""The audit is written with the act, and never changed."""

import asyncpg
import pytest

from server.audit import service
from server.audit.models import AuditEntry
from server.db import sql
from server.kit.context import request_id
from server.kit.ids import new_id

pytestmark = pytest.mark.usefixtures("settings", "db")


async def record(**more):
    await service.record("staff", new_id(), "station.changed", subject_kind="station", subject_id="s1", **more)


async def test_an_entry_says_who_did_what_in_which_request():
    token = request_id.set("0192-request")
    try:
        await record(region_code=450100, reason="寒潮")
    finally:
        request_id.reset(token)
    entry = await AuditEntry.get()
    assert (entry.action, entry.region_code, entry.reason) == ("station.changed", 450100, "寒潮")
    assert entry.request_id == "0192-request"


async def test_an_act_that_is_taken_back_leaves_no_entry():
    async def act():
        async with sql.transaction():
            await record()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act()
    assert await AuditEntry.all().count() == 0


async def test_a_long_reason_is_cut_rather_than_lost():
    await record(reason="长" * 500)
    assert (await AuditEntry.get()).reason == "长" * 200


@pytest.mark.parametrize("change", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
async def test_nobody_changes_what_is_written(change):
    await record()
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await sql.run(change)
