"""The few pictures that README shows: from the home page to the ticket, and the desk's sheet."""

from __future__ import annotations

import pyotp
from playwright.async_api import Browser, Page

from server.config import ROOT
from server.demo.people import staff
from server.kit.ids import new_id
from tests.fixtures.browser import PHONE, SCREEN

OUT = ROOT / "docs" / "screenshots"
HERE = {"latitude": 22.8167, "longitude": 108.3669}


async def take(browser: Browser, url: str) -> None:
    """All of them, into docs/screenshots/."""
    OUT.mkdir(parents=True, exist_ok=True)
    await _worker(browser, url)
    await _desk(browser, url)


async def _shoot(page: Page, name: str) -> None:
    await page.wait_for_load_state("load")
    await page.screenshot(path=OUT / f"{name}.png")


async def _worker(browser: Browser, url: str) -> None:
    context = await browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, geolocation=HERE, permissions=["geolocation"], locale="zh-CN"
    )
    page = await context.new_page()
    await page.goto(url)
    await _shoot(page, "home")
    await page.click("[data-locate]")
    await page.wait_for_url("**lat=**")
    await _shoot(page, "nearby")
    await page.locator(".offer:not(.full)").first.click()
    await _shoot(page, "times")
    await page.locator(".time:not(.full)").first.click()
    await page.fill("#phone", "138 0013 8000")
    await page.get_by_role("button", name="下一步").click()
    await page.fill("#code", await page.locator(".demo-code strong").inner_text())
    await page.get_by_role("button", name="确认预约").click()
    await page.wait_for_url("**/tickets/**")
    await _shoot(page, "ticket")
    await context.close()


async def _desk(browser: Browser, url: str) -> None:
    """The day sheet of the demo's 职工之家."""
    account = next(member for member in staff(new_id()) if member.login == "desk")
    page = await browser.new_page(viewport={"width": SCREEN[0], "height": SCREEN[1]}, locale="zh-CN")
    await page.goto(f"{url}/staff/sign-in")
    await page.fill("#login", account.login)
    await page.fill("#password", account.password)
    await page.fill("#totp", pyotp.TOTP(account.totp_secret).now())
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url("**/desk/**")
    await page.locator(".live.on").wait_for()
    await page.screenshot(path=OUT / "desk.png")
