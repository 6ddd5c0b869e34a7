"""Draws the picture beside a shared link with Chromium: `python -m tests.draw_share`, after a change of it.

WeChat cuts a square out of its middle and knows no SVG, so everything that matters stands in that square.
"""

from __future__ import annotations

import shutil

from playwright.sync_api import sync_playwright

from server.config import WEB

SIZE = {"width": 1200, "height": 630}
PAGE = """<style>
  * { margin: 0; box-sizing: border-box; }
  body { inline-size: 1200px; block-size: 630px; background: #a3201b; display: grid; place-content: center;
    justify-items: center; gap: 26px; font-family: "Noto Sans CJK SC", "PingFang SC", sans-serif; color: #fff3e3; }
  svg { inline-size: 330px; block-size: 330px; margin-block: -40px -30px; }
  h1 { font-size: 112px; font-weight: 800; letter-spacing: 12px; margin-inline-end: -12px; line-height: 1; }
  p { font-size: 38px; font-weight: 500; }
</style>
<body>%s<h1>娘家人</h1><p>身边的工会驿站 · 免费</p></body>"""


def main() -> None:
    """Draw it."""
    app = (WEB / "static" / "icons" / "app.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.set_content(PAGE % app.replace('fill="#a3201b"/><path', 'fill="none"/><path', 1))
        page.screenshot(path=WEB / "static" / "share" / "card.png")
        browser.close()


if __name__ == "__main__":
    main()
