"""Checks of mails in Chromium: axe's rules, contrast, widths and zoom, in light and dark."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, Request, Route, sync_playwright

WIDTHS = (320, 640)
SCHEMES = ("light", "dark")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Rules of pages that hold a mail, not of the mail: it has no landmarks of its own.
_AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}},
}
_OVERFLOW = """() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll("body *")].filter(each => {
        const box = each.getBoundingClientRect();
        return box.width > 0 && getComputedStyle(each).display !== "none" && box.right > width + 1;
    }).map(each => each.tagName.toLowerCase() + ": " + (each.textContent || "").trim().slice(0, 40));
}"""


class Views:
    """A page of Chromium that shows one mail after the other, and what it asks the network for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        page.route("**/*", self._refuse)

    def show(self, html: str) -> None:
        """Show a mail, with the images that the network refuses: most readers have them off."""
        self.requests.clear()
        self.page.set_content(html, wait_until="domcontentloaded")

    def set(self, scheme: str, width: int) -> None:
        """Choose light or dark, and the width of the window in pixels."""
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": 900})

    def _refuse(self, route: Route, request: Request) -> None:
        self.requests.append(request.url)
        route.abort()


@contextmanager
def views() -> Iterator[Views]:
    """Start Chromium, and end it afterwards."""
    program = next((path for path in map(shutil.which, NAMES) if path), None)
    if program is None:
        raise SystemExit("The mails are checked in a browser: install Chromium or Google Chrome.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield Views(browser.new_page())
        browser.close()


def issues(views: Views, html: str, logo: str | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a mail, each with the view in which it is: `dark, 320 px`."""
    views.show(html)
    for scheme in SCHEMES:
        for width in WIDTHS:
            views.set(scheme, width)
            for issue in (*_axe(views.page), *_width(views.page), *_zoomed(views.page)):
                yield f"{scheme}, {width} px", issue
    others = [url for url in views.requests if url != logo]
    if others:
        yield "all", f"the network is asked for {', '.join(others)}"


def _axe(page: Page) -> Iterator[str]:
    violations: list[dict[str, Any]] = Axe().run(page, options=_AXE).response["violations"]
    for each in violations:
        nodes = "; ".join(node["html"][:120] for node in each["nodes"][:3])
        yield f"{each['id']}: {nodes}"


def _width(page: Page) -> Iterator[str]:
    for each in page.evaluate(_OVERFLOW)[:3]:
        yield f"wider than the window: {each}"


def _zoomed(page: Page) -> Iterator[str]:
    """WCAG 1.4.4: nothing is cut or reaches out of the window at twice the size."""
    page.evaluate("document.documentElement.style.zoom = 2")
    for each in page.evaluate(_OVERFLOW)[:3]:
        yield f"wider than the window at 200 %: {each}"
    page.evaluate("document.documentElement.style.zoom = 1")
