"""The sign-in page as its tests see and use it."""

import json
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from clientela.storefront import hosted_sign_in

TEXTS = json.loads(hosted_sign_in.file("texts.json"))


EN = TEXTS["en"]


def sees(page: Page, key: str, language: str = "en") -> None:
    """The heading of a view is there, in its words, and nothing in it shuts anybody out (axe-core's WCAG rules)."""
    heading = TEXTS[language][key].replace("{store}", "Olive & Oak")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, found.generate_report()


def ask(page: Page, email: str) -> None:
    page.get_by_label(EN["email"]).fill(email)
    page.get_by_role("button", name=EN["send"]).click()
    expect(page.get_by_label(EN["code"])).to_be_visible()


def account(page: Page) -> Any:
    """The account that the browser's cookie opens."""
    return page.evaluate("async () => (await fetch('account', { credentials: 'include' })).json()")
