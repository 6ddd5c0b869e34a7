"""The camera: every page of the table in every mode, and a contact sheet to look at them all."""

from __future__ import annotations

import html
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page

from server.edge.i18n import COOKIE as LANGUAGE
from server.edge.sessions import COOKIE as SESSION
from tests.fixtures.browser import PHONE, SCREEN
from tests.shots.pages import PAGES, Shown
from tests.shots.world import World

TALLEST = 4000
# Pictures that wait for somebody to scroll to them come at once.
PICTURES = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode().catch(() => {});
}))"""


@dataclass(frozen=True)
class Mode:
    """How a page is looked at."""

    name: str
    size: tuple[int, int] = PHONE
    dark: bool = False
    large: bool = False
    language: str = "zh_CN"
    faces: tuple[str, ...] = ("worker", "staff")


MODES = (
    Mode("light"),
    Mode("dark", dark=True),
    Mode("large", large=True),
    Mode("vi", language="vi", faces=("worker",)),
    Mode("screen", SCREEN, faces=("staff",)),
    Mode("screen-dark", SCREEN, dark=True, faces=("staff",)),
)


async def context_for(browser: Browser, url: str, mode: Mode, session: str) -> BrowserContext:
    """A browser of its own for one reader in one mode."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": mode.size[0], "height": mode.size[1]},
        color_scheme="dark" if mode.dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    cookies = {LANGUAGE: mode.language, "nj_text": "large" if mode.large else "normal", SESSION: session}
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items() if value])
    return context


async def visit(page: Page, shown: Shown, ids: dict[str, str]) -> None:
    """Go where the table says and do what it says there."""
    await page.goto(shown.address(ids))
    if shown.tap:
        await page.locator(shown.tap).first.evaluate("(button) => button.click()")
        await page.locator(shown.shows).wait_for()


async def make_book(browser: Browser, url: str, world: World, folder: Path, modes: list[str]) -> None:
    """All pictures of the modes named, or of all, and index.html beside them."""
    for mode in MODES:
        if modes and mode.name not in modes:
            continue
        (folder / mode.name).mkdir(parents=True, exist_ok=True)
        for who, shown_to in by_reader(mode).items():
            context = await context_for(browser, url, mode, world.sessions.get(who, ""))
            page = await context.new_page()
            for shown in shown_to:
                await _shoot(page, shown, world, mode, folder / mode.name / f"{shown.name}.png")
            await context.close()
    (folder / "index.html").write_text(_sheet(folder), "utf-8")


def by_reader(mode: Mode) -> dict[str, list[Shown]]:
    """Who looks at what: one browser each."""
    found = defaultdict(list)
    for shown in PAGES:
        if shown.face in mode.faces:
            found[shown.who].append(shown)
    return found


async def _shoot(page: Page, shown: Shown, world: World, mode: Mode, path: Path) -> None:
    """The whole page, however long, on a screen as tall: what sticks to the screen's edge covers nothing."""
    await visit(page, shown, world.ids)
    await page.evaluate(PICTURES)
    width, height = mode.size
    whole = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": min(max(height, whole), TALLEST)})
    await page.screenshot(path=path)
    await page.set_viewport_size({"width": width, "height": height})


def _sheet(folder: Path) -> str:
    """Every page with its pictures side by side, one column for each mode."""
    lines = ["<!doctype html><meta charset=utf-8><title>娘家人</title>", f"<style>{LOOK}</style>"]
    for shown in PAGES:
        pictures = [mode.name for mode in MODES if (folder / mode.name / f"{shown.name}.png").exists()]
        shots = "".join(
            f'<figure><a href="{mode}/{shown.name}.png"><img loading=lazy src="{mode}/{shown.name}.png" alt=""></a>'
            f"<figcaption>{mode}</figcaption></figure>"
            for mode in pictures
        )
        words = html.escape(f"{shown.at or shown.route} · {shown.who} {shown.state}")
        lines.append(f"<section><h2>{words}</h2><div>{shots}</div></section>")
    return "\n".join(lines)


LOOK = "body{font:14px sans-serif;background:#888}div{display:flex;gap:12px;overflow-x:auto}img{height:560px}"
