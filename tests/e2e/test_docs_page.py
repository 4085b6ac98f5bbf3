"""The page of the API document in a real Chromium: light and dark, wide and on a phone."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from local.outputs import Outputs
from playwright.sync_api import Browser, Request, expect
from tests.support.chromium import Shopper

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize(
    ("scheme", "width", "height"), [("light", 1280, 900), ("dark", 1280, 900), ("light", 390, 844), ("dark", 390, 844)]
)
def test_the_api_can_be_read(cloud: Outputs, browser: Browser, scheme: str, width: int, height: int) -> None:
    reader = Shopper(browser, color_scheme=scheme, viewport={"width": width, "height": height})
    hosts: set[str] = set()

    def seen(request: Request) -> None:
        hosts.add(urlsplit(request.url).netloc)

    reader.context.on("request", seen)
    page = reader.page(f"{cloud.api_url}/v1/docs")
    expect(page.get_by_role("heading", name="Access")).to_be_visible()
    page.get_by_label("Search").fill("customers/{customer_id} patch")
    page.get_by_role("link", name="PATCH Change customer").click()
    expect(page.get_by_role("heading", name="Change customer", exact=True)).to_be_visible()
    expect(page.get_by_text("The BCP 47 language that the customer reads.").first).to_be_visible()
    page.get_by_text("Fields of AddressInput").first.click()
    expect(page.get_by_text("Street and house number.").first).to_be_visible()
    page.locator("summary", has_text="412").click()
    expect(page.get_by_text("urn:clientela:problem:version_conflict").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert hosts == {urlsplit(cloud.api_url).netloc}
    reader.context.close()
    assert not reader.errors
