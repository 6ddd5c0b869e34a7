"""Draws the app's pictures with Chromium from its SVG files: `python -m tests.draw_icons`, after a change of them.

Phones want PNG: two sizes of the icon, one with room around it for any mask, Apple's, and one for each shortcut.
"""

from __future__ import annotations

import shutil

from playwright.sync_api import Page, sync_playwright

from server.config import WEB

ICONS = WEB / "static" / "icons"
RED, PAPER = "#a3201b", "#fff3e3"
# The safe zone of a maskable icon is a circle of four fifths; the house has corners.
ROOM = 0.66
SHORTCUTS = {"nearby": "map", "tickets": "ticket", "member": "star"}


def draw(page: Page, name: str, size: int, svg: str) -> None:
    """One square picture."""
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block;inline-size:{size}px;block-size:{size}px}}</style>{svg}")
    page.screenshot(path=ICONS / name, omit_background=True)


def filled(inner: str, room: float) -> str:
    """A drawing of 96 units in the middle of a red square."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="{RED}"/>'
        f'<g transform="translate(48 48) scale({room}) translate(-48 -48)">{inner}</g></svg>'
    )


def main() -> None:
    """Draw everything."""
    app = (ICONS / "app.svg").read_text("utf-8")
    house = app[app.index("/>") + 2 : app.rindex("</svg>")]
    sprite = (ICONS / "sprite.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for size in (192, 512):
            draw(page, f"app-{size}.png", size, app)
        draw(page, "maskable-512.png", 512, filled(house, ROOM * 1.25))
        draw(page, "apple-touch.png", 180, filled(house, 0.9))
        for name, symbol in SHORTCUTS.items():
            start = sprite.index(f'<symbol id="{symbol}"')
            drawn = sprite[start : sprite.index("</symbol>", start)].partition(">")[2]
            lines = (
                f'<g transform="scale(4)" fill="none" stroke="{PAPER}" stroke-width="2" stroke-linecap="round"'
                f' stroke-linejoin="round">{drawn}</g>'
            )
            draw(page, f"{name}-96.png", 96, filled(lines, 0.62))
        browser.close()


if __name__ == "__main__":
    main()
