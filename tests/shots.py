"""Pictures of the main pages for README: `make shots` starts the demo in a folder of its own and photographs it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

from server.config import ROOT
from server.demo.people import staff
from server.kit.ids import new_id

OUT = ROOT / "docs" / "screenshots"
PHONE = {"width": 360, "height": 740}
SCREEN = {"width": 1366, "height": 768}
HERE = {"latitude": 22.8167, "longitude": 108.3669}


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    page.screenshot(path=OUT / f"{name}.png")


def worker(browser: Browser, url: str) -> None:
    """From the home page to the ticket."""
    context = browser.new_context(viewport=PHONE, geolocation=HERE, permissions=["geolocation"], locale="zh-CN")
    page = context.new_page()
    page.goto(url)
    shoot(page, "home")
    page.click("[data-locate]")
    page.wait_for_url("**lat=**")
    shoot(page, "nearby")
    page.locator(".offer:not(.full)").first.click()
    shoot(page, "times")
    page.locator(".time:not(.full)").first.click()
    page.fill("#phone", "138 0013 8000")
    page.get_by_role("button", name="下一步").click()
    page.fill("#code", page.locator(".demo-code strong").inner_text())
    page.get_by_role("button", name="确认预约").click()
    page.wait_for_url("**/tickets/**")
    shoot(page, "ticket")
    context.close()


def desk(browser: Browser, url: str) -> None:
    """The day sheet of the demo's 职工之家."""
    account = next(member for member in staff(new_id()) if member.login == "desk")
    page = browser.new_page(viewport=SCREEN, locale="zh-CN")
    page.goto(f"{url}/staff/sign-in")
    page.fill("#login", account.login)
    page.fill("#password", account.password)
    page.fill("#totp", pyotp.TOTP(account.totp_secret).now())
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/desk/**")
    page.locator(".live.on").wait_for()
    page.screenshot(path=OUT / "desk.png")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="niangjia-shots-")
    environment = os.environ | {"NIANGJIA_MODE": "demo", "NIANGJIA_DATA_DIR": folder, "PORT": str(port)}
    command = [sys.executable, "-m", "server.cli", "run"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            client.get(f"http://localhost:{port}/health/ready", timeout=60).raise_for_status()
        with sync_playwright() as playwright:
            path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            worker(browser, f"http://localhost:{port}")
            desk(browser, f"http://localhost:{port}")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        shutil.rmtree(Path(folder), ignore_errors=True)


if __name__ == "__main__":
    main()
