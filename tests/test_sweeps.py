"""A job that meets something broken does all the rest, and says that it failed."""

import asyncio

import pytest

from server.bookings.desk import expire_overdue
from server.bookings.models import Booking, Slot, Status
from server.bookings.service import book_slot
from server.bookings.slots import roll_slots
from server.db import sql
from server.kit.sweep import SweepBroken, each
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person

pytestmark = pytest.mark.usefixtures("settings", "db")


async def poison(table, column, value):
    """From now on, nothing can be done with this one row."""
    await sql.run(
        f"""CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.{column} = '{value}' THEN RAISE 'broken'; END IF; RETURN NEW; END $$"""
    )
    await sql.run(f"CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION spoil()")


async def test_a_request_that_cannot_be_ended_keeps_no_other_waiting():
    slot = await make_slot(await make_offering(capacity=5, auto_confirm=False))
    made = [await book_slot(actor=await make_person(), slot_id=slot.id, request_key="k") for _ in range(4)]
    await sql.run("UPDATE booking SET confirm_by = created_at - make_interval(mins => 5), starts_at = starts_at")
    await poison("booking", "id", made[0].id)
    with pytest.raises(SweepBroken):
        await expire_overdue()
    assert {b.id for b in await Booking.filter(status=Status.EXPIRED)} == {b.id for b in made[1:]}


async def test_an_offering_that_cannot_be_rolled_keeps_no_other_without_slots():
    offerings = [await make_offering(horizon_days=1) for _ in range(3)]
    await poison("slot", "offering_id", offerings[1].id)
    with pytest.raises(SweepBroken):
        await roll_slots()
    found = {slot.offering_id for slot in await Slot.all()}
    assert found == {offerings[0].id, offerings[2].id}


async def test_a_sweep_that_is_stopped_stops():
    async def stop(_one):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await each([1, 2], stop)
