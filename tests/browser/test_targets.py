"""Every thing to tap is big enough for a thumb: 48 pixels, and 60 for the next thing to do.

Links inside a sentence are as tall as their line, as WCAG allows (2.5.8, inline).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.bookings import service as bookings
from server.bookings.models import ServiceKind
from server.kit import clock
from server.kit.ids import new_id
from server.people import service as people
from tests.fixtures.bookings import make_offering, make_slot
from tests.fixtures.people import make_person
from tests.fixtures.stations import make_station

NARROW = (320, 640)
# An element's own box, or that of the label that is tapped for it.
SMALL = """({ least, primary }) => {
  const small = [];
  for (const one of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
    const box = (one.closest("label") || one).getBoundingClientRect();
    const style = getComputedStyle(one);
    if (!box.width || !box.height || style.visibility === "hidden" || one.closest(".skip, .visually-hidden")) continue;
    const inText = style.display === "inline" && one.parentElement.textContent.trim() !== one.textContent.trim();
    // The whole card of a station is its link.
    const cover = getComputedStyle(one, "::after");
    if (inText || (cover.position === "absolute" && cover.content !== "none")) continue;
    const main = one.matches(".button:not(.secondary, .quiet, .danger, .small)") && one.closest("main, .lost");
    const wanted = main && !one.closest(".undo, .search") ? primary : least;
    if (box.height < wanted - .5 || box.width < least - .5)
      small.push(`${one.tagName} ${one.className} "${one.textContent.trim().slice(0, 20)}" ${box.width}×${box.height}`);
  }
  return small;
}"""


@pytest.fixture
async def world(live):
    """A worker with a booking: their session and the addresses of the main pages."""
    assert live
    station = await make_station()
    offering = await make_offering(station, service=ServiceKind.HAIRCUT, capacity=4)
    slots = [
        await make_slot(offering, starts_at=clock.at(clock.today() + timedelta(days=1), hour * 60)) for hour in (9, 15)
    ]
    worker = await make_person()
    made = await bookings.book_slot(actor=worker, slot_id=slots[0].id, request_key=new_id().hex)
    paths = ["/", "/stations?region=450103", f"/stations/{station.id}", f"/book/{offering.id}", "/regions"]
    paths += [f"/book/slots/{slots[1].id}", "/tickets", f"/tickets/{made.id}", "/inbox", "/me", "/settings"]
    paths += ["/join", "/membership", "/me/data", "/me/phone", "/style", "/no-such-page"]
    return await people.open_session(person_id=worker.id, device="test"), paths


@pytest.mark.parametrize("size", ["normal", "large"])
async def test_everything_to_tap_is_big_enough(world, open_page, live, size):
    session, paths = world
    page = await open_page("/settings", session=session)
    await page.context.add_cookies([{"name": "nj_text", "value": size, "url": live.url}])
    small = {}
    for path in paths:
        await page.goto(path)
        await page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
        found = await page.evaluate(SMALL, {"least": 48, "primary": 60})
        if found:
            small[path] = found
    assert not small, "\n".join(f"{path}: {one}" for path, found in small.items() for one in found)


@pytest.mark.parametrize("look", ["plain", "contrast", "forced"])
async def test_large_letters_lose_nothing_on_a_narrow_phone(world, open_page, live, look):
    session, paths = world
    page = await open_page("/settings", session=session, size=NARROW)
    normal = await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    await page.context.add_cookies([{"name": "nj_text", "value": "large", "url": live.url}])
    await page.emulate_media(
        contrast="more" if look == "contrast" else "no-preference",
        forced_colors="active" if look == "forced" else "none",
        reduced_motion="reduce",
    )
    cut = {}
    for path in paths:
        await page.goto(path)
        await page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
        found = await page.evaluate(CUT)
        if found:
            cut[path] = found
    assert not cut, "\n".join(f"{path}: {one}" for path, found in cut.items() for one in found)
    assert await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 1.3 * normal
    assert await page.evaluate("document.getAnimations().length") == 0


# Wider than the screen, or text that its own box hides.
CUT = """() => {
  const cut = [];
  const wider = document.documentElement.scrollWidth - innerWidth;
  if (wider > 0) cut.push(`the page is ${wider} wider than the screen`);
  for (const one of document.querySelectorAll("main *, header *, nav *, footer *")) {
    const style = getComputedStyle(one);
    if (one.closest(".visually-hidden, svg, [hidden]") || !["hidden", "clip"].includes(style.overflowX)) continue;
    const edge = one.getBoundingClientRect().right;
    const words = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(words.currentNode);
      if (words.currentNode.textContent.trim() && range.getBoundingClientRect().right > edge + 1)
        cut.push(`${one.tagName} ${one.className} hides "${words.currentNode.textContent.trim()}"`);
    }
  }
  return cut;
}"""
